"""The logger: repeated messages, and unprintable characters."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.clients import client_of
from tests.helpers.files import write
from whitenoise_async import WhiteNoise
from whitenoise_async.cli import compress, gzip, serve
from whitenoise_async.files.errors import FileSystemError, UnavailableError, broken_body
from whitenoise_async.support import logs
from whitenoise_async.support.logs import (
    error_rate_limited,
    log_info,
    package_logger,
    printable,
    warn_once,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(logs, "monotonic", clock)
    return clock


def test_a_warning_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for message in ("a", "b", "a", "a"):
        warn_once(message)
    assert caplog.record_tuples == [
        ("whitenoise_async", logging.WARNING, "a"),
        ("whitenoise_async", logging.WARNING, "b"),
    ]


def test_an_error_is_logged_again_after_a_minute(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    for seconds, message in [(0, "a"), (1, "a"), (58, "b"), (0.9, "a"), (0.2, "a"), (59.9, "a")]:
        clock.now += seconds
        error_rate_limited(message)
    assert caplog.record_tuples == [
        ("whitenoise_async", logging.ERROR, "a"),
        ("whitenoise_async", logging.ERROR, "b"),
        ("whitenoise_async", logging.ERROR, "a"),
    ]


def test_the_number_of_remembered_messages_is_bounded(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    for number in range(3000):
        error_rate_limited(f"{number}")
        error_rate_limited("always")
    assert logs._last_logged.cache_info().currsize == logs._MAX_MESSAGES
    assert caplog.messages.count("always") == 1  # recent messages are remembered
    assert len(caplog.messages) == 3001


def test_a_percent_sign_in_a_path_is_not_a_format(caplog: pytest.LogCaptureFixture) -> None:
    warn_once("/srv/100%s.txt")
    error_rate_limited("/srv/100%d.txt")
    assert caplog.messages == ["/srv/100%s.txt", "/srv/100%d.txt"]


# C0, DEL, C1, line and paragraph separators, bidirectional controls, a lone surrogate, a BOM.
FORGING = [
    *("\n", "\r", "\x1b", "\0", "\x7f", "\x85", "\x9b"),
    *("\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\udcff", "\ufeff"),
]


@pytest.mark.parametrize("character", FORGING, ids=ascii)
def test_characters_that_break_or_disguise_a_line_are_escaped(
    character: str, caplog: pytest.LogCaptureFixture
) -> None:
    name, shown = f"a{character}ERROR b", f"a{character.encode('unicode_escape').decode()}ERROR b"
    warn_once(name)
    error_rate_limited(name)
    with caplog.at_level(logging.INFO, "whitenoise_async"):
        package_logger().info("Below %s, %d files", name, 2)
    assert caplog.messages == [shown, shown, f"Below {shown}, 2 files"]
    errors = (UnavailableError(name, "-"), broken_body(name), FileSystemError(name, OSError()))
    for error in errors:
        assert str(error).startswith(f"{shown} ")
    assert caplog.messages[3:] == [f"{errors[1]}; the connection is cut"]


def test_letters_of_all_scripts_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    name = "/srv/größe/Ωμέγα/файл/日本語/עברית/😀.txt"
    warn_once(name)
    assert caplog.messages == [name]
    assert printable(name) is name


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_file_name_cannot_forge_a_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, autorefresh: bool
) -> None:
    root = tmp_path / "root\nof\u2028all"
    write(root / "a\nERROR forged.pem", b"")
    os.symlink("nowhere", root / "b\r\x1b[2Kgone")
    with caplog.at_level(logging.INFO, "whitenoise_async"):
        get = client_of("wsgi")(WhiteNoise(None, root, autorefresh=autorefresh))
        for name in ("a\nERROR forged.pem", "b\r\x1b[2Kgone"):
            get(f"/{name}")
    assert len(caplog.messages) >= 2
    assert all(message.isprintable() for message in caplog.messages)
    assert r"a\nERROR forged.pem" in " ".join(caplog.messages)


def test_a_warning_about_a_root_is_one_line(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="No directory") as caught:
        WhiteNoise(None, tmp_path / "no\nWARNING such\u202e")
    assert str(caught[0].message) == f"No directory at: {tmp_path}/no\\nWARNING such\\u202e"


@pytest.mark.parametrize("main", [serve.main, compress.main, gzip.main])
def test_an_error_of_a_command_is_one_line(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["no\nsuch\x1b[2K"])
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.endswith(r"error: no\nsuch\x1b[2K is not a directory")


def test_information_is_dropped_if_nothing_has_imported_logging(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    log_info("%d URLs", 1)
    monkeypatch.delitem(sys.modules, "logging")
    log_info("%d URLs", 2)
    assert caplog.messages == ["1 URLs"]
