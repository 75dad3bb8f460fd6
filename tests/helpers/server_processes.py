"""Server processes of the tests. Each must run until its test stops it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

#: Lines of a log that a report shows. A traceback through trio's nurseries has about 100.
_LINES = 150


class ServerEndedError(Exception):
    """A server ended before its test stopped it."""


class _Watched(NamedTuple):
    process: subprocess.Popen[Any]
    log: Path

    def describe(self) -> str:
        """The exit status, if there is one, and the end of the log."""
        status = self.process.poll()
        state = "still runs" if status is None else f"ended with status {status}"
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-_LINES:]
        return "\n".join([f"{self.process.args!r} {state}. Its log ends:", *lines])


_running: list[_Watched] = []
# Descriptions of servers that a failed test stopped itself, before pytest reports the failure.
_stopped_by_failure: list[str] = []


@contextmanager
def watched(process: subprocess.Popen[Any], log: Path) -> Iterator[None]:
    """Report the state and the log of a server with each test that fails in the block.

    :raises ServerEndedError: at the end of the block, if the server ended in it and the block did
        not fail.
    """
    server = _Watched(process, log)
    _running.append(server)
    try:
        yield
    except Exception:
        _wait_for_death(server)
        _stopped_by_failure.append(server.describe())
        raise
    finally:
        _running.remove(server)
    if process.poll() is not None:
        raise ServerEndedError(server.describe())


def describe_servers() -> list[str]:
    """Descriptions of the servers, for the report of a failed test."""
    for server in _running:
        _wait_for_death(server)
    descriptions = [*_stopped_by_failure, *(server.describe() for server in _running)]
    _stopped_by_failure.clear()
    return descriptions


def _wait_for_death(server: _Watched) -> None:
    # A dying server closes its connections before it has written its log and ended.
    with suppress(subprocess.TimeoutExpired):
        server.process.wait(1)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server listens."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    description = _Watched(process, log).describe()
    raise RuntimeError(f"nothing listens on port {port}: {description}")
