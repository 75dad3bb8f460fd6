"""Reads at an offset, with or without waiting for the disk."""

from __future__ import annotations

import errno
import os
import time
from importlib.util import module_from_spec
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.files import pread

CONTENT = os.urandom(1_000_000)


@pytest.fixture
def descriptor(tmp_path: Path) -> int:
    path = write(tmp_path / "a.bin", CONTENT)
    return os.open(path, os.O_RDONLY)


@pytest.fixture(autouse=True)
def _close(descriptor: int) -> object:
    yield
    os.close(descriptor)


def accepts_nowait(descriptor: int) -> bool:
    """Whether the system and the file system accept RWF_NOWAIT."""
    try:
        os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


@pytest.mark.parametrize("read", [pread.read_at, pread.seek_and_read], ids=["pread", "seek"])
def test_a_read_starts_at_its_offset(read: object, descriptor: int) -> None:
    assert callable(read)
    assert read(descriptor, 10, 5) == CONTENT[5:15]
    assert read(descriptor, 10, 0) == CONTENT[:10]
    assert read(descriptor, 10, len(CONTENT)) == b""


def test_a_read_does_not_move_the_position_of_the_descriptor(descriptor: int) -> None:
    """Responses in different threads may share a descriptor."""
    pread.read_at(descriptor, 10, 5)
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0


def test_a_system_without_pread_has_a_replacement(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has none."""
    monkeypatch.delattr(os, "pread")
    spec = pread.__spec__
    assert spec and spec.loader
    without = module_from_spec(spec)
    spec.loader.exec_module(without)
    assert without.read_at(descriptor, 10, 5) == CONTENT[5:15]


def test_support_of_page_cache_reads_is_recognized(descriptor: int) -> None:
    assert pread.supports_page_cache_reads(descriptor) is accepts_nowait(descriptor)


@pytest.mark.parametrize(
    ("error", "is_supported"),
    [
        (OSError(errno.EOPNOTSUPP, "Operation not supported"), False),
        (MemoryError(), False),
        (BlockingIOError(), True),  # the file system looked for the page, which is on the disk
    ],
)
def test_the_error_of_a_page_cache_read_tells_whether_it_is_supported(
    descriptor: int, monkeypatch: pytest.MonkeyPatch, error: Exception, is_supported: bool
) -> None:
    def fail(*arguments: object) -> int:
        raise error

    monkeypatch.setattr(os, "preadv", fail)
    assert pread.supports_page_cache_reads(descriptor) is is_supported


def test_bytes_in_the_page_cache_are_read_without_waiting(descriptor: int) -> None:
    if not accepts_nowait(descriptor):
        pytest.skip("the temporary folder's file system has no page-cache reads")
    pread.read_at(descriptor, len(CONTENT), 0)
    assert pread.read_page_cache(descriptor, 100_000, 7) == CONTENT[7:100_007]
    assert pread.read_page_cache(descriptor, 10, 3) == CONTENT[3:13]
    assert pread.read_page_cache(descriptor, 10, len(CONTENT) - 4) == CONTENT[-4:]
    assert pread.read_page_cache(descriptor, 10, len(CONTENT)) == b""
    assert pread.read_page_cache(descriptor, 500_000, 7) == CONTENT[7:500_007]


def test_a_large_read_beyond_the_end_of_the_file_returns_nothing(descriptor: int) -> None:
    """It may have been truncated. A read that may wait then tells how much is left."""
    if not accepts_nowait(descriptor):
        pytest.skip("the temporary folder's file system has no page-cache reads")
    assert pread.read_page_cache(descriptor, 500_000, len(CONTENT) - 100_000) == b""


@pytest.mark.parametrize("missing", [0, 128 * 1024, 499_999])
def test_a_large_read_does_not_wait_for_any_page_that_it_tests(
    descriptor: int, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    def preadv(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        if offset <= 7 + missing < offset + len(buffers[0]):
            raise BlockingIOError
        return 1

    monkeypatch.setattr(os, "RWF_NOWAIT", 8, raising=False)
    monkeypatch.setattr(os, "preadv", preadv, raising=False)
    with pytest.raises(BlockingIOError):
        pread.read_page_cache(descriptor, 500_000, 7)


def read_dropped_pages(descriptor: int) -> None:
    """Read from the page cache until the kernel has dropped the file's pages.

    It drops no page that another processor has just touched.
    """
    for _ in range(500):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        pread.read_page_cache(descriptor, 4096, len(CONTENT) // 2)
        time.sleep(0.01)


def test_a_read_of_bytes_that_are_only_on_the_disk_does_not_wait(descriptor: int) -> None:
    if not accepts_nowait(descriptor):
        pytest.skip("the temporary folder's file system has no page-cache reads")
    os.fsync(descriptor)
    with pytest.raises(BlockingIOError):
        read_dropped_pages(descriptor)
    assert pread.supports_page_cache_reads(descriptor)


def test_a_file_system_that_refuses_the_flag_is_recognized() -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir():
        pytest.skip("there is no /dev/shm")
    path = write(shared_memory / f"whitenoise-test-{os.getpid()}", b"text")
    try:
        with path.open("rb") as file:
            is_supported = accepts_nowait(file.fileno())
            assert pread.supports_page_cache_reads(file.fileno()) is is_supported
    finally:
        path.unlink()


def test_a_system_without_the_call_is_recognized(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS has no RWF_NOWAIT, and Windows no preadv."""
    monkeypatch.delattr(os, "RWF_NOWAIT")
    assert not pread.supports_page_cache_reads(descriptor)
    monkeypatch.delattr(os, "preadv")
    assert not pread.supports_page_cache_reads(descriptor)
