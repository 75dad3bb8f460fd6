"""Writing a file: it appears whole, or not at all, and leaves nothing else."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import MTIME, write
from whitenoise_async.files.draft import (
    Draft,
    has_owner,
    is_unfinished,
    permissions,
    remove_unfinished,
)

CONTENT = b"content" * 10_000
MTIME_NS = MTIME * 10**9 + 123_456_789


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def temporary(folder: Path) -> Path:
    (name,) = (each for each in names_in(folder) if each.endswith(".tmp"))
    return folder / name


def write_and_publish(draft: Draft, content: bytes) -> None:
    draft.write(content)
    draft.publish(0o644, MTIME_NS)


def test_it_is_there_when_it_is_published_with_the_mode_and_date_it_is_to_have(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gz"
    with Draft(at(path.parent), path.name) as draft:
        for begin in range(0, len(CONTENT), 999):
            draft.write(CONTENT[begin : begin + 999])
        assert not path.exists()
        assert re.fullmatch(r"\.whitenoise_async-[0-9a-f]{16}\.tmp", temporary(tmp_path).name)
        assert stat.S_IMODE(temporary(tmp_path).stat().st_mode) == 0o600
        draft.publish(0o640, MTIME_NS)
        assert names_in(tmp_path) == ["a.gz"]
    assert names_in(tmp_path) == ["a.gz"]
    assert path.read_bytes() == CONTENT
    status = path.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o640, MTIME_NS)
    assert draft.size == len(CONTENT)


def test_a_file_is_published_with_the_current_date_if_none_is_given(tmp_path: Path) -> None:
    with Draft(at(tmp_path), "a.gz") as draft:
        draft.write(CONTENT)
        before = temporary(tmp_path).stat().st_mtime_ns
        draft.publish(0o604)
    status = (tmp_path / "a.gz").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o604, before)


def test_no_other_file_is_taken_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    with Draft(at(tmp_path), "a.gz"), pytest.raises(FileExistsError):
        Draft(at(tmp_path), "a.gz")


def test_a_draft_that_was_removed_by_another_process_is_no_error(tmp_path: Path) -> None:
    with Draft(at(tmp_path), "a.gz"):
        temporary(tmp_path).unlink()
    assert names_in(tmp_path) == []


def test_a_path_without_a_folder_is_of_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Draft(at(""), "a.gz") as draft:
        assert len(names_in(tmp_path)) == 1
        draft.publish(0o644, MTIME_NS)
    assert names_in(tmp_path) == ["a.gz"]


def test_what_is_not_published_leaves_what_was_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", b"before")
    draft = Draft(at(path.parent), path.name)
    draft.write(CONTENT)
    with pytest.raises(ZeroDivisionError), draft:
        raise ZeroDivisionError
    with Draft(at(path.parent), path.name) as draft:
        draft.write(CONTENT)
    assert (names_in(tmp_path), path.read_bytes()) == (["a.gz"], b"before")


@pytest.mark.parametrize(
    ("size", "expected"), [(65_537, ["fsync", "replace"]), (65_536, ["replace"])]
)
def test_a_large_one_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, expected: list[str]
) -> None:
    done: list[str] = []

    def noting(what: str, really: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            done.append(what)
            if what == "fsync":
                assert temporary(tmp_path).stat().st_size == size
            return really(*arguments, **options)

        return call

    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(os, "replace", noting("replace", os.replace))
    with Draft(at(tmp_path), "a.gz") as draft:
        draft.write(bytes(size))
        draft.publish(0o644, MTIME_NS)
    assert done == expected


@pytest.mark.parametrize("call", ["fsync", "chmod", "utime", "replace"])
def test_where_a_step_fails_what_was_there_is_there_still_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = write(tmp_path / "a.gz", b"before")

    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Draft(at(path.parent), path.name) as draft, monkeypatch.context() as patch:
        draft.write(bytes(100_000))
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="No space left"):
            draft.publish(0o644, MTIME_NS)
    assert (names_in(tmp_path), path.read_bytes()) == (["a.gz"], b"before")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("length", [7, 100_000])
def test_a_full_disk_leaves_nothing_though_something_is_to_be_written_still(
    tmp_path: Path, length: int
) -> None:
    """As it is flushed when it is closed."""
    before = len(os.listdir("/proc/self/fd"))
    with Draft(at(tmp_path), "a.gz") as draft, open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), draft.fileno())
        with pytest.raises(OSError, match="No space left"):
            write_and_publish(draft, bytes(length))
    assert names_in(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_where_nothing_can_be_written_it_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Draft(at(tmp_path / "missing"), "a.gz")


def test_on_windows_it_is_closed_before_it_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is renamed there that is open."""
    open_then: list[bool] = []

    def replace(source: str, target: str, **_: None) -> None:
        try:
            os.fstat(draft.fileno())
        except OSError:
            open_then.append(False)
        os.rename(source, target)

    with Draft(at(tmp_path), "a.gz") as draft:
        draft.write(b"content")
        with monkeypatch.context() as patch:
            patch.setattr(os, "name", "nt")
            patch.setattr(os, "replace", replace)
            draft.publish(0o640, MTIME_NS)
    status = (tmp_path / "a.gz").stat()
    assert (open_then, names_in(tmp_path)) == ([False], ["a.gz"])
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o640, MTIME_NS)


def test_a_link_in_its_place_does_not_lead_to_a_file_that_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, users who may write in the folder could give away files of root."""
    precious = write(tmp_path / "elsewhere" / "precious", b"precious")
    precious.chmod(0o600)
    before, asked = precious.stat(), []
    monkeypatch.setattr(os, "chown", lambda file, *owner: asked.append(file))
    with Draft(at(tmp_path), "a.gz") as draft:
        path = temporary(tmp_path)
        path.unlink()
        path.symlink_to(precious)
        draft.publish(0o666, MTIME_NS, (12345, 54321))
        assert asked == [draft.fileno()]
    assert precious.stat() == before


# Modes and owners.


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o100644, 0o644), (0o100777, 0o777), (0o107000, 0), (0o104751, 0o751)],
)
def test_a_variant_gets_only_the_permissions_of_its_original(mode: int, expected: int) -> None:
    assert permissions(os.stat_result((mode, *[0] * 9))) == expected


OWNERS = [(0, 1, 2, True), (0, 1, 3, False), (0, 3, 2, False), (1000, 1, 3, True)]


@pytest.mark.parametrize(("user", "uid", "gid", "expected"), OWNERS)
def test_only_root_can_set_the_owner(
    user: int, uid: int, gid: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    status = os.stat_result((0, 0, 0, 0, uid, gid, 0, 0, 0, 0))
    assert has_owner(status, (1, 2)) is expected


@pytest.mark.parametrize("user", [0, 1000])
@pytest.mark.parametrize("is_other", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_root_sets_another_owner_if_the_file_system_has_owners(
    user: int, is_other: bool, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, ...]] = []

    def chown(*arguments: int) -> None:
        asked.append(arguments)
        if fails:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with Draft(at(tmp_path), "a.gz") as draft, monkeypatch.context() as patch:
        status = os.fstat(draft.fileno())
        owner = (status.st_uid + is_other, status.st_gid)
        patch.setattr(os, "chown", chown)
        patch.setattr(os, "geteuid", lambda: user)
        draft.publish(0o644, MTIME_NS, owner)
        expected = [(draft.fileno(), *owner)] if is_other and user == 0 else []
    assert asked == expected
    assert names_in(tmp_path) == ["a.gz"]


# Drafts of killed processes.


LEFTOVER = ".whitenoise_async-killed.tmp"


def test_a_draft_has_its_name_and_is_a_file(tmp_path: Path) -> None:
    for name in (LEFTOVER, ".whitenoise_async-record.json", "other.tmp"):
        write(tmp_path / name, b"")
    (tmp_path / ".whitenoise_async-folder.tmp").mkdir()
    (tmp_path / ".whitenoise_async-link.tmp").symlink_to("other.tmp")
    found = {entry.name: is_unfinished(entry) for entry in os.scandir(tmp_path)}
    assert found == {name: name == LEFTOVER for name in names_in(tmp_path)}


def test_a_draft_that_is_being_written_stays(tmp_path: Path) -> None:
    with Draft(at(tmp_path), "a.gz") as draft:
        remove_unfinished(at(tmp_path), temporary(tmp_path).name)
        draft.publish(0o644)
    assert names_in(tmp_path) == ["a.gz"]


def test_what_a_killed_process_left_is_removed_and_what_is_being_written_is_not(
    tmp_path: Path,
) -> None:
    script = f"""
        import os, signal, sys
        sys.path[:] = {sys.path!r}
        from whitenoise_async.files.draft import Draft
        from whitenoise_async.files.folder import Folder
        draft = Draft(Folder({str(tmp_path)!r}, None), "a.gz")
        print("begun", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        left = temporary(tmp_path)
        remove_unfinished(at(tmp_path), left.name)
        assert left.exists()
        process.kill()
    remove_unfinished(at(tmp_path), left.name)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "make",
    [os.mkdir, lambda path: path.symlink_to(write(path.parent / "precious", b"precious"))],
    ids=["folder", "link"],
)
def test_what_is_no_file_is_not_taken_for_a_leftover(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / LEFTOVER)
    before = names_in(tmp_path)
    remove_unfinished(at(tmp_path), LEFTOVER)
    assert names_in(tmp_path) == before


def test_a_leftover_that_is_no_more_is_passed_over(tmp_path: Path) -> None:
    remove_unfinished(at(tmp_path), LEFTOVER)


def test_where_there_are_no_locks_a_leftover_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    write(tmp_path / LEFTOVER, b"")
    remove_unfinished(at(tmp_path), LEFTOVER)
    assert names_in(tmp_path) == []
