"""Compress, check and clean whole trees, with real libraries and a real file system."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.helpers.file_trees import (
    ALL,
    DECODERS,
    NOISE,
    OTHER,
    SUFFIXES,
    TEXT,
    Listener,
    at,
    below,
    contents,
    count_compressions,
    counted,
    require_right,
    snapshot,
    told,
    with_variants,
    write_quietly,
)
from tests.helpers.files import MTIME, write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async import WhiteNoise
from whitenoise_async.compression import (
    Action,
    EncodingError,
    Failure,
    Outcome,
    Report,
    check_tree,
    clean_tree,
    compress_tree,
)
from whitenoise_async.compression.errors import CompressionError
from whitenoise_async.compression.originals import OpenOriginal
from whitenoise_async.compression.record import NAME, Record
from whitenoise_async.files.codings import STORE_MARKER
from whitenoise_async.files.content import PIECE
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.files.folder import Folder
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.support.threads import Stop

MTIME_NS = MTIME * 10**9 + 123_456_789


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Files that compress, a file that does not, a small one, and one that is left out."""
    root = tmp_path / "site"
    write(root / "app.js", TEXT)
    write(root / "css" / "deep" / "site.css", TEXT[:1500]).chmod(0o600)
    write(root / "noise.bin", NOISE)
    write(root / "small.txt", b"a" * 99)
    write(root / "image.png", TEXT)
    return root


@pytest.fixture
def compressed(site: Path) -> Path:
    """The site with its variants."""
    compress_tree(site)
    return site


@pytest.fixture(autouse=True)
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The encoding of each compression."""
    return count_compressions(monkeypatch)


@pytest.fixture(autouse=True)
def _the_disk_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """``tests/files/test_draft.py`` checks that files are flushed to the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


VARIANTS = with_variants("app.js", "css/deep/site.css")
MADE = {
    **dict.fromkeys((f"app.js{suffix}" for suffix in ALL), "written"),
    **dict.fromkeys((f"css/deep/site.css{suffix}" for suffix in ALL), "written"),
    **dict.fromkeys((f"noise.bin{suffix}" for suffix in ALL), "not worth it"),
}
UNCHANGED = {name: "unchanged" if what == "written" else what for name, what in MADE.items()}


def require_quiet(root: Path, **options: Any) -> None:
    """Require that a run compresses and writes nothing."""
    before, listener = snapshot(root), Listener()
    report = compress_tree(root, watcher=listener, **options)
    assert (listener.begun, listener.advanced, report.failures) == ([0], [], [])
    assert {each.action for each in report.outcomes} <= {Action.UNCHANGED, Action.NOT_WORTH}
    assert snapshot(root) == before


def test_a_compressible_file_gets_a_variant_in_each_encoding(site: Path) -> None:
    before = contents(site)
    report = compress_tree(site)
    assert told(report) == MADE
    assert below(site) == sorted([*VARIANTS, "image.png", "noise.bin", "small.txt"])
    assert {name: contents(site)[name] for name in before} == before
    require_right(site)
    assert not report.failures


def test_a_second_run_compresses_nothing_and_writes_nothing(
    compressed: Path, compressions: list[str]
) -> None:
    compressions.clear()
    require_quiet(compressed)
    assert told(compress_tree(compressed)) == UNCHANGED
    assert compressions == []


@pytest.mark.parametrize("root", ["", "."])
def test_a_root_may_be_relative_or_a_link(
    site: Path, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    link = site.parent / "link"
    link.symlink_to("site")
    monkeypatch.chdir(site.parent)
    assert told(compress_tree("site")) == MADE
    require_quiet(link)
    monkeypatch.chdir(site)
    require_quiet(Path(root))
    assert compress_tree(f"../site/{root}").root == f"../site/{root}"


def test_a_root_that_is_not_a_folder_is_refused(site: Path) -> None:
    for work in (compress_tree, check_tree, clean_tree):
        for root in (site / "missing", site / "app.js"):
            with pytest.raises(NotADirectoryError, match=f"{root} is not a directory"):
                work(root)


def test_a_store_of_releases_is_not_compressed(site: Path) -> None:
    write(site / STORE_MARKER, b"")
    for dry_run in (False, True):
        with pytest.raises(CompressionError, match=f"{site} is a store of releases: compress the"):
            compress_tree(site, dry_run=dry_run)
    assert check_tree(site, encodings=["gzip"]).problems
    assert clean_tree(site).outcomes == []


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    report = compress_tree(tmp_path)
    assert (report.files, report.size, report.outcomes, report.failures) == (0, 0, [], [])
    assert list(tmp_path.iterdir()) == []


# What happens to app.js or its .gz between two runs.


def change_quietly(root: Path) -> None:
    write_quietly(root / "app.js", OTHER)


def replace_quietly(root: Path) -> None:
    """Move another file of the same size and date into place."""
    os.rename(write(root.parent / "other", OTHER), root / "app.js")


def change(root: Path) -> None:
    write(root / "app.js", OTHER * 2, mtime=MTIME + 5)


def touch(root: Path) -> None:
    os.utime(root / "app.js", ns=(MTIME_NS, MTIME_NS))


def touch_to_and_fro(root: Path) -> None:
    os.utime(root / "app.js", (0, 0))
    os.utime(root / "app.js", (MTIME, MTIME))


def chmod(root: Path) -> None:
    (root / "app.js").chmod(0o640)


def remove_variant(root: Path) -> None:
    (root / "app.js.gz").unlink()


def change_variant_quietly(root: Path) -> None:
    path = root / "app.js.gz"
    write_quietly(path, bytes(path.stat().st_size))


def replace_variant(root: Path) -> None:
    write(root / "app.js.gz", gzip.compress(OTHER))


def replace_variant_by_a_right_one(root: Path) -> None:
    write(root / "app.js.gz", gzip.compress(TEXT, 1))


def make_variant_a_link(root: Path) -> None:
    os.rename(root / "app.js.gz", root.parent / "precious")
    (root / "app.js.gz").symlink_to("../precious")


def make_variant_a_link_inside(root: Path) -> None:
    write(root / "elsewhere.bin", (root / "app.js.gz").read_bytes())
    (root / "app.js.gz").unlink()
    (root / "app.js.gz").symlink_to("elsewhere.bin")


def chmod_variant(root: Path) -> None:
    (root / "app.js.gz").chmod(0o600)


def touch_variant(root: Path) -> None:
    os.utime(root / "app.js.gz")


def rewrite_variant(root: Path) -> None:
    """Write it as a copy without dates would."""
    path = root / "app.js.gz"
    path.write_bytes(path.read_bytes())


@pytest.mark.parametrize(
    ("happen", "expected", "compressed_anew"),
    [
        (change_quietly, {"*": "written"}, 3),
        (replace_quietly, {"*": "written"}, 3),
        (change, {"*": "written"}, 3),
        (touch, {"*": "adjusted"}, 0),
        (touch_to_and_fro, {"*": "unchanged"}, 0),
        (chmod, {"*": "adjusted"}, 0),
        (remove_variant, {".gz": "written"}, 1),
        (change_variant_quietly, {".gz": "written"}, 1),
        (replace_variant, {".gz": "written"}, 1),
        (replace_variant_by_a_right_one, {".gz": "written"}, 1),
        (make_variant_a_link, {".gz": "written"}, 1),
        (chmod_variant, {".gz": "adjusted"}, 0),
        (touch_variant, {".gz": "adjusted"}, 0),
        (rewrite_variant, {".gz": "adjusted"}, 0),
    ],
)
def test_a_change_between_two_runs_is_detected_and_repaired_with_minimal_work(
    compressed: Path,
    compressions: list[str],
    happen: Callable[[Path], object],
    expected: dict[str, str],
    compressed_anew: int,
) -> None:
    require_quiet(compressed)
    happen(compressed)
    compressions.clear()
    report = compress_tree(compressed)
    assert told(report) == {
        **UNCHANGED,
        **{f"app.js{each}": expected.get(each, expected.get("*", "unchanged")) for each in ALL},
    }
    assert len(compressions) == compressed_anew
    require_right(compressed)
    assert not any(path.is_symlink() for path in compressed.rglob("*"))
    require_quiet(compressed)


def test_a_link_in_place_of_a_variant_is_replaced_and_its_target_stays(
    compressed: Path,
) -> None:
    make_variant_a_link_inside(compressed)
    linked = snapshot(compressed)[f"{compressed}/elsewhere.bin"]
    report = compress_tree(compressed)
    assert told(report)["app.js.gz"] == "written"
    assert not (compressed / "app.js.gz").is_symlink()
    assert snapshot(compressed)[f"{compressed}/elsewhere.bin"] == linked
    require_quiet(compressed)


def copy_by_python(one: Path, other: Path) -> None:
    shutil.copytree(one, other)


def copy_by_cp(one: Path, other: Path) -> None:
    subprocess.run(["cp", "-a", one, other], check=True)


def copy_without_dates(one: Path, other: Path) -> None:
    shutil.copytree(one, other, copy_function=shutil.copy)


@pytest.mark.parametrize(
    ("copy", "action"),
    [(copy_by_python, "unchanged"), (copy_by_cp, "unchanged"), (copy_without_dates, "adjusted")],
)
def test_nothing_is_compressed_in_a_copied_tree(
    compressed: Path, compressions: list[str], copy: Callable[[Path, Path], None], action: str
) -> None:
    other = compressed.parent / "other"
    copy(compressed, other)
    compressions.clear()
    report = compress_tree(other)
    changed = {name: action if what == "unchanged" else what for name, what in UNCHANGED.items()}
    assert told(report) == changed
    assert compressions == []
    require_quiet(other)
    require_quiet(compressed)


def test_a_quietly_changed_copy_is_not_trusted(compressed: Path) -> None:
    other = compressed.parent / "other"
    shutil.copytree(compressed, other)
    change_quietly(other)
    assert told(compress_tree(other))["app.js.gz"] == "written"
    require_right(other)


@pytest.mark.parametrize("happen", [change_quietly, change_variant_quietly, remove_variant])
@pytest.mark.parametrize(
    "between",
    [{"exclude": ["app.*"]}, {"include": ["*.css"]}, {"encodings": ["zstd"]}],
    ids=["excluded", "not included", "another encoding"],
)
def test_a_change_is_detected_after_a_run_that_left_the_file_out(
    compressed: Path, happen: Callable[[Path], object], between: dict[str, Any]
) -> None:
    """The run between has other work, so that it writes the record."""
    happen(compressed)
    write_quietly(compressed / "css" / "deep" / "site.css", OTHER[:1500])
    compress_tree(compressed, **between)
    compress_tree(compressed)
    require_right(compressed)
    assert [*filter(os.path.exists, (f"{compressed}/app.js{suffix}" for suffix in ALL))]
    assert set(VARIANTS) <= set(below(compressed))
    require_quiet(compressed)


def test_unchanged_files_that_a_run_left_out_are_not_compressed_again(compressed: Path) -> None:
    write_quietly(compressed / "css" / "deep" / "site.css", OTHER[:1500])
    compress_tree(compressed, exclude=["app.*"])
    write_quietly(compressed / "css" / "deep" / "site.css", TEXT[:1500])
    compress_tree(compressed, exclude=["app.*"], encodings=["gzip"])
    compress_tree(compressed, encodings=["gzip"])
    listener = Listener()
    compress_tree(compressed, include=["app.js"], watcher=listener)
    assert listener.begun == [0]


def linked(root: Path) -> Path:
    write(root / "v1" / "app.js", TEXT)
    write(root / "v2" / "app.js", OTHER)
    (root / "direct.js").symlink_to("v1/app.js")
    (root / "absolute.js").symlink_to(root / "v1" / "app.js")
    (root / "latest").symlink_to("v1")
    (root / "over-a-folder.js").symlink_to("latest/app.js")
    (root / "over-a-link.js").symlink_to("direct.js")
    return root


def test_a_link_to_a_file_inside_has_variants_of_its_own(
    tmp_path: Path, compressions: list[str]
) -> None:
    root = linked(tmp_path)
    (root / "over-a-folder.js").unlink()
    (root / "over-a-link.js").unlink()
    compress_tree(root)
    require_right(root)
    names = ["v1/app.js", "v2/app.js", "direct.js", "absolute.js"]
    assert below(root) == sorted([*with_variants(*names), "latest"])
    assert not any(path.is_symlink() for suffix in ALL for path in root.rglob(f"*{suffix}"))
    compressions.clear()
    require_quiet(root)
    assert compressions == []


def test_a_link_with_a_new_target_is_detected(tmp_path: Path, compressions: list[str]) -> None:
    """The new target has the same length and date."""
    root = linked(tmp_path)
    compress_tree(root)
    compress_tree(root)
    elsewhere = {"direct.js": "v2/app.js", "latest": "v2", "absolute.js": str(root / "v2/app.js")}
    for name, target in elsewhere.items():
        (root / name).unlink()
        (root / name).symlink_to(target)
    compressions.clear()
    report = compress_tree(root, jobs=1)
    require_right(root)
    changed = {name for name, action in told(report).items() if action == "written"}
    assert {name.partition(".js")[0] for name in changed} == {
        *("direct", "absolute", "over-a-folder", "over-a-link")
    }
    assert (report.files, len(compressions)) == (6, 3)  # all links lead to the same file
    compress_tree(root)
    assert len(compressions) == 3


def test_links_that_lead_outside_or_nowhere_or_to_folders_are_skipped(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    write(outside / "secret.txt", TEXT)
    root = tmp_path / "site"
    write(root / "folder" / "app.js", TEXT)
    for name, target in [
        ("out.txt", "../outside/secret.txt"), ("out", "../outside"), ("nowhere.txt", "missing"),
        ("itself.txt", "itself.txt"), ("folder.js", "folder"), ("up", ".."),
        ("beside.txt", f"../{root.name}-beside/a.txt"), ("device.txt", "/dev/zero"),
    ]:  # fmt: skip
        (root / name).symlink_to(target)
    write(tmp_path / "site-beside" / "a.txt", TEXT)
    before = snapshot(outside)
    assert set(told(compress_tree(root))) == {f"folder/app.js{suffix}" for suffix in ALL}
    assert snapshot(outside) == before
    assert set(with_variants("folder/app.js")) < set(below(root))
    require_quiet(root)


def test_a_file_that_became_a_link_to_the_outside_loses_its_variants(compressed: Path) -> None:
    (compressed / "app.js").rename(compressed.parent / "app.js")
    (compressed / "app.js").symlink_to("../app.js")
    report = compress_tree(compressed)
    assert {name for name, what in told(report).items() if what == "removed"} == {
        f"app.js{suffix}" for suffix in ALL
    }
    assert (compressed.parent / "app.js").read_bytes() == TEXT


# Variants that are kept or removed.


def test_variants_that_no_longer_save_enough_are_removed_and_written_again_once_they_do(
    compressed: Path, compressions: list[str]
) -> None:
    sizes = {suffix: (compressed / f"app.js{suffix}").stat().st_size for suffix in ALL}
    most = 100 - 100 * (min(sizes.values()) + 0.5) / len(TEXT)
    compressions.clear()
    report = compress_tree(compressed, min_saving=most, include=["app.js"])
    kept = min(sizes, key=lambda suffix: sizes[suffix])
    assert len({*sizes.values()}) == 3
    removed = {f"app.js{suffix}": "removed" for suffix in ALL if suffix != kept}
    assert told(report) == {f"app.js{kept}": "unchanged", **removed}
    assert {each.reason for each in report.outcomes} == {"", "it no longer saves enough"}
    assert compressions == []
    require_quiet(compressed, min_saving=most, include=["app.js"])
    report = compress_tree(compressed, min_saving=0, include=["app.js"])
    assert told(report) == {**dict.fromkeys(removed, "written"), f"app.js{kept}": "unchanged"}
    assert len(compressions) == 2
    require_quiet(compressed, min_saving=0, include=["app.js"])


def test_a_file_below_the_minimum_size_loses_its_variants(
    compressed: Path, compressions: list[str]
) -> None:
    compressions.clear()
    for _ in range(2):
        report = compress_tree(compressed, min_size=len(TEXT))
        assert set(with_variants("app.js")) < set(below(compressed))
        assert "css/deep/site.css.gz" not in below(compressed)
    assert told(report)["css/deep/site.css.gz"] == "not worth it"
    assert compressions == []
    assert counted(compress_tree(compressed)) == {"not worth it": 3, "unchanged": 3, "written": 3}
    require_quiet(compressed)


@pytest.mark.parametrize(
    ("content", "tried"), [(b"a" * 99, 0), (b"", 0), (NOISE, 3)], ids=["small", "empty", "noise"]
)
def test_a_file_that_is_no_longer_worth_compressing_loses_its_variants(
    compressed: Path, compressions: list[str], content: bytes, tried: int
) -> None:
    write(compressed / "app.js", content)
    compressions.clear()
    report = compress_tree(compressed, include=["app.js"])
    assert told(report) == {f"app.js{suffix}": "removed" for suffix in ALL}
    assert not {*with_variants("app.js")[1:]} & {*below(compressed)}
    assert len(compressions) == tried
    require_quiet(compressed, include=["app.js"])


@pytest.mark.parametrize("gone", ["unlink", "moved", "made a folder", "made a FIFO"])
def test_variants_of_a_removed_file_are_removed(compressed: Path, gone: str) -> None:
    (compressed / "app.js").rename(compressed.parent / "app.js")
    if gone == "moved":
        (compressed.parent / "app.js").rename(compressed / "app-2.js")
    elif gone == "made a folder":
        (compressed / "app.js").mkdir()
    elif gone == "made a FIFO":
        os.mkfifo(compressed / "app.js")
    report = compress_tree(compressed)
    removed = [each for each in report.outcomes if each.action is Action.REMOVED]
    assert {each.path + SUFFIXES[each.encoding] for each in removed} == {
        f"app.js{suffix}" for suffix in ALL
    }
    assert {each.reason for each in removed} == {"its original is gone"}
    assert all((each.bytes_after or 0) > 0 for each in removed)
    assert not [name for name in below(compressed) if name.startswith("app.js.")]
    assert "app.js" not in Record(at(compressed)).files
    require_quiet(compressed)


def test_another_level_or_library_version_compresses_its_variants_again(
    compressed: Path, compressions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compressions.clear()
    report = compress_tree(compressed, levels={"br": 4})
    assert {name[-3:] for name, what in told(report).items() if what == "written"} == {".br"}
    assert compressions == ["br"] * 3
    require_quiet(compressed, levels={"br": 4})
    require_right(compressed)
    compress_tree(compressed)
    compressions.clear()
    monkeypatch.setattr(brotli, "version", "99.0")
    assert set(told(compress_tree(compressed)).values()) == {"unchanged", "not worth it"}
    assert compressions == ["br"] * 3
    require_quiet(compressed)


def test_without_a_library_its_variants_stay_until_they_are_outdated(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    require_quiet(compressed)
    assert set(VARIANTS) <= set(below(compressed))
    change_quietly(compressed)
    report = compress_tree(compressed)
    assert told(report)["app.js.br"] == "removed"
    assert told(report)["app.js.gz"] == "written"
    assert "its original has changed" in {each.reason for each in report.outcomes}
    assert "css/deep/site.css.br" in below(compressed)
    require_quiet(compressed)


def test_an_outdated_foreign_variant_in_an_encoding_that_was_not_requested_stays(
    compressed: Path,
) -> None:
    write(compressed / "app.js.br", b"somebody's")
    change_quietly(compressed)
    compress_tree(compressed, encodings=["gzip", "zstd"])
    assert (compressed / "app.js.br").read_bytes() == b"somebody's"


# Foreign variants.


@pytest.mark.parametrize("content", [gzip.compress(TEXT, 1), gzip.compress(OTHER), b""], ids=len)
def test_a_foreign_variant_is_replaced_where_ours_saves_enough(site: Path, content: bytes) -> None:
    write(site / "app.js.gz", content)
    report = compress_tree(site)
    assert told(report)["app.js.gz"] == "written"
    assert [each.encoding for each in report.outcomes if "did not make" in each.reason] == ["gzip"]
    require_right(site)
    require_quiet(site)


def test_a_file_that_is_not_a_variant_is_named_and_not_replaced(site: Path) -> None:
    path = write(site / "app.js.gz", b"precious")
    for _ in range(2):
        report = compress_tree(site)
        (failure,) = report.failures
        assert failure.path == str(path)
        assert failure.reason.startswith(
            f"{path} is not a gzip file, and this tool did not write it: move"
        )
        assert path.read_bytes() == b"precious"
    path.unlink()
    assert not compress_tree(site).failures
    require_right(site)
    require_quiet(site)


def test_a_folder_that_replaces_another_one_is_checked(compressed: Path) -> None:
    """A move changes neither its content nor, with equal dates and sizes, its state."""
    folder, moved = compressed / "css" / "deep", compressed.parent / "moved"
    shutil.copytree(folder, moved, symlinks=True)
    edited = moved / "site.css"
    status = edited.stat()
    edited.write_bytes(edited.read_bytes().swapcase())
    os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    for name in os.listdir(moved):
        os.utime(moved / name, ns=(status.st_atime_ns, (folder / name).stat().st_mtime_ns))
    compress_tree(compressed)
    time.sleep(0.05)  # longer than a tick of the kernel's clock
    shutil.rmtree(folder)
    moved.rename(folder)
    assert counted(compress_tree(compressed))["written"] == 3
    require_right(compressed)
    require_quiet(compressed)


def test_the_target_of_a_link_is_checked_after_it_was_replaced(tmp_path: Path) -> None:
    for name, content in (("one", TEXT), ("two", TEXT.swapcase())):
        write(tmp_path / name / "app.js", content)
    (tmp_path / "app.js").symlink_to("one/app.js")
    compress_tree(tmp_path)
    time.sleep(0.05)
    for old, new in (("one", "three"), ("two", "one"), ("three", "two")):
        (tmp_path / old).rename(tmp_path / new)
    compress_tree(tmp_path)
    require_right(tmp_path)


def test_a_variant_gets_the_owner_of_its_original_if_permitted(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []

    def chown(file: int, user: int, group: int) -> None:
        given.append((user, group))
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    metadata = property(lambda opened: (0o644, opened.file.state.mtime_ns, (12345, 54321)))
    monkeypatch.setattr(OpenOriginal, "metadata", metadata)
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    os.utime(compressed / "app.js")
    compress_tree(compressed)
    assert given == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    os.utime(compressed / "app.js", (1, 1))
    compress_tree(compressed)
    assert given == [(12345, 54321)] * 6


def test_a_variant_that_changes_while_it_is_copied_is_named(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(compressed / "app.js")
    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.compression.writer.pieces_of", lambda *_: [b"changed"])
        report = compress_tree(compressed)
    assert {each.reason for each in report.failures} == {
        f"{compressed}/app.js{suffix} was changed during this run: compress again" for suffix in ALL
    }
    compress_tree(compressed)
    require_right(compressed)


def test_a_disk_error_at_a_variant_without_an_original_is_reported(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (compressed / "app.js").unlink()

    def fail(*_: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", fail)
        report = compress_tree(compressed, include=["app.js"])
    assert len(report.failures) == 3
    assert counted(compress_tree(compressed)) == {"unchanged": 3, "not worth it": 3, "removed": 3}


def test_a_file_that_is_no_longer_selected_loses_its_variants_when_it_changes(
    compressed: Path,
) -> None:
    write(compressed / "app.js", OTHER)
    problems = check_tree(compressed, exclude=["app.js"]).problems
    assert {each.reason for each in problems} == {"its original has changed"}
    assert counted(compress_tree(compressed, exclude=["app.js"]))["removed"] == 3
    assert not check_tree(compressed, exclude=["app.js"]).problems
    os.utime(compressed / "css" / "deep" / "site.css")
    assert "removed" not in counted(compress_tree(compressed, exclude=["*.css"]))
    compress_tree(compressed)
    require_right(compressed)


def test_a_persistent_failure_does_not_cause_other_variants_to_be_compressed_again(
    compressed: Path, compressions: list[str]
) -> None:
    (compressed / "app.js.br").unlink()
    (compressed / "app.js.br").mkdir()
    for _ in range(3):
        assert len(compress_tree(compressed).failures) == 1
    listener = Listener()
    compress_tree(compressed, watcher=listener)
    assert listener.begun == [len(TEXT)]


def test_a_check_names_variants_that_a_server_would_not_send(compressed: Path) -> None:
    os.utime(compressed / "app.js.br", (1, 1))
    (problem,) = check_tree(compressed).problems
    assert problem.reason == f"a server does not send it: it is older than {compressed}/app.js"
    compress_tree(compressed)
    require_quiet(compressed)


def test_a_small_file_with_a_wrong_variant_is_checked(site: Path) -> None:
    write(site / "small.txt.gz", gzip.compress(b"another"))
    (problem,) = check_tree(site, include=["small.txt"]).problems
    assert (problem.path, problem.action.value) == ("small.txt", "stale")
    (failure,) = compress_tree(site).failures
    assert failure.path == f"{site}/small.txt.gz"


def test_a_root_is_a_str_or_a_path(site: Path) -> None:
    with pytest.raises(TypeError, match="root must be a str or a path of str, got b'"):
        compress_tree(os.fsencode(site))  # type: ignore[arg-type]


def test_a_variant_that_is_identical_to_ours_is_adopted(compressed: Path) -> None:
    """For example, the record was lost."""
    (compressed / NAME).unlink()
    os.utime(compressed / "app.js.gz")
    inode = (compressed / "app.js.br").stat().st_ino
    report = compress_tree(compressed)
    assert told(report) == {**UNCHANGED, "app.js.gz": "adjusted"}
    assert (compressed / "app.js.br").stat().st_ino == inode
    require_right(compressed)
    require_quiet(compressed)
    assert counted(clean_tree(compressed)) == {"removed": 6}


@pytest.mark.parametrize(
    "wrong", [gzip.compress(TEXT), b"", b"a", gzip.compress(NOISE)[:-1]], ids=len
)
def test_a_wrong_foreign_variant_is_named_and_stays_where_nothing_is_written(
    site: Path, wrong: bytes
) -> None:
    """Servers would keep sending it."""
    theirs = write(site / "noise.bin.gz", wrong)
    for _ in range(2):
        report = compress_tree(site)
        assert report.failures == [
            Failure(
                str(theirs),
                f"{theirs} does not match {site}/noise.bin, and compressing {site}/noise.bin would"
                f" not save enough: remove {theirs}",
            )
        ]
        assert theirs.read_bytes() == wrong
        assert "noise.bin.gz" not in told(report)
    assert {name: told(report)[name] for name in VARIANTS if name in MADE} == {
        name: "unchanged" for name in VARIANTS if name in MADE
    }
    clean_tree(site)
    assert theirs.read_bytes() == wrong
    theirs.unlink()
    assert not compress_tree(site).failures


def test_a_right_foreign_variant_stays_even_if_ours_would_not_save_enough(site: Path) -> None:
    theirs = write(site / "noise.bin.gz", gzip.compress(NOISE))
    before = snapshot(site)[str(theirs)]
    assert told(compress_tree(site)) == MADE
    assert told(compress_tree(site)) == UNCHANGED
    clean_tree(site)
    assert snapshot(site)[str(theirs)] == before


def test_a_foreign_variant_without_an_original_stays(site: Path) -> None:
    names = ["alone.js.gz", "alone.js.br", ".gz", "css/.br", "a.gz.gz"]
    for name in names:
        write(site / name, b"content")
    before = {name: snapshot(site)[f"{site}/{name}"] for name in names}
    compress_tree(site)
    compress_tree(site)
    clean_tree(site)
    assert {name: snapshot(site)[f"{site}/{name}"] for name in names} == before


def test_a_changed_variant_of_ours_stays_when_its_original_is_removed(
    compressed: Path,
) -> None:
    write(compressed / "app.js.gz", b"somebody's")
    (compressed / "app.js").unlink()
    report = compress_tree(compressed)
    assert {name for name, what in told(report).items() if what == "removed"} == {
        *("app.js.br", "app.js.zst")
    }
    assert (compressed / "app.js.gz").read_bytes() == b"somebody's"
    require_quiet(compressed)
    clean_tree(compressed)
    assert (compressed / "app.js.gz").read_bytes() == b"somebody's"


def test_a_folder_in_place_of_a_variant_is_named_and_the_other_variants_are_written(
    compressed: Path,
) -> None:
    write(compressed / "app.js", OTHER)
    (compressed / "app.js.br").unlink()
    write(compressed / "app.js.br" / "page.txt", TEXT)
    report = compress_tree(compressed)
    target = f"{compressed}/app.js.br"
    assert report.failures == [Failure(target, f"{target} cannot be written: Is a directory")]
    assert told(report)["app.js.gz"] == told(report)["app.js.zst"] == "written"
    assert told(report)["app.js.br/page.txt.br"] == "written"
    require_right(compressed)
    shutil.rmtree(compressed / "app.js.br")
    assert told(compress_tree(compressed))["app.js.br"] == "written"
    require_quiet(compressed)


# Errors of the file system, and changes during a run.


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_file_that_changes_during_compression_is_named_once_and_compressed_by_the_next_run(
    compressed: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    change(compressed)
    before = {name: content for name, content in contents(compressed).items() if name != "app.js"}
    really = OpenOriginal.pieces

    def pieces(self: OpenOriginal) -> Iterator[bytes]:
        for piece in really(self):
            if self.path.endswith("app.js"):
                write(compressed / "app.js", TEXT * 3)
            yield piece

    with monkeypatch.context() as patch:
        patch.setattr(OpenOriginal, "pieces", pieces)
        listener = Listener()
        report = compress_tree(compressed, jobs=jobs, watcher=listener)
    path = f"{compressed}/app.js"
    failure = Failure(path, f"{path} cannot be compressed: it was changed during this run")
    assert report.failures == [failure]
    assert sum(listener.advanced) == listener.begun[0]
    assert {name: contents(compressed)[name] for name in before} == before
    assert counted(compress_tree(compressed)) == {"not worth it": 3, "unchanged": 3, "written": 3}
    require_right(compressed)
    require_quiet(compressed)


def test_a_file_that_vanishes_before_it_is_read_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(lambda: (site / "noise.bin").unlink(missing_ok=True))
    report = compress_tree(site, jobs=1, include=["noise.bin", "app.js"], watcher=listener)
    path = f"{site}/noise.bin"
    assert report.failures == [Failure(path, f"{path} cannot be read: it was removed")]
    assert not compress_tree(site, include=["noise.bin", "app.js"]).failures


def test_what_may_not_be_read_or_written_is_named_and_the_others_are_done(
    public_path: Path,
) -> None:
    for name in ("a.txt", "closed/b.txt", "unlistable/c.txt", "no-entry/d.txt", "read-only/e.txt"):
        write(public_path / name, TEXT).chmod(0o644)
    write(public_path / "secret.txt", TEXT).chmod(0)
    modes = {".": 0o777, "closed": 0, "unlistable": 0o311, "no-entry": 0o644, "read-only": 0o555}
    for name, mode in modes.items():
        (public_path / name).chmod(mode)
    printed = run_as_nobody(f"""
        import json
        from whitenoise_async.compression import compress_tree, clean_tree
        for work in (compress_tree, compress_tree, clean_tree):
            report = work({str(public_path)!r})
            told = sorted({{f"{{each.path}}:{{each.action.value}}" for each in report.outcomes}})
            print(json.dumps([report.failures, told]))
    """)
    first, second, cleaned = map(json.loads, printed.splitlines())
    listed = [
        [f"{public_path}/closed", f"{public_path}/closed cannot be listed: Permission denied"],
        [
            f"{public_path}/no-entry/d.txt",
            f"{public_path}/no-entry/d.txt cannot be examined: Permission denied",
        ],
        [
            f"{public_path}/unlistable",
            f"{public_path}/unlistable cannot be listed: Permission denied",
        ],
    ]
    read_only = f"{public_path}/read-only"
    unwritten = [[read_only, f"{read_only} cannot be written to: Permission denied"]]
    secret = f"{public_path}/secret.txt"
    unread = [[secret, f"{secret} cannot be read: Permission denied"]]
    assert first[0] == second[0] == sorted([*listed, *unwritten, *unread])
    assert cleaned[0] == listed
    assert (first[1], second[1]) == (["a.txt:written"], ["a.txt:unchanged"])
    assert cleaned[1] == ["a.txt:removed"]


def test_the_record_of_a_folder_that_cannot_be_listed_is_kept(
    public_path: Path,
) -> None:
    """Its files still exist."""
    public_path.chmod(0o777)
    printed = run_as_nobody(f"""
        from whitenoise_async.compression import check_tree, clean_tree, compress_tree
        root = {str(public_path / "site")!r}
        for name in ("open", "closed"):
            os.makedirs(f"{{root}}/{{name}}")
            with open(f"{{root}}/{{name}}/a.txt", "wb") as file:
                file.write({TEXT!r})
        compress_tree(root)
        os.chmod(f"{{root}}/closed", 0)
        for work in (check_tree, compress_tree, clean_tree):
            report = work(root)
            print([(o.path, o.action.value) for o in report.outcomes if o.encoding == "br"])
            print([f.reason == f"{{root}}/closed cannot be listed: Permission denied"
                   for f in report.failures])
        os.chmod(f"{{root}}/closed", 0o755)
        print([(o.path, o.action.value) for o in clean_tree(root).outcomes])
    """)
    assert below(public_path) == ["site/closed/a.txt", "site/open/a.txt"]
    assert printed.splitlines() == [
        "[('open/a.txt', 'unchanged')]",
        "[True]",
        "[('open/a.txt', 'unchanged')]",
        "[True]",
        "[('open/a.txt', 'removed')]",
        "[True]",
        "[('closed/a.txt', 'removed'), ('closed/a.txt', 'removed'), ('closed/a.txt', 'removed')]",
    ]


def failing_at(monkeypatch: pytest.MonkeyPatch, call: str, ending: str) -> None:
    """Make a call of ``os`` fail at a path, as without permission."""
    really = getattr(os, call)

    def fail(path: Any, *arguments: Any, **options: Any) -> Any:
        if str(path).rstrip("/").endswith(ending):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really(path, *arguments, **options)

    monkeypatch.setattr(os, call, fail)


def test_variants_in_a_folder_that_cannot_be_listed_stay_recorded(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing_at(patch, "open", "deep")
        works: list[tuple[Callable[..., Report], str]]
        works = [(compress_tree, "unchanged"), (clean_tree, "removed")]
        for work, action in works:
            listener = Listener()
            report = work(compressed, include=["*.js", "*.css"], watcher=listener)
            path = f"{compressed}/css/deep"
            failure = Failure(path, f"{path} cannot be listed: Permission denied")
            assert report.failures == [failure]
            assert failure in listener.results
            assert told(report) == {f"app.js{suffix}": action for suffix in ALL}
    assert counted(clean_tree(compressed)) == {"removed": 3}


def test_a_link_into_a_folder_without_permission_is_named(public_path: Path) -> None:
    public_path.chmod(0o777)
    write(public_path / "closed" / "a.js", TEXT)
    (public_path / "link.js").symlink_to("closed/a.js")
    (public_path / "closed").chmod(0)
    printed = run_as_nobody(f"""
        from whitenoise_async.compression import compress_tree
        for failure in compress_tree({str(public_path)!r}).failures:
            print(failure.reason)
    """)
    assert printed.splitlines() == [
        f"{public_path}/closed cannot be listed: Permission denied",
        f"{public_path}/link.js cannot be examined: Permission denied",
    ]


REAL_OPEN = os.open


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def opens_nothing_new(path: Any, flags: int, *rest: Any, **options: Any) -> int:
    return full() if flags & os.O_EXCL else REAL_OPEN(path, flags, *rest, **options)


@pytest.mark.parametrize(
    ("call", "fails"), [("replace", full), ("open", opens_nothing_new), ("write", full)]
)
def test_on_a_full_disk_nothing_is_lost_and_each_variant_without_room_is_named(
    compressed: Path, monkeypatch: pytest.MonkeyPatch, call: str, fails: Callable[..., Any]
) -> None:
    change(compressed)
    before = contents(compressed)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        report = compress_tree(compressed)
    reason = "No space left on device"
    assert report.failures == [
        Failure(
            f"{compressed}/app.js{suffix}",
            f"{compressed}/app.js{suffix} cannot be written: {reason}",
        )
        for suffix in sorted(ALL)
    ]
    assert contents(compressed) == before
    assert counted(compress_tree(compressed)) == {"not worth it": 3, "unchanged": 3, "written": 3}
    require_quiet(compressed)


def test_variants_from_before_the_disk_was_full_can_be_cleaned(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This includes the older variants of a changed file."""
    change(compressed)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        compress_tree(compressed)
    assert counted(clean_tree(compressed)) == {"removed": 6}
    assert below(compressed) == [
        *("app.js", "css/deep/site.css", "image.png", "noise.bin", "small.txt")
    ]


def test_a_variant_that_cannot_be_removed_is_named_and_stays_recorded(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (compressed / "app.js").unlink()

    really = os.unlink

    def unlink(path: str, **options: Any) -> None:
        if path.endswith(ALL):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        really(path, **options)

    for work in (compress_tree, clean_tree):
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", unlink)
            report = work(compressed, include=["app.js"])
        assert report.failures == [
            Failure(path, f"{path} cannot be removed: Permission denied")
            for path in (f"{compressed}/app.js{suffix}" for suffix in sorted(ALL))
        ]
    assert counted(compress_tree(compressed))["removed"] == 3


def test_fifos_sockets_and_devices_are_skipped(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(site / "fifo.txt")
    os.mkfifo(site / ".whitenoise_async-fifo.tmp")
    (site / "fifo-link.txt").symlink_to("fifo.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(site)
        listener.bind("socket.txt")
    for work in (compress_tree, check_tree, clean_tree):
        report = work(site)
        assert not report.failures
        assert {each.path for each in report.outcomes} <= {
            *("app.js", "css/deep/site.css", "noise.bin")
        }
    assert (site / ".whitenoise_async-fifo.tmp").exists()


NAMES = [
    b"\xff\xfe.txt", b"a\nb.txt", b"\n", b"..\n", b"...", b"-rf", b"a b", b'"', b"\\", b"\x7f",
    "é ✓.txt".encode(), b".hidden", b"*", b"a" * 250, b"deep/\xff/\n/x",
]  # fmt: skip


def test_files_of_any_name_are_compressed_and_recognized(tmp_path: Path) -> None:
    paths = [tmp_path / os.fsdecode(name) for name in NAMES]
    for path in paths:
        write(path, TEXT)
    assert counted(compress_tree(tmp_path)) == {"written": 3 * len(NAMES)}
    require_quiet(tmp_path)
    assert counted(check_tree(tmp_path)) == {"unchanged": 3 * len(NAMES)}
    shutil.copytree(tmp_path, tmp_path / "copy")
    assert counted(compress_tree(tmp_path / "copy")) == {"unchanged": 3 * len(NAMES)}
    assert counted(clean_tree(tmp_path / "copy")) == {"removed": 3 * len(NAMES)}
    assert len(below(tmp_path / "copy")) == len(NAMES)


def test_a_name_that_is_too_long_with_a_suffix_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / ("a" * 252), TEXT)
    report = compress_tree(tmp_path)
    assert report.failures == [
        Failure(f"{path}.zst", f"{path}.zst cannot be written: File name too long")
    ]
    assert below(tmp_path) == ["a" * 252, "a" * 252 + ".br", "a" * 252 + ".gz"]


# Killed, interrupted and concurrent runs.


def run_below(root: Path, script: str) -> subprocess.Popen[str]:
    """Run a script in another process, with ``root`` and ``compress_tree`` defined."""
    prologue = f"""
import os, signal, sys
sys.path[:] = {[*sys.path, str(Path(__file__).parents[2])]!r}
from tests.helpers.file_trees import Listener
from whitenoise_async.compression import check_tree, compress_tree
root = {str(root)!r}
"""
    return subprocess.Popen(
        [sys.executable, "-c", prologue + textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize("event", ["os.chmod", "os.rename"])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_the_next_run_adopts_the_files_of_a_killed_run(
    compressed: Path, event: str, number: int
) -> None:
    """An audit hook kills it when the n-th file gets its mode or is moved into place."""
    change(compressed)
    with run_below(
        compressed,
        f"""
        seen = []

        def kill(event, arguments):
            if event == {event!r}:
                seen.append(event)
                if len(seen) == {number}:
                    {KILL}

        sys.addaudithook(kill)
        compress_tree(root, jobs=1)
        """,
    ) as process:
        assert process.wait() == -9
    left = [name for name in below(compressed) if name.endswith(".tmp")]
    assert len(left) == 1
    problems = {each.encoding for each in check_tree(compressed).problems}
    assert problems == {*["gzip", "br", "zstd"][number - 1 :]}
    kept = {suffix: (compressed / f"app.js{suffix}").stat().st_ino for suffix in ALL}
    report = compress_tree(compressed)
    assert not report.failures
    for token, suffix in SUFFIXES.items():
        is_new = token in problems
        assert told(report)[f"app.js{suffix}"] == ("written" if is_new else "unchanged")
        assert ((compressed / f"app.js{suffix}").stat().st_ino != kept[suffix]) is is_new
    assert below(compressed) == sorted([*VARIANTS, "image.png", "noise.bin", "small.txt"])
    require_right(compressed)
    require_quiet(compressed)
    assert counted(clean_tree(compressed)) == {"removed": 6}


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(2))
def test_runs_that_are_killed_at_random_moments_leave_no_partial_files(
    tmp_path: Path, turn: int
) -> None:
    names = [f"{number}.js" for number in range(60)]
    for name in names:
        write(tmp_path / name, TEXT * 5 + name.encode())
    generator = random.Random(turn)
    for _ in range(6):
        with run_below(tmp_path, 'print("begun", flush=True); compress_tree(root)') as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(generator.uniform(0, 0.3))
            process.kill()
        for name in [each for each in below(tmp_path) if each.endswith(ALL)]:
            path = tmp_path / name
            versions = (OTHER * 5, TEXT * 5 + path.stem.encode())
            assert DECODERS[path.suffix](path.read_bytes()) in versions
        (tmp_path / generator.choice(names)).write_bytes(OTHER * 5)
    require_right_after_a_run(tmp_path, names)


def require_right_after_a_run(root: Path, names: list[str]) -> None:
    assert not compress_tree(root).failures
    assert below(root) == with_variants(*names)
    require_right(root)
    require_quiet(root)


def test_a_size_limit_of_the_system_keeps_the_other_files_and_the_next_run_continues(
    tmp_path: Path,
) -> None:
    """The system refuses larger files, as it does above a quota."""
    names = [f"{number}.js" for number in range(4)]
    for name in names:
        write(tmp_path / name, TEXT)
    generator = random.Random(1)
    write(tmp_path / "large.txt", bytes(generator.choices(range(64, 90), k=50_000)))
    with run_below(
        tmp_path,
        """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        for failure in compress_tree(root).failures:
            print(failure.reason.removeprefix(root))
        """,
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read().splitlines()
    assert printed == [
        f"/large.txt{suffix} cannot be written: File too large" for suffix in sorted(ALL)
    ]
    assert below(tmp_path) == sorted([*with_variants(*names), "large.txt"])
    require_right_after_a_run(tmp_path, [*names, "large.txt"])


class Held(Listener):
    """Interrupts the main thread after four results, while the other threads wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(self.count)
        self.enough = threading.Event()
        self.stopped = stopped = threading.Event()

        class Noted(Stop):
            def set(self) -> None:
                super().set()
                stopped.set()

        monkeypatch.setattr("whitenoise_async.compression.writer.Stop", Noted)
        monkeypatch.setattr("whitenoise_async.support.threads._wait_for_one", self.interrupt)

    def count(self) -> None:
        if len(self.results) >= 4:
            self.enough.set()
            assert self.stopped.wait(30)

    def interrupt(self, ended: object) -> None:
        assert self.enough.wait(30)
        raise KeyboardInterrupt


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("changed", [False, True], ids=["first run", "after a change"])
def test_an_interrupt_keeps_finished_work_and_the_next_run_continues(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compressions: list[str],
    jobs: int,
    changed: bool,
) -> None:
    """The main thread is interrupted while the other threads compress."""
    names = [f"{number}.js" for number in range(8)]
    for name in names:
        write(tmp_path / name, OTHER + name.encode())
    if changed:
        compress_tree(tmp_path)
    for name in names:
        write(tmp_path / name, TEXT + name.encode(), mtime=MTIME + 1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        compress_tree(tmp_path, jobs=jobs, watcher=(listener := Held(patch)))
    done = set(listener.written())
    assert len(listener.results) == len(done)
    assert 4 <= len(done) < 3 * len(names)
    assert set(below(tmp_path)) == {*names, *(with_variants(*names) if changed else done)}
    for name in done:
        path = tmp_path / name
        assert DECODERS[path.suffix](path.read_bytes()) == TEXT + path.stem.encode()
    compressions.clear()
    report = compress_tree(tmp_path)
    assert len(compressions) == 3 * len(names) - len(done)
    assert {name for name, what in told(report).items() if what == "unchanged"} == done
    require_right(tmp_path)
    require_quiet(tmp_path)


def test_an_interrupt_ends_within_a_piece_of_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "large.bin", bytes(8 * PIECE))
    read: list[float] = []

    class Interrupted(Listener):
        def on_progress(self, size: float) -> None:
            read.append(size)
            if len(read) == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compress_tree(tmp_path, encodings=["gzip"], jobs=1, watcher=Interrupted())
    assert len(read) == 5
    assert below(tmp_path) == ["large.bin"]


class Waiting(Listener):
    """Lets the other run continue when this one waits for it."""

    def __init__(self, first: subprocess.Popen[str]) -> None:
        super().__init__()
        self.first = first

    def on_wait(self, root: str) -> None:
        super().on_wait(root)
        assert self.first.stdin is not None
        self.first.stdin.write("go on\n")
        self.first.stdin.flush()


def test_the_second_of_two_concurrent_runs_waits_and_finds_the_work_done(site: Path) -> None:
    with run_below(
        site,
        """
        def hold():
            if len(listener.results) == 1:
                print("begun", flush=True)
                sys.stdin.readline()

        listener = Listener(hold)
        report = compress_tree(root, watcher=listener)
        written = [each for each in report.outcomes if each.action == "written"]
        print(len(written), listener.waited, flush=True)
        """,
    ) as first:
        assert first.stdin is not None and first.stdout is not None
        assert first.stdout.readline() == "begun\n"

        listener = Waiting(first)
        report = compress_tree(site, watcher=listener)
        assert first.stdout.readline() == "6 []\n"
    assert listener.waited == [str(site)]
    assert told(report) == UNCHANGED
    assert listener.begun == [0]
    require_quiet(site)


@pytest.mark.parametrize(
    ("holds", "work", "waits"),
    [
        ("check_tree(root", check_tree, False),
        ("compress_tree(root, dry_run=True", check_tree, False),
        ("check_tree(root", compress_tree, True),
        ("compress_tree(root, min_saving=50", check_tree, True),
        ("compress_tree(root, min_saving=50", clean_tree, True),
    ],
)
def test_read_only_runs_do_not_wait_for_each_other(
    compressed: Path, holds: str, work: Callable[..., Report], waits: bool
) -> None:
    with run_below(
        compressed,
        f"""
        class Holding(Listener):
            def on_start(self, size):
                print("begun", flush=True)
                sys.stdin.readline()

        {holds}, watcher=Holding())
        """,
    ) as first:
        assert first.stdin is not None and first.stdout is not None
        assert first.stdout.readline() == "begun\n"

        listener = Waiting(first)
        assert not work(compressed, watcher=listener).failures
        first.stdin.close()
    assert listener.waited == ([str(compressed)] if waits else [])


def test_concurrent_runs_over_nested_folders_do_not_remove_each_others_drafts(
    site: Path,
) -> None:
    """They use different locks."""
    with run_below(
        site,
        """
        from tests.helpers.file_trees import at
        from whitenoise_async.files.draft import Draft
        with Draft(at(root + "/css"), "a.gz"):
            print("begun", flush=True)
            sys.stdin.readline()
        """,
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "begun\n"
        write(site / "css" / ".whitenoise_async-killed.tmp", b"")
        compress_tree(site)
        compress_tree(site / "css")
        assert len(list(site.rglob("*.tmp"))) == 1
        other.kill()
    compress_tree(site / "css")
    assert not list(site.rglob("*.tmp"))
    require_right(site)


def test_a_run_succeeds_on_systems_without_locks(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", fail)
    assert told(compress_tree(site)) == MADE
    require_quiet(site)
    monkeypatch.setattr("whitenoise_async.support.locks.fcntl", None)
    write(site / ".whitenoise_async-killed.tmp", b"")
    require_quiet_but_for(site, ".whitenoise_async-killed.tmp")


def require_quiet_but_for(root: Path, leftover: str) -> None:
    listener = Listener()
    assert told(compress_tree(root, watcher=listener)) == UNCHANGED
    assert listener.begun == [0]
    assert not (root / leftover).exists()


# Read-only modes.


def test_a_check_of_a_right_tree_finds_and_changes_nothing(
    compressed: Path, compressions: list[str]
) -> None:
    before = snapshot(compressed)
    compressions.clear()
    report = check_tree(compressed)
    assert (told(report), report.problems, report.failures) == (UNCHANGED, [], [])
    assert snapshot(compressed) == before
    assert compressions == []


def test_a_check_without_a_record_finds_missing_variants_by_compressing(site: Path) -> None:
    before = snapshot(site)
    report = check_tree(site)
    assert told(report) == {
        name: "missing" if what == "written" else what for name, what in MADE.items()
    }
    assert {each.path for each in report.problems} == {"app.js", "css/deep/site.css"}
    assert snapshot(site) == before
    theirs = {".gz": gzip.compress, ".br": brotli.compress}
    for suffix, by in theirs.items():
        write(site / f"app.js{suffix}", by(TEXT))
    report = check_tree(site, encodings=["gzip", "br"], include=["app.js"])
    assert told(report) == {"app.js.gz": "unchanged", "app.js.br": "unchanged"}


def large_and_quiet(root: Path) -> None:
    """Change only the last byte, which is beyond the first piece, and keep the length."""
    write(root / "app.js", bytes(2 * PIECE), mtime=MTIME)
    compress_tree(root)
    write_quietly(root / "app.js", bytes(2 * PIECE - 1) + b"\1")


def longer(root: Path) -> None:
    write(root / "app.js", TEXT + TEXT)


def shorter(root: Path) -> None:
    write(root / "app.js", TEXT[: len(TEXT) // 2])


def empty(root: Path) -> None:
    write(root / "app.js", b"")


def damage(root: Path) -> None:
    for suffix in ALL:
        path = root / f"app.js{suffix}"
        path.write_bytes(path.read_bytes()[:-1])


def append(root: Path) -> None:
    for suffix in ALL:
        with (root / f"app.js{suffix}").open("ab") as file:
            file.write(b"more")


@pytest.mark.parametrize(
    ("happen", "expected"),
    [
        (change_quietly, "stale"),
        (large_and_quiet, "stale"),
        (longer, "stale"),
        (shorter, "stale"),
        (empty, "stale"),
        (damage, "stale"),
        (append, "stale"),
        (touch, "unchanged"),
        (chmod, "unchanged"),
        (lambda root: (root / "app.js").unlink(), "unneeded"),
        (lambda root: [(root / f"app.js{suffix}").unlink() for suffix in ALL], "missing"),
    ],
)
def test_a_check_names_wrong_variants_and_a_run_repairs_them(
    compressed: Path, happen: Callable[[Path], object], expected: str
) -> None:
    happen(compressed)
    before = snapshot(compressed)
    report = check_tree(compressed)
    of_app = {name: what for name, what in told(report).items() if name.startswith("app.js.")}
    assert of_app == {f"app.js{suffix}": expected for suffix in ALL}
    assert bool(report.problems) == (expected != "unchanged")
    assert {each.path for each in report.problems} <= {"app.js"}
    assert snapshot(compressed) == before
    compress_tree(compressed)
    assert check_tree(compressed).problems == []


def test_a_check_names_our_unneeded_variants_and_no_foreign_ones(
    compressed: Path,
) -> None:
    # Without mtime, Python 3.14 writes the bytes of our variant.
    foreign = gzip.compress(TEXT[:1500], mtime=1)
    write(compressed / "css" / "deep" / "site.css.gz", foreign)
    report = check_tree(compressed, min_saving=100, encodings=["gzip"])
    assert told(report) == {
        "app.js.gz": "unneeded",
        "css/deep/site.css.gz": "unchanged",
        "noise.bin.gz": "not worth it",
    }
    assert [each.reason for each in report.problems] == ["it does not save enough"]


def test_a_check_names_removable_variants_in_encodings_that_were_not_requested(
    compressed: Path,
) -> None:
    change_quietly(compressed)
    report = check_tree(compressed, encodings=["gzip"])
    problems = {each.path + SUFFIXES[each.encoding]: each.action.value for each in report.problems}
    assert problems == {"app.js.gz": "stale", "app.js.br": "unneeded", "app.js.zst": "unneeded"}


def test_a_check_names_a_variant_that_cannot_be_read(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(compressed / "app.js.gz")
    really = Folder.open_file

    def failing(folder: Folder, name: str) -> OpenFile:
        if name == "app.js.gz":
            raise FileSystemError(target, OSError(errno.EIO, os.strerror(errno.EIO)))
        return really(folder, name)

    monkeypatch.setattr(Folder, "open_file", failing)
    report = check_tree(compressed)
    assert report.failures == [Failure(target, f"{target} cannot be read: Input/output error")]


def test_a_check_needs_no_write_permission(public_path: Path) -> None:
    write(public_path / "a.txt", TEXT).chmod(0o644)
    compress_tree(public_path)
    printed = run_as_nobody(f"""
        from whitenoise_async.compression import check_tree, compress_tree
        for report in (check_tree({str(public_path)!r}), compress_tree({str(public_path)!r})):
            print([each.action.value for each in report.outcomes], report.failures)
    """)
    assert printed == "['unchanged', 'unchanged', 'unchanged'] []\n" * 2


HAPPENINGS: list[Callable[[Path], object]] = [
    *(change_quietly, change, touch, chmod, remove_variant, change_variant_quietly),
    *(replace_variant, make_variant_a_link, chmod_variant, touch_variant, longer, shorter, empty),
    lambda root: (root / "app.js").unlink(),
    lambda root: write(root / "app.js", b"small"),
    lambda root: write(root / "noise.bin.gz", b"somebody's"),
    lambda root: write(root / "noise.bin.gz", gzip.compress(NOISE)),
    lambda root: write(root / "new.js", OTHER),
    lambda root: (root / NAME).unlink(),
    lambda root: None,
]


@pytest.mark.parametrize("happen", HAPPENINGS)
@pytest.mark.parametrize(
    "options",
    [{}, {"encodings": ["br"], "exclude": ["*.css"]}, {"min_saving": 96.5, "min_size": 2000}],
    ids=str,
)
def test_a_dry_run_changes_nothing_and_predicts_what_a_run_does(
    compressed: Path, happen: Callable[[Path], object], options: dict[str, Any]
) -> None:
    happen(compressed)
    before, listener = snapshot(compressed), Listener()
    expected = compress_tree(compressed, dry_run=True, watcher=listener, **options)
    assert snapshot(compressed) == before
    assert sum(listener.advanced) == sum(listener.begun)
    report = compress_tree(compressed, **options)
    assert (expected.files, expected.size) == (report.files, report.size)
    assert expected.failures == report.failures
    assert set(told(expected)) == set(told(report))
    for name, action in told(expected).items():
        # A dry run does not compress, so it does not know whether the result saves enough.
        assert action in ("written", told(report)[name])


# Cleaning.


def test_cleaning_removes_only_our_variants_and_the_record(
    site: Path, compressions: list[str]
) -> None:
    write(site / "noise.bin.br", brotli.compress(NOISE))
    before = contents(site)
    compress_tree(site)
    write(site / "app.js.zst", b"somebody's")
    dry = snapshot(site)
    expected = clean_tree(site, dry_run=True)
    assert snapshot(site) == dry
    report = clean_tree(site)
    assert told(report) == told(expected)
    assert told(report) == {
        name: "removed" for name, what in MADE.items() if what == "written" and name != "app.js.zst"
    }
    assert {each.reason for each in report.outcomes} == {"it was made by this tool"}
    assert contents(site) == {**before, "app.js.zst": b"somebody's"}
    assert not (site / NAME).exists()
    quiet = snapshot(site)
    assert clean_tree(site).outcomes == []
    assert snapshot(site) == quiet


@pytest.mark.parametrize(
    ("options", "removed"),
    [
        ({"encodings": ["br"]}, ["app.js.br", "css/deep/site.css.br"]),
        ({"include": ["*.css"]}, [f"css/deep/site.css{suffix}" for suffix in ALL]),
        ({"exclude": ["*.css"], "encodings": ["gzip", "zstd"]}, ["app.js.gz", "app.js.zst"]),
        ({"include": ["*.png"]}, []),
        ({"encodings": []}, []),
    ],
    ids=str,
)
def test_cleaning_with_options_removes_only_selected_variants(
    compressed: Path, options: dict[str, Any], removed: list[str]
) -> None:
    report = clean_tree(compressed, **options)
    assert sorted(told(report)) == sorted(removed)
    assert set(below(compressed)) == {*VARIANTS, "image.png", "noise.bin", "small.txt"} - {*removed}
    made_again = {
        name for name, what in told(compress_tree(compressed)).items() if what == "written"
    }
    assert made_again == set(removed)
    require_quiet(compressed)


def test_cleaning_a_tree_that_was_never_compressed_does_nothing(site: Path) -> None:
    before = snapshot(site)
    assert clean_tree(site).outcomes == []
    assert snapshot(site) == before


@pytest.mark.parametrize("encodings", [["brotli"], "br", ["gzip", ""]])
def test_cleaning_an_unknown_encoding_is_refused(site: Path, encodings: Any) -> None:
    with pytest.raises(EncodingError, match="an encoding must be one of gzip, br, zstd, got "):
        clean_tree(site, encodings=encodings)


def test_cleaning_removes_leftovers_of_a_killed_run(compressed: Path) -> None:
    write(compressed / "css" / ".whitenoise_async-killed.tmp", b"")
    clean_tree(compressed, dry_run=True)
    assert (compressed / "css" / ".whitenoise_async-killed.tmp").exists()
    clean_tree(compressed)
    assert below(compressed) == [
        *("app.js", "css/deep/site.css", "image.png", "noise.bin", "small.txt")
    ]


def test_recorded_paths_beyond_a_link_are_not_touched(compressed: Path, tmp_path: Path) -> None:
    """A link to a folder of the same content replaced a recorded folder."""
    other = tmp_path / "other"
    shutil.copytree(compressed, other)
    shutil.rmtree(compressed / "css")
    (compressed / "css").symlink_to(other / "css")
    before = snapshot(other)
    compress_tree(compressed)
    shutil.copy2(other / NAME, compressed / NAME)
    clean_tree(compressed)
    assert snapshot(other) == before


# Reports.


def test_a_report_sums_up_the_variants_by_encoding(compressed: Path) -> None:
    (compressed / "app.js.gz").unlink()
    (compressed / "css" / "deep" / "site.css").unlink()
    report = compress_tree(compressed)
    assert (report.root, report.files) == (str(compressed), 2)
    assert report.size == len(TEXT) + len(NOISE)
    assert report.seconds >= 0
    assert list(report.totals) == ["gzip", "br", "zstd"]
    for token, totals in report.totals.items():
        size = (compressed / f"app.js{SUFFIXES[token]}").stat().st_size
        assert (totals.variants, totals.bytes_before, totals.bytes_after) == (1, len(TEXT), size)
        assert (totals.written, totals.removed) == (int(token == "gzip"), 1)
        assert totals.ratio == size / len(TEXT)
    assert compress_tree(compressed, include=["noise.bin"]).totals["br"].ratio is None
    assert report.outcomes == sorted(report.outcomes)


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_watcher_receives_every_result_and_exactly_the_announced_bytes(
    compressed: Path, jobs: int
) -> None:
    write(compressed / "large.bin", bytes(1_100_000))
    write(compressed / "new.js", OTHER)
    write(compressed / "noise.bin", NOISE[::-1])
    write(compressed / "css" / "deep" / "site.css.gz", b"somebody's")
    touch(compressed)
    (compressed / "small.txt").unlink()
    os.mkdir(compressed / "new.js.br")
    listener = Listener()
    report = compress_tree(compressed, jobs=jobs, watcher=listener)
    assert len(listener.begun) == 1
    assert sum(listener.advanced) == listener.begun[0]
    assert all(size >= 0 for size in listener.advanced)
    assert sorted(each for each in listener.results if isinstance(each, Outcome)) == report.outcomes
    assert [each for each in listener.results if isinstance(each, Failure)] == report.failures
    assert listener.waited == []


def test_the_number_of_threads_makes_no_difference(tmp_path: Path) -> None:
    generator = random.Random(7)
    for number in range(12):
        content = bytes(generator.choices(range(64, 90), k=200 * number))
        write(tmp_path / "one" / f"{number}.txt", content)
    write(tmp_path / "one" / "large.txt", TEXT * 500)
    shutil.copytree(tmp_path / "one", tmp_path / "four")
    one = compress_tree(tmp_path / "one", jobs=1)
    four = compress_tree(tmp_path / "four", jobs=4)
    assert one.outcomes == four.outcomes
    assert contents(tmp_path / "one") == contents(tmp_path / "four")
    assert (tmp_path / "one" / NAME).read_bytes() == (tmp_path / "four" / NAME).read_bytes()


def test_the_same_content_has_the_same_variants_everywhere(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.js", TEXT)
    write(tmp_path / "other" / "deep" / "another name.css", TEXT, mtime=MTIME + 99).chmod(0o600)
    write(tmp_path / "other" / "deep" / "0.js", OTHER)
    compress_tree(tmp_path / "one")
    compress_tree(tmp_path / "other", encodings=["zstd", "br", "gzip"])
    for suffix in ALL:
        one = tmp_path / "one" / f"a.js{suffix}"
        assert (
            one.read_bytes()
            == (tmp_path / "other" / "deep" / f"another name.css{suffix}").read_bytes()
        )


@pytest.mark.parametrize(
    ("size", "large"), [(1024 * 1024, True), (1024 * 1024 - 1, False)], ids=["1 MB", "less"]
)
def test_a_large_file_is_a_job_for_each_encoding_and_the_largest_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, large: bool
) -> None:
    write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "z.txt", bytes(size))
    listener = Listener()
    compress_tree(tmp_path, jobs=1, watcher=listener)
    assert [each.path for each in listener.results if isinstance(each, Outcome)] == [
        *["z.txt"] * 3,
        *["a.txt"] * 3,
    ]
    assert listener.begun == [size + len(TEXT)]
    require_right(tmp_path)
    require_quiet(tmp_path)


def test_a_record_is_never_served(compressed: Path) -> None:
    urls = WhiteNoise(None, compressed)
    replies = []
    for name in (NAME, "app.js"):
        environ = {"PATH_INFO": f"/{name}", "REQUEST_METHOD": "GET"}
        list(urls(environ, lambda status, headers: replies.append(status)))  # type: ignore[arg-type]
    assert replies == ["404 Not Found", "200 OK"]


def test_the_record_is_the_same_bytes_for_the_same_content(tmp_path: Path) -> None:
    records = []
    for folder, order in [
        ("one", ["a.txt", "b/c.txt", "b.txt"]),
        ("two", ["b.txt", "b/c.txt", "a.txt"]),
    ]:
        for name in order:
            write(tmp_path / folder / name, TEXT)
            if folder == "two":
                compress_tree(tmp_path / folder)
        compress_tree(tmp_path / folder, encodings=["br", "gzip", "zstd"])
        records.append((tmp_path / folder / NAME).read_bytes())
    assert records[0] == records[1]
    assert str(tmp_path).encode() not in records[0]
