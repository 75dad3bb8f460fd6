"""Open files: how they are read, shared and closed, and how changes are noticed."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import MTIME, write
from whitenoise_async.files import open_file as open_file_module
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.open_file import OpenFile, open_below, open_file

CONTENT = os.urandom(10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", CONTENT)


@pytest.fixture
def file(path: Path) -> OpenFile:
    return open_file(str(path))


@pytest.mark.parametrize("limit", [1, 999])
def test_a_read_that_the_system_cuts_short_is_continued(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Linux reads at most 2 GiB in one call."""
    monkeypatch.setattr(
        open_file_module,
        "read_at",
        lambda descriptor, size, offset: os.pread(descriptor, min(size, limit), offset),
    )
    assert file.read_fully(5, 5000) == CONTENT[5:5005]
    assert file.read_fully(9_000, 5000) == CONTENT[9_000:]
    assert file.read_fully(0, len(CONTENT)) == CONTENT


def test_a_descriptor_that_the_system_cannot_stat_counts_as_changed(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system returns ESTALE for a file that its server has removed."""

    def stale(descriptor: int) -> os.stat_result:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", stale)
        found = file.change_since_open(), file.is_unchanged()
    assert found == ("Stale file handle", False)


def test_a_failed_read_raises_an_error_that_names_the_file_and_read_nowait_none(
    file: OpenFile, path: Path
) -> None:
    directory = os.open(path.parent, os.O_RDONLY)
    os.dup2(directory, file.fileno())
    os.close(directory)
    assert file.read_nowait(0, 10) is None
    with pytest.raises(FileSystemError, match=r"a\.bin cannot be read now: Is a directory"):
        file.read(0, 10)


def test_no_bytes_from_the_page_cache_do_not_mean_the_end_of_the_file(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux 5.9 and 5.10 may return 0 bytes where they would wait."""
    monkeypatch.setattr(open_file_module, "read_page_cache", lambda descriptor, size, offset: b"")
    assert file.read_nowait(0, 10) is None


def test_a_shared_file_is_closed_by_its_last_holder(file: OpenFile) -> None:
    other = file.share()
    file.close()
    assert other.read(0, 10) == CONTENT[:10]
    descriptor = other.fileno()
    assert other.is_open
    other.close()
    assert (other.is_open, other.fileno()) == (False, -1)
    with pytest.raises(FileSystemError, match="Bad file descriptor"):
        other.read(0, 10)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(
    ("name", "read"), [("read_at", OpenFile.read), ("read_page_cache", OpenFile.read_nowait)]
)
def test_a_file_that_is_closed_during_a_read_stays_open_for_that_read(
    file: OpenFile,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    read: Callable[[OpenFile, int, int], bytes | None],
) -> None:
    """A cancelled request closes its file. The descriptor must not become another file's."""
    descriptor = file.fileno()

    def read_late(*read: int) -> bytes:
        file.close()
        return os.pread(*read)

    monkeypatch.setattr(open_file_module, name, read_late)
    assert read(file, 5, 10) == CONTENT[5:15]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("way", ["close", "finalizer", "folder", "no regular file"])
def test_an_error_of_close_is_ignored(
    path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A network file system may report an error of an earlier operation: EIO or ENOSPC."""
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


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def append_and_restore_date(path: Path) -> None:
    append(path)
    os.utime(path, (0, MTIME))


def append_and_set_date_of_opening(path: Path) -> None:
    ctime = path.stat().st_ctime_ns
    append(path)
    os.utime(path, ns=(0, ctime))


def overwrite_and_chmod(path: Path) -> None:
    path.write_bytes(CONTENT[::-1])
    path.chmod(0o600)


def replace(path: Path) -> None:
    write(path.with_name("new"), CONTENT[::-1]).replace(path)


TRUNCATED, OVERWRITTEN = "the file was truncated", "the file was overwritten"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: path.chmod(0o600), None),
        (lambda path: os.link(path, path.with_name("link")), None),
        (lambda path: path.rename(path.with_name("renamed")), None),
        (lambda path: path.unlink(), None),
        (replace, None),
        (append, None),
        (append_and_restore_date, OVERWRITTEN),
        (append_and_set_date_of_opening, OVERWRITTEN),
        (lambda path: os.truncate(path, 9_999), TRUNCATED),
        (lambda path: os.utime(path, (0, MTIME + 1)), OVERWRITTEN),
        (lambda path: write(path, CONTENT[::-1]), OVERWRITTEN),  # with the same date
        (lambda path: path.write_bytes(CONTENT[::-1]), OVERWRITTEN),
        (overwrite_and_chmod, OVERWRITTEN),
        (lambda path: write(path, CONTENT[::-1], mtime=MTIME + 1), OVERWRITTEN),
        (lambda path: write(path, CONTENT[::-1] + b"more"), OVERWRITTEN),  # with the same date
    ],
    ids=[
        *("chmod", "link", "rename", "remove", "replace", "append", "append and restore date"),
        *("append and set date of opening", "truncate", "touch", "overwrite and restore date"),
        *("overwrite", "overwrite and chmod"),
        *("overwrite and set date", "overwrite with more and restore date"),
    ],
)
def test_a_change_is_noticed_and_one_that_affects_the_content_is_named(
    file: OpenFile, path: Path, change: Callable[[Path], object], expected: str | None
) -> None:
    assert file.change_since_open() is None
    assert file.is_unchanged() is True
    time.sleep(0.02)  # the clock that sets the ctime ticks every few milliseconds
    change(path)
    assert file.change_since_open() == expected
    assert file.is_unchanged() is False


def test_an_overwrite_that_restores_a_date_in_the_future_is_noticed(path: Path) -> None:
    os.utime(path, (0, 4_000_000_000))
    file = open_file(str(path))
    time.sleep(0.02)
    write(path, CONTENT[::-1], mtime=4_000_000_000)
    assert file.change_since_open() == OVERWRITTEN


def test_a_file_is_read_at_any_offset_and_as_a_stream(file: OpenFile, path: Path) -> None:
    assert (file.path, file.is_by_path, file.is_open) == (str(path), True, True)
    assert file.read(10_000, 10) == b""
    assert file.read(9_995, 10) == CONTENT[-5:]
    for _ in range(2):
        with file.stream() as stream:
            assert stream.read() == CONTENT
    assert file.read(5, 10) == CONTENT[5:15]
    assert file.read_nowait(3, 4) == (CONTENT[3:7] if file.supports_nowait else None)


def test_memory_that_runs_out_is_an_error_that_names_the_file(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: int) -> bytes:
        raise MemoryError

    for name in ("read_at", "read_page_cache"):
        monkeypatch.setattr(open_file_module, name, fail)
    with pytest.raises(FileSystemError, match=r"a\.bin cannot be read now"):
        file.read(0, 10)
    assert file.read_nowait(0, 10) is None


both_ways_to_open = pytest.mark.parametrize(
    "open_it", [open_file, lambda path: open_below(str(Path(path).parent), path)]
)


@both_ways_to_open
def test_a_file_that_cannot_be_opened_is_an_error_that_names_it(
    tmp_path: Path, open_it: Callable[[str], OpenFile]
) -> None:
    missing, loop = str(tmp_path / "missing"), tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(UnavailableError, match=f"{missing} is not served: it was removed") as gone:
        open_it(missing)
    with pytest.raises(UnavailableError, match=f"{loop} is not served: Too many") as looping:
        open_it(str(loop))
    assert (gone.value.gone, looping.value.gone) == (True, False)


def test_on_a_system_that_opens_no_file_relative_to_a_folder_links_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows."""
    write(tmp_path / "a" / "b.bin", CONTENT)
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    monkeypatch.setattr(os, "supports_dir_fd", set())
    file = open_below(str(tmp_path), str(tmp_path / "linked" / "b.bin"))
    assert file.read(0, 10) == CONTENT[:10]
    assert file.is_by_path


@both_ways_to_open
def test_a_fifo_is_refused_without_waiting_for_its_writer(
    tmp_path: Path, open_it: Callable[[str], OpenFile]
) -> None:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    with pytest.raises(UnavailableError, match=f"{path} is not served: it is not a regular file"):
        open_it(path)


def test_a_terminal_is_refused_and_does_not_become_the_controlling_terminal(fork: Any) -> None:
    """Closing it would end the server with SIGHUP."""
    master, terminal = os.openpty()

    def child() -> None:
        os.setsid()
        with pytest.raises(UnavailableError, match="it is not a regular file"):
            open_file(os.ttyname(terminal))
        with pytest.raises(OSError, match="No such device"):
            os.open("/dev/tty", os.O_RDWR)

    status = fork(child)
    os.close(terminal)
    os.close(master)
    assert status == 0


def test_no_link_to_a_folder_below_the_root_is_followed(tmp_path: Path) -> None:
    real = write(tmp_path / "root" / "a" / "b" / "c.bin", CONTENT)
    root = tmp_path / "root"
    (tmp_path / "link").symlink_to(root)  # to the root itself
    (root / "linked").symlink_to(root / "a")
    (root / "a" / "linked").symlink_to(root / "a" / "b")
    (root / "a" / "file").symlink_to(real)
    os.mkfifo(root / "fifo")
    for name in ("a/b/c.bin", "a/file"):
        for start in (root, tmp_path / "link"):
            file = open_below(str(start), str(start / name))
            assert (file.path, file.is_by_path) == (str(start / name), False)
            assert file.read(0, 10) == CONTENT[:10]
            file.close()
    for name in ("linked/b/c.bin", "a/linked/c.bin", "fifo/c.bin", "a/none.bin"):
        with pytest.raises(UnavailableError):
            open_below(str(root), str(root / name))
    assert open_file(str(root / "linked" / "b" / "c.bin")).is_by_path


@pytest.mark.parametrize("function", ["require_regular", "state_of"])
def test_an_error_while_a_file_is_opened_closes_its_descriptor(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    errors_of_finalizers: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(open_file_module, function, fail)
        patch.setattr(sys, "unraisablehook", errors_of_finalizers.append)
        with pytest.raises(MemoryError):
            open_file(str(path))
    assert descriptors_of(path) == []
    assert errors_of_finalizers == []


def test_an_append_within_one_tick_of_the_clock_is_no_overwrite(file: OpenFile) -> None:
    """The ctime is then that of the opening."""
    file.state = file.state._replace(size=file.state.size - 1)
    assert file.change_since_open() is None


def test_growth_is_an_overwrite_if_the_file_may_not_grow(path: Path, file: OpenFile) -> None:
    with path.open("ab") as appended:
        appended.write(b"more")
    assert file.change_since_open() is None
    file.may_grow = False
    assert file.change_since_open() == OVERWRITTEN
