"""Reports about the servers of the tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.server_processes import ServerEndedError, describe_servers, watched

DYING = "import sys; sys.exit('what went wrong')"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def dying(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen([sys.executable, "-c", DYING], stderr=output) as process,
    ):
        yield process


def test_a_server_that_ended_is_a_separate_error(dying: subprocess.Popen[bytes], log: Path) -> None:
    report = r"(?s)ended with status 1\..*\nwhat went wrong"
    with pytest.raises(ServerEndedError, match=report), watched(dying, log):
        dying.wait()
    assert describe_servers() == []


def test_a_failure_in_the_block_is_unchanged_and_the_server_described_once(
    dying: subprocess.Popen[bytes], log: Path
) -> None:
    with pytest.raises(ConnectionRefusedError), watched(dying, log):
        raise ConnectionRefusedError
    (description,) = describe_servers()
    assert "ended with status 1." in description
    assert description.endswith("\nwhat went wrong")
    assert describe_servers() == []


@pytest.mark.slow
def test_servers_that_run_are_described_with_the_failure_of_another_test(log: Path) -> None:
    log.write_text("\n".join(f"line {number}" for number in range(1000)))
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        with watched(process, log):
            (description,) = describe_servers()
        process.kill()
    first, *lines = description.splitlines()
    assert first.endswith("still runs. Its log ends:")
    assert lines == [f"line {number}" for number in range(850, 1000)]
