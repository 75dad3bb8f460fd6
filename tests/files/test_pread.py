"""Reading at an offset, and reading only what the page cache holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.files import pread as reads

CONTENT = os.urandom(1_000_000)


@pytest.fixture
def descriptor(tmp_path: Path) -> int:
    path = write(tmp_path / "a.bin", CONTENT)
    return os.open(path, os.O_RDONLY)


@pytest.fixture(autouse=True)
def _close(descriptor: int) -> object:
    yield
    os.close(descriptor)


@pytest.mark.parametrize("read", [reads.read_at, reads._seek_and_read], ids=["pread", "seek"])
def test_a_read_names_its_offset(read: object, descriptor: int) -> None:
    assert callable(read)
    assert read(descriptor, 10, 5) == CONTENT[5:15]
    assert read(descriptor, 10, 0) == CONTENT[:10]
    assert read(descriptor, 10, len(CONTENT)) == b""


def test_what_is_in_the_page_cache_is_read_without_waiting(descriptor: int) -> None:
    if not reads.supports_page_cache_reads(descriptor):
        pytest.skip("the temporary folder's file system has no page-cache reads")
    reads.read_at(descriptor, len(CONTENT), 0)
    assert reads.read_page_cache(descriptor, 100_000, 7) == CONTENT[7:100_007]
    assert reads.read_page_cache(descriptor, 10, 3) == CONTENT[3:13]
    assert reads.read_page_cache(descriptor, 10, len(CONTENT) - 4) == CONTENT[-4:]
    assert reads.read_page_cache(descriptor, 10, len(CONTENT)) == b""


def test_what_is_on_the_disk_alone_is_not_waited_for(descriptor: int) -> None:
    if not reads.supports_page_cache_reads(descriptor):
        pytest.skip("the temporary folder's file system has no page-cache reads")
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    with pytest.raises(BlockingIOError):
        reads.read_page_cache(descriptor, 4096, len(CONTENT) // 2)
    assert reads.supports_page_cache_reads(descriptor)


def test_a_file_system_that_refuses_the_flag_is_told_apart() -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir():
        pytest.skip("there is no /dev/shm")
    path = write(shared_memory / f"whitenoise-test-{os.getpid()}", b"text")
    try:
        with path.open("rb") as file:
            try:
                os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
                takes_it = True
            except OSError:
                takes_it = False
            assert reads.supports_page_cache_reads(file.fileno()) is takes_it
    finally:
        path.unlink()


def test_a_system_without_the_call_is_told_apart(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS has no RWF_NOWAIT, and Windows no preadv."""
    monkeypatch.delattr(os, "RWF_NOWAIT")
    assert not reads.supports_page_cache_reads(descriptor)
    monkeypatch.delattr(os, "preadv")
    assert not reads.supports_page_cache_reads(descriptor)
