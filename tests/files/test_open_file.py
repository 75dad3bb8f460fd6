"""An open file: what is read of it, and what is found out about it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.files import open_file as files
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.open_file import OpenFile, open_below, open_file
from whitenoise_async.http.ranges import ByteRange

CONTENT = os.urandom(10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", CONTENT)


@pytest.fixture
def file(path: Path) -> OpenFile:
    return open_file(str(path))


def test_a_read_that_the_system_cuts_short_goes_on(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux reads 2 GiB at the most in one call."""
    monkeypatch.setattr(
        files,
        "read_at",
        lambda descriptor, size, offset: os.pread(descriptor, min(size, 999), offset),
    )
    assert file.read_fully(5, 5000) == CONTENT[5:5005]
    assert file.read_fully(9_000, 5000) == CONTENT[9_000:]
    assert file.read_all() == CONTENT


def test_a_body_is_read_by_its_plan(file: OpenFile) -> None:
    assert file.read_plan([b"a", ByteRange(3, 7), b"b", ByteRange(0, 2)]) == (
        b"a" + CONTENT[3:7] + b"b" + CONTENT[:2]
    )


def test_a_body_of_a_file_that_has_changed_is_none(file: OpenFile, path: Path) -> None:
    os.truncate(path, 5000)
    assert file.read_all() is None
    assert file.read_plan([ByteRange(0, 10)]) is None


def test_a_descriptor_that_no_longer_answers_is_a_fault(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system whose server has forgotten the file: ESTALE."""

    def stale(descriptor: int) -> os.stat_result:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", stale)
        found = file.change_since_open(), file.is_unchanged()
    assert found == ("Stale file handle", False)


def test_a_read_that_fails_is_named_and_one_at_once_leaves_that_to_it(
    file: OpenFile, path: Path
) -> None:
    directory = os.open(path.parent, os.O_RDONLY)
    os.dup2(directory, file.fileno())
    os.close(directory)
    assert file.read_nowait(0, 10) is None
    with pytest.raises(FileSystemError, match=r"a\.bin cannot be read now: Is a directory"):
        file.read(0, 10)


def test_nothing_read_at_once_is_no_end_of_the_file(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux 5.9 and 5.10 may say so where they would have to wait."""
    monkeypatch.setattr(files, "read_page_cache", lambda descriptor, size, offset: b"")
    assert file.read_nowait(0, 10) is None


def test_a_shared_file_is_closed_by_its_last_holder(file: OpenFile) -> None:
    other = file.share()
    file.close()
    assert other.read(0, 10) == CONTENT[:10]
    descriptor = other.fileno()
    other.close()
    with pytest.raises(FileSystemError, match="Bad file descriptor"):
        other.read(0, 10)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_file_that_is_closed_while_a_thread_reads_it_is_open_for_that_thread(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given up; but the descriptor must not become another file's under its hands."""
    descriptor = file.fileno()

    def read_late(*read: int) -> bytes:
        file.close()
        return os.pread(*read)

    monkeypatch.setattr(files, "read_at", read_late)
    assert file.read(5, 10) == CONTENT[5:15]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("way", ["close", "finalizer", "folder", "no regular file"])
def test_an_error_of_close_is_nobodys(
    path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """As on a network file system: EIO, or ENOSPC of what another process wrote."""
    closed = []

    def fail(descriptor: int, close: Callable[[int], None] = os.close) -> None:
        close(descriptor)
        closed.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", fail)
        if way == "no regular file":
            with pytest.raises(UnavailableError, match="not a regular file"):
                open_file(str(path.parent))
        else:
            opened = open_below(str(path.parent.parent), str(path)) if way == "folder" else None
            file = opened or open_file(str(path))
            if way == "finalizer":
                del file
            else:
                file.close()
    assert len(closed) == (3 if way == "folder" else 1)
