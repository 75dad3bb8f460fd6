"""Equal files are compressed once, and each gets right variants."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_trees import (
    ALL,
    OTHER,
    TEXT,
    Listener,
    below,
    count_compressions,
    require_right,
    told,
    with_variants,
)
from tests.helpers.files import MTIME, write
from whitenoise_async.compression import Failure, check_tree, compress_tree, writer
from whitenoise_async.compression.encoders import ENCODINGS
from whitenoise_async.compression.listing import list_tree
from whitenoise_async.files.draft import Draft
from whitenoise_async.files.folder import Folder
from whitenoise_async.support import threads

NAMES = ["a.js", "a.0123456789ab.js", "deep/b.js"]


@pytest.fixture
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The encoding of each compression."""
    return count_compressions(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        write(tmp_path / name, TEXT, mtime=MTIME + number).chmod(0o640 + number)
    return tmp_path


def test_equal_files_are_compressed_once_and_each_keeps_its_own_mode_and_date(
    root: Path, compressions: list[str]
) -> None:
    report = compress_tree(root, jobs=1)
    assert sorted(compressions) == sorted(ENCODINGS)
    assert below(root) == with_variants(*NAMES)
    assert set(told(report).values()) == {"written"}
    require_right(root)
    assert set(told(compress_tree(root)).values()) == {"unchanged"}


def test_different_files_of_the_same_size_are_not_confused(
    root: Path, compressions: list[str]
) -> None:
    write(root / "other.js", OTHER)
    compress_tree(root, jobs=1)
    assert len(compressions) == 2 * len(ENCODINGS)
    require_right(root)


def spoil(path: Path) -> None:
    path.write_bytes(b"not what was written")


@pytest.mark.parametrize("change", [Path.unlink, spoil])
def test_a_variant_changed_during_the_run_does_not_spoil_the_next_one_of_the_same_content(
    root: Path, compressions: list[str], change: Callable[[Path], None]
) -> None:
    def happen() -> None:
        for path in [path for path in root.rglob("*") if path.suffix in ALL]:
            change(path)

    listener = Listener(happen)
    compress_tree(root, jobs=1, watcher=listener)
    assert sorted(compressions) == sorted(ENCODINGS)
    compress_tree(root)
    require_right(root)


def test_large_equal_files_are_compressed_once_in_each_encoding(
    root: Path, compressions: list[str]
) -> None:
    for name in NAMES:
        write(root / name, TEXT * 1000)
    compress_tree(root, jobs=1, levels={"br": 1, "zstd": 1, "gzip": 1})
    assert sorted(compressions) == sorted(ENCODINGS)
    require_right(root)


# Changes between assessment and compression.


class Changing(Listener):
    """Makes a change after the assessment."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self.change = change

    def on_start(self, size: int) -> None:
        self.change()


def test_a_large_file_that_changes_after_it_was_read_is_named_once(root: Path) -> None:
    path = write(root / "large.txt", bytes(1024 * 1024))
    for work in (compress_tree, check_tree):
        listener = Changing(lambda: write(path, b"\1" + path.read_bytes()[1:]))
        report = work(root, include=["large.txt"], jobs=1, watcher=listener)
        reason = f"{path} cannot be compressed: it was changed during this run"
        assert report.failures == [Failure(str(path), reason)]
        path.write_bytes(bytes(1024 * 1024))
    assert not compress_tree(root).failures
    require_right(root)


def test_a_folder_that_vanishes_after_listing_is_named_and_its_variants_stay_recorded(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress_tree(root)

    def list_and_move(*arguments: Any) -> Any:
        listing = list_tree(*arguments)
        (root / "deep").rename(root.parent / "moved")
        return listing

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.compression.assess.list_tree", list_and_move)
        report = compress_tree(root)
    deep = str(root / "deep")
    assert report.failures == [Failure(deep, f"{deep} cannot be read: No such file or directory")]
    (root.parent / "moved").rename(deep)
    assert set(told(compress_tree(root)).values()) == {"unchanged"}


def test_a_variant_that_changes_before_it_is_removed_stays(root: Path) -> None:
    compress_tree(root)
    (root / "a.js").unlink()
    listener = Listener(lambda: write(root / "a.js.zst", b"somebody's"))
    report = compress_tree(root, watcher=listener)
    variant = f"{root}/a.js.zst"
    assert report.failures == [
        Failure(variant, f"{variant} was changed during this run: compress again")
    ]
    assert (root / "a.js.zst").read_bytes() == b"somebody's"


def test_an_unneeded_variant_that_cannot_be_removed_is_named_and_stays_recorded(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress_tree(root)

    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fail)
        assert len(compress_tree(root, min_saving=100).failures) == 9
    assert set(told(compress_tree(root, min_saving=100)).values()) == {"removed"}


def test_a_link_that_cannot_be_examined_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (root / "link.js").symlink_to("a.js")
    monkeypatch.setattr(Folder, "is_foreign_link", fail)
    link = f"{root}/link.js"
    failure = Failure(link, f"{link} cannot be examined: Input/output error")
    assert compress_tree(root).failures == [failure]


def test_signals_are_handled_during_a_long_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_CHECK_INTERVAL", 0.01)
    done: list[int] = []

    def work(job: int) -> None:
        time.sleep(0.1)
        done.append(job)

    threads.run_in_threads(work, [1, 2], 1, threads.Stop())
    assert done == [1, 2]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_cannot_be_written_to_fails_once(
    root: Path, compressions: list[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    make_draft = Draft

    def draft(folder: Folder, name: str) -> Any:
        if folder.path.endswith("deep"):
            raise OSError(number, os.strerror(number))
        return make_draft(folder, name)

    monkeypatch.setattr(writer, "Draft", draft)
    write(root / "deep" / "other.js", OTHER)
    report = compress_tree(root, jobs=1)
    deep = f"{root}/deep"
    reason = f"{deep} cannot be written to: {os.strerror(number)}"
    assert report.failures == [Failure(deep, reason)]
    assert set(below(root)) == {*with_variants(*NAMES[:2]), NAMES[2], "deep/other.js"}
    # At most one content was compressed before the folder failed.
    assert len(compressions) <= len(ENCODINGS) + 1
