"""The state of a file, from its descriptor or its path."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.files import MTIME, write
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.state import (
    FileState,
    read_state,
    require_regular,
    state_of,
    state_or_none,
)

SECOND = 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", b"content")


def test_a_state_has_the_values_of_the_status(path: Path) -> None:
    status = path.stat()
    assert read_state(str(path)) == state_of(status) == state_or_none(str(path))
    assert tuple(state_of(status)) == (
        7,
        MTIME * SECOND,
        status.st_ctime_ns,
        status.st_dev,
        status.st_ino,
    )


def test_a_system_may_have_neither_ctime_nor_inode() -> None:
    assert FileState(1, 2) == (1, 2, 0, 0, 0)


def test_a_date_has_come_at_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(MTIME))
    assert FileState(1, MTIME * SECOND).last_modified() == MTIME
    assert FileState(1, (MTIME + 1) * SECOND).last_modified() is None


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def replace_with_same_date(path: Path) -> None:
    write(path.with_name("new"), b"CONTENT").replace(path)


def overwrite_and_restore_date(path: Path) -> None:
    write(path, b"CONTENT")


@pytest.mark.parametrize(
    "change",
    [append, replace_with_same_date, overwrite_and_restore_date, lambda path: path.chmod(0o600)],
)
def test_every_change_leads_to_another_state(path: Path, change: Callable[[Path], None]) -> None:
    before = read_state(str(path))
    assert read_state(str(path)) == before
    time.sleep(0.02)  # the clock that sets the ctime ticks every few milliseconds
    change(path)
    assert read_state(str(path)) != before


@pytest.mark.parametrize(
    ("mtime_ns", "is_constant", "last_modified"),
    [
        (0, True, 0),
        (SECOND, True, 1),
        (-1, True, -1),
        (315_532_800 * SECOND, True, 315_532_800),  # 1980-01-01
        (315_619_200 * SECOND + SECOND - 1, True, 315_619_200),
        (315_619_201 * SECOND, False, 315_619_201),
        (MTIME * SECOND + SECOND - 1, False, MTIME),
        (4_000_000_000 * SECOND, False, None),
    ],
)
def test_dates_that_packagers_set_and_dates_in_the_future_are_recognized(
    mtime_ns: int, is_constant: bool, last_modified: int | None
) -> None:
    state = FileState(1, mtime_ns)
    assert (state.has_constant_date(), state.last_modified()) == (is_constant, last_modified)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_a_path_without_a_regular_file_has_no_state(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.bin"
    make(path)
    with pytest.raises(UnavailableError) as caught:
        read_state(str(path))
    assert not caught.value.gone
    assert str(caught.value).startswith(f"{path} is not served: ")
    assert state_or_none(str(path)) is None


def test_a_removed_file_has_no_state(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="it was removed") as caught:
        read_state(str(tmp_path / "a.bin"))
    assert caught.value.gone
    assert state_or_none(str(tmp_path / "a.bin")) is None


def test_a_failure_of_the_system_is_raised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str) -> os.stat_result:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", fail)
        for read in (read_state, state_or_none):
            with pytest.raises(FileSystemError, match=r"a\.bin cannot be read now"):
                read(str(path))


@pytest.mark.parametrize("mode", [stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_only_regular_files_are_accepted(path: Path, mode: int) -> None:
    require_regular("a.bin", path.stat())
    with pytest.raises(UnavailableError, match=r"a\.bin is not served: it is not a regular file"):
        require_regular("a.bin", os.stat_result([mode, *[0] * 9]))
