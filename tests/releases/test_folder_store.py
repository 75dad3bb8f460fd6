"""Stores in folders: atomic files, their mode and date, what is removed, and what is served."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.builds import contents_of
from tests.helpers.clients import Serve
from tests.helpers.files import MTIME, write
from whitenoise_async.files.draft import Draft
from whitenoise_async.files.folder import Folder
from whitenoise_async.releases.build import BuiltFile
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.folder_store import FolderStore

FILE = BuiltFile("a/b.txt", 3, "digest", False, {}, mode=0o640, mtime_ns=MTIME * 10**9)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "store"))


@pytest.fixture
def root(store: FolderStore) -> Path:
    path = Path(store.name)
    path.mkdir()
    return path


def test_a_missing_folder_is_an_empty_store(store: FolderStore) -> None:
    assert store.read_manifest() is None
    assert store.list_files() == {}
    assert not Path(store.name).exists()
    with store.locked(lambda: None):
        assert Path(store.name).is_dir()


def test_a_file_is_written_with_its_mode_and_date(store: FolderStore, root: Path) -> None:
    store.put(FILE, iter([b"ab", b"c"]))
    status = (root / "a" / "b.txt").stat()
    assert (root / "a" / "b.txt").read_bytes() == b"abc"
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, MTIME)
    assert store.list_files() == {"a/b.txt": 3}
    assert store.state(FILE, None).tag == FILE.tag


def test_nothing_is_left_of_a_file_that_fails(store: FolderStore, root: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"ab"
        raise PublishError("it was changed")

    with pytest.raises(PublishError, match="it was changed"):
        store.put(FILE, pieces())
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_links_and_folders_have_no_state(store: FolderStore, root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "b.txt").symlink_to("elsewhere")
    assert store.state(FILE, None) == ("", "")
    store.put(FILE, iter([b"abc"]))  # replaces the link
    assert not (root / "a" / "b.txt").is_symlink()
    assert store.state(FILE._replace(path="gone/x"), None) == ("", "")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a", "a cannot be written, because a is a folder in the store; nothing was changed"),
        ("a/b.txt/c/d", "d cannot be written, because a/b.txt is not a folder in the store"),
    ],
)
def test_a_path_is_a_file_or_a_folder_in_all_releases(
    store: FolderStore, root: Path, path: str, message: str
) -> None:
    write(root / "a" / "b.txt", b"b")
    store.list_files()
    store.require_paths(["a/b.txt", "a/c/d.txt", "b"])
    with pytest.raises(PublishError, match=message):
        store.require_paths(["b", path])


def test_removing_a_file_removes_empty_folders(store: FolderStore, root: Path) -> None:
    write(root / "a" / "b" / "c.txt", b"c")
    write(root / "a" / "d.txt", b"d")
    store.remove(["a/b/c.txt", "a/b/gone.txt"])
    assert sorted(path.name for path in root.rglob("*")) == ["a", "d.txt"]
    store.remove(["a/d.txt"])
    assert list(root.iterdir()) == []


def test_unfinished_files_of_killed_runs_are_removed(store: FolderStore, root: Path) -> None:
    write(root / "a" / ".whitenoise_async-0123.tmp", b"half")
    (root / "gone").mkdir()
    write(root / "gone" / ".whitenoise_async-0124.tmp", b"half")
    assert store.list_files() == {}
    (root / "gone" / ".whitenoise_async-0124.tmp").unlink()
    store.prepare()
    assert [path.name for path in root.rglob("*") if path.is_file()] == [".whitenoise_async-store"]


def test_the_marker_is_no_link(store: FolderStore, root: Path, tmp_path: Path) -> None:
    """A run as root must not create a file to which another user's link leads."""
    (root / ".whitenoise_async-store").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PublishError, match=r"\.whitenoise_async-store cannot be written"):
        store.prepare()
    assert not (tmp_path / "elsewhere").exists()


def test_errors_name_the_file(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Draft, data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "write", full)
        with pytest.raises(PublishError, match=r"a/b\.txt cannot be written: No space left"):
            store.put(FILE, iter([b"abc"]))
        with pytest.raises(PublishError, match=r"releases\.json cannot be written: No space left"):
            store.write_manifest(b"{}")
    (root / "releases.json").mkdir()
    with pytest.raises(PublishError, match=r"releases\.json cannot be read: Is a directory"):
        store.read_manifest()
    with pytest.raises(PublishError, match="a cannot be removed: "):
        store.remove(["a"])


def test_a_folder_that_cannot_be_listed_is_an_error(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Folder) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Folder, "entries", fails)
    with pytest.raises(PublishError, match="cannot be listed: Permission denied"):
        store.list_files()


def test_the_manifest_of_a_store_is_not_served(
    store: FolderStore, root: Path, serve: Serve, autorefresh: bool
) -> None:
    write(root / "releases.json", b"{}" * 100, compressed=True)
    write(root / "sub" / "releases.json", b"{}")
    write(root / "a.txt", b"a")
    get = serve(str(root), autorefresh=autorefresh)
    assert get("/releases.json").status == 200  # an ordinary folder
    store.prepare()
    get = serve(str(root), autorefresh=autorefresh)
    found = {path: get(f"/{path}").status for path in contents_of(root)}
    assert found.pop("releases.json") == found.pop("releases.json.gz") == 404
    assert set(found.values()) == {200}
