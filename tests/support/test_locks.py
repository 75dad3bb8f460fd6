"""Locks: who waits for whom, and what is done where there are none."""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from whitenoise_async.support import locks
from whitenoise_async.support.locks import locked, take


def never() -> None:
    raise AssertionError("nobody is waited for")


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
    ids=["both shared", "shared, alone", "alone, shared", "both alone"],
)
def test_who_is_alone_is_waited_for_and_waits(
    tmp_path: Path, first: bool, second: bool, waits: bool
) -> None:
    waiting, order = threading.Event(), []

    def follow() -> None:
        with locked(str(tmp_path), waiting.set, shared=second):
            order.append("second")

    thread = threading.Thread(target=follow)
    with locked(str(tmp_path), never, shared=first):
        thread.start()
        if waits:
            assert waiting.wait(30)
        else:
            thread.join(30)
        order.append("first")
    thread.join(30)
    assert order == (["first", "second"] if waits else ["second", "first"])
    assert waiting.is_set() == waits


def test_it_is_let_go_of_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(str(tmp_path), never):
        raise ZeroDivisionError
    with locked(str(tmp_path), never):
        pass


def test_a_folder_that_cannot_be_opened_is_not_locked(tmp_path: Path) -> None:
    with locked(str(tmp_path / "missing"), never), locked(str(tmp_path / "missing"), never):
        pass


def test_nothing_is_left_in_the_folder_and_it_is_as_it_was(tmp_path: Path) -> None:
    before = tmp_path.stat()
    with locked(str(tmp_path), never):
        assert list(tmp_path.iterdir()) == []
    after = tmp_path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


def test_a_file_is_taken_by_one_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "draft", b"")
    with path.open("rb") as one, path.open("rb") as other:
        assert take(one.fileno())
        assert not take(other.fileno())
    with path.open("rb") as other:
        assert take(other.fileno())


def test_where_the_file_system_has_no_locks_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    with locked(str(tmp_path), never), locked(str(tmp_path), never):
        assert take(0)


def test_on_windows_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    spec = importlib.util.spec_from_file_location("locks_on_windows", locks.__file__)
    assert spec is not None and spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    with there.locked(str(tmp_path), never), there.locked(str(tmp_path), never, shared=True):
        assert there.take(0)
