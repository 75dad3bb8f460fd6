"""The progress bar of the compress command."""

from __future__ import annotations

import io
import os
import re
import sys

import pytest

from whitenoise_async.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that claims to be a terminal, and keeps its output."""

    def isatty(self) -> bool:
        return True


def terminal_for(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", Terminal())
    error = Terminal()
    monkeypatch.setattr(sys, "stderr", error)
    return error


def test_a_bar_shows_bytes_and_disappears_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    progress = Progress(shown=True)
    progress.begin("static", 2000)
    progress.advance(500)
    progress.say("a line", error=True)
    progress.end()
    printed = terminal.getvalue()
    assert "static:   0%|" in printed
    before, _, after = printed.partition("a line\n")
    assert re.search(r"\r +\r$", before)
    assert "static:  25%|" in after
    assert "500/2.00k" in after
    assert re.search(r"\r +\r$", after)


def test_a_second_bar_replaces_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    progress = Progress(shown=True)
    progress.begin("one", 10)
    progress.begin("two", 10)
    progress.end()
    progress.end()
    first, _, second = terminal.getvalue().partition("two")
    assert "one" in first
    assert "one" not in second


def test_a_pseudo_terminal_without_a_size_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal_for(monkeypatch)
    master, slave = os.openpty()  # of 0 columns and rows
    os.set_blocking(master, False)
    with open(master, "rb") as shown, open(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        progress = Progress(shown=True)
        progress.begin("static", 2000)
        progress.end()
        stream.flush()
        assert b"static:   0%|" in os.read(shown.fileno(), 1000)


def nothing_wanted(monkeypatch: pytest.MonkeyPatch) -> bool:
    return False


def no_tqdm(monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    return True


def piped_output(monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    return True


def closed_output(monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(sys, "stdout", None)
    return True


@pytest.mark.parametrize("state", [nothing_wanted, no_tqdm, piped_output, closed_output])
def test_there_is_no_bar(monkeypatch: pytest.MonkeyPatch, state: object) -> None:
    terminal = terminal_for(monkeypatch)
    assert callable(state)
    progress = Progress(shown=state(monkeypatch))
    progress.begin("static", 1000)
    progress.advance(500)
    progress.say("a line", error=True)
    progress.end()
    assert terminal.getvalue() == "a line\n"


def test_no_bar_is_shown_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    Progress(shown=True).begin("static", 0)
    assert terminal.getvalue() == ""
