"""The output of the commands."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest

from whitenoise_async.cli.terminal import RED, Colored, counted, say


def broken_pipe() -> int:
    read_end, write_end = os.pipe()
    os.close(read_end)
    return write_end


@pytest.mark.parametrize(
    "opened", [broken_pipe, lambda: os.open("/dev/full", os.O_WRONLY)], ids=["pipe", "full"]
)
def test_lines_that_cannot_be_written_are_dropped(opened: Callable[[], int]) -> None:
    with os.fdopen(opened(), "w") as output, redirect_stdout(output):
        say("first")
        say("second")
        assert os.readlink(f"/proc/self/fd/{output.fileno()}") == os.devnull


class Full(io.StringIO):
    """A replacement for a stream that has no descriptor."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("stream", [None, Full()], ids=["closed", "no descriptor"])
@pytest.mark.parametrize(("name", "error"), [("stdout", False), ("stderr", True)])
def test_lines_for_a_stream_that_accepts_none_are_dropped(
    monkeypatch: pytest.MonkeyPatch, stream: object, name: str, error: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, name, stream)
        say("first", error=error)
        say("second", error=error)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "shown"),
    [
        (Terminal, {"TERM": "xterm"}, "a\\x1b \x1b[31mb\\x1b\x1b[0m c\n"),
        (Terminal, {"TERM": "dumb"}, "a\\x1b b\\x1b c\n"),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "1"}, "a\\x1b b\\x1b c\n"),
        (Terminal, {"TERM": "xterm", "NO_COLOR": ""}, "a\\x1b \x1b[31mb\\x1b\x1b[0m c\n"),
        (io.StringIO, {"TERM": "xterm"}, "a\\x1b b\\x1b c\n"),
    ],
)
def test_colors_are_for_terminals_and_a_line_cannot_bring_its_own(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    environ: dict[str, str],
    shown: str,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    output = stream()
    with redirect_stdout(output):
        say("a\x1b ", Colored("b\x1b", RED), " c")
    assert output.getvalue() == shown


def test_one_is_singular() -> None:
    numbers = [counted(number, "file") for number in (0, 1, 2, 5066)]
    assert numbers == ["0 files", "1 file", "2 files", "5,066 files"]
