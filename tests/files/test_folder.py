"""An open folder: its entries are found by name, also after its path leads elsewhere."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from whitenoise_async.files import folder as module
from whitenoise_async.files.draft import NEW_FILE
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.folder import (
    Folder,
    ForeignLinkError,
    is_root,
    is_trusted,
    parent_of,
    walk,
)

CONTENT = b"content"
ANOTHER_USER = 12345
IS_A_LINK = "Too many levels of symbolic links"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone may give files away")

counts_descriptors = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="descriptors are counted on Linux"
)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def give_away(*paths: Path) -> None:
    for path in paths:
        os.lchown(path, ANOTHER_USER, ANOTHER_USER)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root / "sub" / "b.css", CONTENT)
    write(root / "a.css", CONTENT)
    (root / "link").symlink_to("a.css")
    (root / "dangling").symlink_to("missing")
    (root / "folder-link").symlink_to("sub")
    os.mkfifo(root / "fifo")
    return root


@pytest.fixture(params=[True, False], ids=["descriptor", "path"])
def folder(
    tree: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Folder]:
    """The tree, opened as on this system and as on Windows."""
    monkeypatch.setattr(module, "_BY_DESCRIPTOR", request.param)
    with Folder.opened(str(tree)) as opened:
        yield opened


@pytest.fixture
def moved(tree: Path, tmp_path: Path) -> Iterator[tuple[Folder, Path]]:
    """An open folder that was renamed, and its new path. Its old path leads to other files."""
    with Folder.opened(str(tree)) as opened:
        other = tmp_path / "other"
        tree.rename(other)
        write(tree / "a.css", b"elsewhere")
        write(tree / "sub" / "b.css", b"elsewhere")
        yield opened, other


def content_of(root: Path) -> dict[str, Any]:
    found = sorted(root.rglob("*"))
    return {
        each.relative_to(root).as_posix(): each.read_bytes() if each.is_file() else None
        for each in found
    }


# Opening folders.


@counts_descriptors
def test_a_folder_is_open_until_its_end(tree: Path) -> None:
    before = open_descriptors()
    with suppress(ZeroDivisionError), Folder.opened(str(tree)) as folder:
        assert folder.path == str(tree)
        assert open_descriptors() == before + 1
        raise ZeroDivisionError
    assert open_descriptors() == before


def test_the_path_of_a_root_may_be_a_link_to_a_folder_and_no_file(tree: Path) -> None:
    with Folder.opened(str(tree / "folder-link")) as folder:
        assert [each.name for each in folder.entries()] == ["b.css"]
    with pytest.raises(NotADirectoryError), Folder.opened(str(tree / "a.css")):
        pass


def test_the_path_of_an_entry_is_for_messages(folder: Folder, tree: Path) -> None:
    assert folder.path_of("a.css") == f"{tree}/a.css"


@pytest.mark.parametrize("path", ["deep/er", "deep//er", "/deep/er/", "deep/er/"])
def test_a_folder_below_is_opened_by_its_path(folder: Folder, tree: Path, path: str) -> None:
    write(tree / "deep" / "er" / "c.css", b"")
    with folder.below(path) as opened:
        assert opened.path == f"{tree}/deep/er"
        assert [each.name for each in opened.entries()] == ["c.css"]
    with folder.below("") as opened:
        assert opened is folder


@counts_descriptors
def test_a_deep_folder_takes_one_descriptor(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c" / "d").mkdir(parents=True)
    with Folder.opened(str(tmp_path)) as root:
        before = open_descriptors()
        with root.below("a/b/c/d", make=0o777):
            assert open_descriptors() == before + 1
        with pytest.raises(FileNotFoundError), root.below("a/b/c/none"):
            pass
        assert open_descriptors() == before


def test_missing_folders_are_created_on_request(folder: Folder, tree: Path) -> None:
    umask = os.umask(0o022)
    try:
        with folder.below("sub/new/deep", make=0o770) as opened:
            assert opened.path == f"{tree}/sub/new/deep"
        with parent_of(folder, "sub/other/name", make=0o700) as (opened, name):
            assert (opened.path, name) == (f"{tree}/sub/other", "name")
    finally:
        os.umask(umask)
    modes = {path: stat.S_IMODE((tree / "sub" / path).stat().st_mode) for path in NEW_FOLDERS}
    assert modes == NEW_FOLDERS


def test_missing_folders_are_an_error_otherwise(tree: Path) -> None:
    with Folder.opened(str(tree)) as folder:
        with pytest.raises(FileNotFoundError), folder.below("missing/sub"):
            pass
        with pytest.raises(FileNotFoundError), parent_of(folder, "sub/new/name"):
            pass
    assert not (tree / "sub" / "new").exists()


NEW_FOLDERS = {"new": 0o750, "new/deep": 0o750, "other": 0o700}


def test_the_parent_of_a_file_is_opened(folder: Folder, tree: Path) -> None:
    for path in ("a.css", "sub/b.css", "sub/missing"):
        with parent_of(folder, path) as (opened, name):
            assert opened.path_of(name) == f"{tree}/{path}"


def test_no_folder_is_entered_through_a_link(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside / "a.css", CONTENT)
    (tree / "out").symlink_to(outside)
    with Folder.opened(str(tree)) as root:
        for path in ("out/a.css", "sub/../../outside/a.css/b", "missing/a.css"):
            with pytest.raises(OSError), parent_of(root, path):  # noqa: PT011
                pass
        for make in (None, 0o777):
            with pytest.raises(NotADirectoryError) as caught, root.below("out/new", make=make):
                pass
            assert caught.value.errno == errno.ENOTDIR
            reason = f"{tree}/out is a link, and links to folders are not followed"
            assert caught.value.strerror == reason
    assert os.listdir(outside) == ["a.css"]


def test_a_file_in_place_of_a_folder_is_an_error_of_the_system(tree: Path) -> None:
    with (
        Folder.opened(str(tree)) as root,
        pytest.raises(NotADirectoryError, match="Not a directory"),
        root.below("a.css"),
    ):
        pass


# Entries.


def test_the_entries_are_ordered_by_name(folder: Folder, tree: Path) -> None:
    names = [f"{number:02}" for number in range(40)]
    for name in names:
        write(tree / "many" / name, b"")
    with folder.below("many") as many:
        assert [each.name for each in many.entries()] == names


def test_an_entry_may_be_a_link_that_leads_nowhere(folder: Folder) -> None:
    found = {name: folder.exists(name) for name in ("a.css", "sub", "dangling", "missing")}
    assert found == {"a.css": True, "sub": True, "dangling": True, "missing": False}
    assert stat.S_ISLNK(folder.status_of("link").st_mode)
    assert folder.status_of("a.css").st_size == len(CONTENT)


def test_an_entry_is_opened_unless_it_is_a_link(folder: Folder, tree: Path) -> None:
    umask = os.umask(0)
    try:
        os.close(folder.open("new", NEW_FILE, 0o640))
        os.close(folder.open("own", NEW_FILE))
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tree / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tree / "own").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        folder.open("new", NEW_FILE)
    with pytest.raises(OSError, match=IS_A_LINK):
        folder.open("link", os.O_RDONLY)


@counts_descriptors
def test_a_regular_file_is_read_and_nothing_else(folder: Folder) -> None:
    before = open_descriptors()
    with suppress(ZeroDivisionError), folder.reading("a.css") as descriptor:
        assert os.read(descriptor, 100) == CONTENT
        raise ZeroDivisionError
    for name, number in NOT_READ.items():
        with pytest.raises(FileNotFoundError) as caught, folder.reading(name):
            pass
        assert (caught.value.errno, caught.value.strerror) == (number, os.strerror(number))
    assert open_descriptors() == before


NOT_READ = {
    "sub": errno.ENOENT,
    "fifo": errno.ENOENT,
    "missing": errno.ENOENT,
    "link": errno.ELOOP,
}


@counts_descriptors
def test_a_file_is_opened_through_links(folder: Folder, tree: Path) -> None:
    (tree / "again").symlink_to("link")
    before = open_descriptors()
    for name in ("a.css", "link", "again", "folder-link/b.css"):
        with closing(folder.open_file(name)) as file:
            assert (file.path, file.is_by_path) == (f"{tree}/{name}", False)
            assert file.read_fully(0, file.state.size) == CONTENT
    assert open_descriptors() == before
    for name, reason in {
        "sub": "it is not a regular file",
        "fifo": "it is not a regular file",
        "missing": "it was removed",
        "dangling": "it was removed",
    }.items():
        with pytest.raises(UnavailableError) as caught:
            folder.open_file(name)
        assert str(caught.value) == f"{tree}/{name} is not served: {reason}"
        assert caught.value.gone == (reason == "it was removed")
    assert open_descriptors() == before


@pytest.mark.parametrize("user", [0, 1000])
def test_a_fault_of_the_system_is_no_missing_file(
    user: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not opened in another way either."""
    really_open, failures = os.open, [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]

    def fail_once(*arguments: Any, **options: Any) -> int:
        if failures:
            raise failures.pop()
        return really_open(*arguments, **options)

    with Folder.opened(str(tree)) as folder, monkeypatch.context() as patch:
        patch.setattr(os, "open", fail_once)
        patch.setattr(os, "geteuid", lambda: user)
        with pytest.raises(FileSystemError, match=f"{tree}/a.css cannot be read now: Too many"):
            folder.open_file("a.css")


def test_a_terminal_does_not_become_the_controlling_terminal(fork: Any) -> None:
    """Closing it would end the process with SIGHUP."""
    master, terminal = os.openpty()

    def child() -> None:
        os.setsid()
        parent, name = os.path.split(os.ttyname(terminal))
        with (
            Folder.opened(parent) as folder,
            pytest.raises(UnavailableError, match="it is not a regular file"),
        ):
            folder.open_file(name)
        with pytest.raises(OSError, match="No such device"):
            os.open("/dev/tty", os.O_RDWR)

    status = fork(child)
    os.close(terminal)
    os.close(master)
    assert status == 0


def test_entries_are_renamed_removed_and_linked(folder: Folder, tree: Path) -> None:
    write(tree / "new", b"new")
    (tree / "empty").mkdir()
    folder.replace("new", "a.css")
    folder.unlink("dangling")
    folder.rmdir("empty")
    folder.symlink("sub/b.css", "made")
    assert content_of(tree) == {
        "a.css": b"new",
        "fifo": None,
        "folder-link": None,
        "link": b"new",
        "made": CONTENT,
        "sub": None,
        "sub/b.css": CONTENT,
    }
    assert os.readlink(tree / "made") == "sub/b.css"


def test_an_open_folder_is_used_after_its_path_leads_elsewhere(
    moved: tuple[Folder, Path], tree: Path
) -> None:
    folder, path = moved
    before = content_of(tree)
    assert [each.name for each in folder.entries()] == sorted(os.listdir(path))
    assert folder.status_of("a.css").st_size == len(CONTENT)
    for name in ("a.css", "link"):
        with closing(folder.open_file(name)) as file:
            assert file.read_fully(0, 100) == CONTENT
    with folder.reading("a.css") as descriptor:
        assert os.read(descriptor, 100) == CONTENT
    with folder.below("sub/new", make=0o700), folder.below("sub") as sub:
        assert {each.name for each in sub.entries()} == {"b.css", "new"}
        sub.rmdir("new")
    os.close(folder.open("new", NEW_FILE, 0o600))
    folder.replace("new", "a.css")
    folder.unlink("link")
    folder.symlink("sub", "link")
    assert (path / "a.css").read_bytes() == b""
    assert os.readlink(path / "link") == "sub"
    assert content_of(tree) == before


# Owners of links.


@pytest.mark.parametrize(
    ("effective", "real", "owner", "expected"),
    [
        (1000, 1000, 1000, True),
        (1000, 1000, ANOTHER_USER, True),  # the kernel enforces the permissions
        (1000, 1000, 0, True),
        (0, 0, 0, True),
        (0, 0, 1, False),
        (0, 0, ANOTHER_USER, False),
        (0, 1000, 0, True),
        (0, 1000, 1000, True),
        (0, 1000, ANOTHER_USER, False),
    ],
)
def test_root_trusts_its_own_files_and_those_of_the_user_who_runs_it(
    effective: int, real: int, owner: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: effective)
    monkeypatch.setattr(os, "getuid", lambda: real)
    status = os.stat_result((0, 0, 0, 0, owner, 0, 0, 0, 0, 0))
    assert is_root() is (effective == 0)
    assert is_trusted(status) is expected


def test_there_is_no_root_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.delattr(os, "getuid")
    assert not is_root()
    assert is_trusted(os.stat_result((0,) * 10))


def test_only_root_distinguishes_links_by_owner(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        give_away(tree / "link")
    monkeypatch.setattr(os, "geteuid", lambda: ANOTHER_USER)
    with Folder.opened(str(tree)) as root:
        assert not root.is_foreign_link("link")
        assert not root.is_foreign_link("missing")
        with closing(root.open_file("link")) as file:
            assert file.read_fully(0, 100) == CONTENT


@pytest.mark.parametrize("user", [0, 1000])
def test_root_follows_no_link_where_no_link_can_be_opened(
    user: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems without O_PATH."""
    monkeypatch.setattr(module, "_LINK_ITSELF", module._NO_LINK)
    with Folder.opened(str(tree)) as folder, monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: user)
        if user:
            folder.open_file("link").close()
        else:
            with pytest.raises(UnavailableError, match=IS_A_LINK):
                folder.open_file("link")


@as_root
def test_on_windows_links_have_no_owner(folder: Folder, tree: Path) -> None:
    give_away(tree / "link")
    is_on_windows = not module._BY_DESCRIPTOR
    assert folder.is_foreign_link("link") is not is_on_windows


@as_root
@counts_descriptors
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("link", "a.css"),
        ("over-a-folder", "folder-link/b.css"),
        ("up", "sub/.././sub//b.css"),
        ("twice", "link"),
        ("absolute", "{tree}/folder-link/b.css"),
    ],
)
def test_root_follows_its_own_links_only(tree: Path, name: str, target: str) -> None:
    with suppress(FileExistsError):
        (tree / name).symlink_to(target.format(tree=tree))
    before = open_descriptors()
    with Folder.opened(str(tree)) as root:
        assert root.is_foreign_link(name) is False
        assert open_descriptors() == before + 1
        with closing(root.open_file(name)) as file:
            assert file.read_fully(0, 100) == CONTENT
        give_away(*(tree / each for each in ("link", "folder-link")))
        is_foreign = name != "up"
        assert root.is_foreign_link(name) is is_foreign
        if is_foreign:
            reason = f"{tree}/{name} is not served: it is a link of another user"
            with pytest.raises(UnavailableError, match=reason):
                root.open_file(name)
    assert open_descriptors() == before


def test_the_error_for_a_link_of_another_user_has_a_number_and_a_reason() -> None:
    error = ForeignLinkError()
    assert (error.errno, error.strerror) == (errno.EPERM, "it is a link of another user")


@as_root
@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("made", errno.ELOOP),
        ("missing", errno.ENOENT),
        ("a.css/a", errno.ENOTDIR),
    ],
)
def test_a_link_that_leads_nowhere_is_an_error(tree: Path, target: str, number: int) -> None:
    (tree / "made").symlink_to(target)
    with Folder.opened(str(tree)) as folder, pytest.raises(OSError) as caught:  # noqa: PT011
        folder.is_foreign_link("made")
    assert (caught.value.errno, caught.value.strerror) == (number, os.strerror(number))


@as_root
def test_root_follows_as_many_links_as_the_system(tree: Path) -> None:
    names = ["a.css", *(f"{number}.css" for number in range(1, 42))]
    for target, name in pairwise(names):
        (tree / name).symlink_to(target)
    with Folder.opened(str(tree)) as folder:
        with closing(folder.open_file("40.css")) as file:
            assert file.state.size == (tree / "40.css").stat().st_size
        with pytest.raises(OSError, match=IS_A_LINK):
            folder.is_foreign_link("41.css")
    with pytest.raises(OSError, match=IS_A_LINK):
        (tree / "41.css").stat()


@as_root
def test_root_does_not_follow_a_link_that_appears_after_the_others(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last file is opened twice: as an entry of any kind, and then for reading."""
    (tree / "made").symlink_to("a.css")
    really_open = os.open

    def replace_then_open(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if path == "a.css" and not flags & os.O_PATH:
            (tree / "a.css").unlink()
            (tree / "a.css").symlink_to("sub/b.css")
        return really_open(path, flags, *more, **options)

    with Folder.opened(str(tree)) as folder:
        monkeypatch.setattr(os, "open", replace_then_open)
        with pytest.raises(UnavailableError, match=IS_A_LINK):
            folder.open_file("made")


# Everything below a folder.


def walked(folder: Folder, on_error: Callable[[str, str], object]) -> list[tuple[str, list[str]]]:
    return [
        (below, [each.name for each in entries])
        for below, opened, entries in walk(folder, on_error)
        if opened.path == folder.path_of(below).removesuffix("/")
    ]


def refuse(path: str, message: str) -> None:
    raise AssertionError(message)


def test_a_walk_is_in_a_fixed_order_and_follows_no_link(folder: Folder, tree: Path) -> None:
    for path in ("sub/y/1", "sub/x/1", "sub/x/deep/1", "z/1", "c/1"):
        write(tree / path, b"")
    assert walked(folder, refuse) == [
        ("", ["a.css", "dangling", "fifo", "folder-link", "link"]),
        ("c/", ["1"]),
        ("sub/", ["b.css"]),
        ("sub/x/", ["1"]),
        ("sub/x/deep/", ["1"]),
        ("sub/y/", ["1"]),
        ("z/", ["1"]),
    ]


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_listed(
    folder: Folder, tree: Path
) -> None:
    write(tree / "c" / "1", b"")
    errors: list[tuple[str, str]] = []
    found = []
    for below, _, _ in walk(folder, lambda *each: errors.append(each)):
        found.append(below)
        if below == "":
            write(tree / "z" / "1", b"")
            (tree / "c").rename(tree / "moved")
    assert found == ["", "sub/"]
    path = f"{tree}/c"
    assert errors == [(path, f"{path} cannot be listed: No such file or directory")]


def test_a_root_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    errors: list[tuple[str, str]] = []
    path = str(tmp_path / "missing")
    assert list(walk(Folder(path, None), lambda *each: errors.append(each))) == []
    assert errors == [(path, f"{path} cannot be listed: No such file or directory")]


@pytest.mark.parametrize("path", ["/", "/tmp"])
def test_a_root_without_permission_is_named(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_access(folder: Folder) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Folder, "entries", refuse_access)
    errors: list[tuple[str, str]] = []
    assert list(walk(Folder(path, None), lambda *each: errors.append(each))) == []
    assert errors == [(path, f"{path} cannot be listed: Permission denied")]
