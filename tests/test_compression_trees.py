"""Compressing, checking and cleaning whole trees: by real libraries, on a real file system."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from conftest import MTIME, run_as_nobody, write
from trees import (
    ALL,
    NOISE,
    OTHER,
    SUFFIXES,
    TEXT,
    Listener,
    below,
    contents,
    counted,
    require_right,
    snapshot,
    told,
    with_variants,
    write_quietly,
)

from whitenoise_async.compression import (
    Action,
    CompressionError,
    EncodingError,
    Failure,
    Report,
    check_tree,
    clean_tree,
    compress_tree,
)
from whitenoise_async.compression.encoders import _KINDS
from whitenoise_async.compression.originals import Source
from whitenoise_async.compression.record import JOURNAL, NAME, Record

MTIME_NS = MTIME * 10**9 + 123_456_789


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What compresses, what does not, what is too small and what is left out."""
    root = tmp_path / "site"
    write(root / "app.js", TEXT)
    write(root / "css" / "deep" / "site.css", TEXT[:1500]).chmod(0o600)
    write(root / "noise.bin", NOISE)
    write(root / "small.txt", b"a" * 99)
    write(root / "image.png", TEXT)
    return root


@pytest.fixture
def compressed(site: Path) -> Path:
    """The site, with what was made of it."""
    compress_tree(site)
    return site


@pytest.fixture(autouse=True)
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that something is compressed, by its encoding."""
    calls: list[str] = []
    for kind in _KINDS.values():

        def counting(self: Any, pieces: Any, size: int, really: Any = kind.compress) -> Any:
            calls.append(self.token)
            return really(self, pieces, size)

        monkeypatch.setattr(kind, "compress", counting)
    return calls


@pytest.fixture(autouse=True)
def _the_disk_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """``test_compression_drafts.py`` sees to it that it is waited for."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


VARIANTS = with_variants("app.js", "css/deep/site.css")
MADE = {
    **dict.fromkeys((f"app.js{suffix}" for suffix in ALL), "written"),
    **dict.fromkeys((f"css/deep/site.css{suffix}" for suffix in ALL), "written"),
    **dict.fromkeys((f"noise.bin{suffix}" for suffix in ALL), "not worth it"),
}
UNCHANGED = {name: "unchanged" if what == "written" else what for name, what in MADE.items()}


def require_quiet(root: Path, **options: Any) -> None:
    """Require of a run that it compresses nothing, reads nothing and writes nothing."""
    before, listener = snapshot(root), Listener()
    report = compress_tree(root, watcher=listener, **options)
    assert (listener.begun, listener.advanced, listener.results) == ([0], [], [])
    assert {each.action for each in report.outcomes} <= {Action.UNCHANGED, Action.NOT_WORTH}
    assert snapshot(root) == before


def test_what_compresses_gets_a_variant_in_each_encoding_beside_it(site: Path) -> None:
    before = contents(site)
    report = compress_tree(site)
    assert told(report) == MADE
    assert below(site) == sorted([*VARIANTS, "image.png", "noise.bin", "small.txt"])
    assert {name: contents(site)[name] for name in before} == before
    require_right(site)
    assert not report.failures


def test_a_second_run_compresses_nothing_and_reads_nothing_and_writes_nothing(
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


def test_what_is_no_folder_is_refused(site: Path) -> None:
    for work in (compress_tree, check_tree, clean_tree):
        for root in (site / "missing", site / "app.js"):
            with pytest.raises(NotADirectoryError, match=f"{root} is not a directory"):
                work(root)


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    report = compress_tree(tmp_path)
    assert (report.files, report.size, report.outcomes, report.failures) == (0, 0, [], [])
    assert list(tmp_path.iterdir()) == []


# What happens to app.js or its .gz between two runs.


def change_quietly(root: Path) -> None:
    write_quietly(root / "app.js", OTHER)


def replace_quietly(root: Path) -> None:
    """By another file of the same size and date, moved into place."""
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


def write_variant_anew(root: Path) -> None:
    """As a copy that keeps no dates does."""
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
        (write_variant_anew, {".gz": "adjusted"}, 0),
    ],
)
def test_what_happened_between_two_runs_is_seen_and_mended_with_no_more_work_than_it_needs(
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


def test_a_link_in_a_variants_place_is_replaced_and_what_it_leads_to_stays(
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
def test_a_copied_tree_is_read_once_and_nothing_is_compressed(
    compressed: Path, compressions: list[str], copy: Callable[[Path, Path], None], action: str
) -> None:
    """The times of change of the copies say nothing of what they were before."""
    other = compressed.parent / "other"
    copy(compressed, other)
    compressions.clear()
    listener = Listener()
    report = compress_tree(other, watcher=listener)
    changed = {name: action if what == "unchanged" else what for name, what in UNCHANGED.items()}
    assert told(report) == changed
    assert compressions == []
    assert sum(listener.begun) > 0
    require_quiet(other)
    require_quiet(compressed)


def test_a_copy_that_was_changed_quietly_is_not_trusted(compressed: Path) -> None:
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
def test_what_happened_is_seen_though_a_run_came_between_that_did_not_look(
    compressed: Path, happen: Callable[[Path], object], between: dict[str, Any]
) -> None:
    """And that had something else to do, so that it wrote the record."""
    happen(compressed)
    write_quietly(compressed / "css" / "deep" / "site.css", OTHER[:1500])
    compress_tree(compressed, **between)
    compress_tree(compressed)
    require_right(compressed)
    assert [*filter(os.path.exists, (f"{compressed}/app.js{suffix}" for suffix in ALL))]
    assert set(VARIANTS) <= set(below(compressed))
    require_quiet(compressed)


def test_a_run_that_leaves_out_what_has_not_changed_makes_nobody_read_it(compressed: Path) -> None:
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


def test_a_link_that_is_made_to_lead_elsewhere_is_seen_though_nothing_there_has_changed(
    tmp_path: Path, compressions: list[str]
) -> None:
    """To a file of the same length and date."""
    root = linked(tmp_path)
    compress_tree(root)
    compress_tree(root)
    elsewhere = {"direct.js": "v2/app.js", "latest": "v2", "absolute.js": str(root / "v2/app.js")}
    for name, target in elsewhere.items():
        (root / name).unlink()
        (root / name).symlink_to(target)
    compressions.clear()
    report = compress_tree(root)
    require_right(root)
    changed = {name for name, action in told(report).items() if action == "written"}
    assert {name.partition(".js")[0] for name in changed} == {
        *("direct", "absolute", "over-a-folder", "over-a-link")
    }
    assert (report.files, len(compressions)) == (6, 12)
    compress_tree(root)
    assert len(compressions) == 12


def test_links_that_lead_out_or_nowhere_and_links_to_folders_are_passed_over(
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


def test_a_file_that_became_a_link_out_of_the_root_is_none_any_more(compressed: Path) -> None:
    (compressed / "app.js").rename(compressed.parent / "app.js")
    (compressed / "app.js").symlink_to("../app.js")
    report = compress_tree(compressed)
    assert {name for name, what in told(report).items() if what == "removed"} == {
        f"app.js{suffix}" for suffix in ALL
    }
    assert (compressed.parent / "app.js").read_bytes() == TEXT


# What is kept, and what is not any more.


def test_what_does_not_save_enough_any_more_is_removed_and_made_again_when_it_does(
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
    assert {each.reason for each in report.outcomes} == {"", "it does not save enough any more"}
    assert compressions == []
    require_quiet(compressed, min_saving=most, include=["app.js"])
    report = compress_tree(compressed, min_saving=0, include=["app.js"])
    assert told(report) == {**dict.fromkeys(removed, "written"), f"app.js{kept}": "unchanged"}
    assert len(compressions) == 2
    require_quiet(compressed, min_saving=0, include=["app.js"])


def test_a_file_below_the_least_size_has_no_variant_any_more(
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
def test_a_file_of_which_nothing_is_to_be_made_any_more_loses_what_was_made(
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
def test_what_was_made_of_a_file_that_is_gone_is_removed(compressed: Path, gone: str) -> None:
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
    assert all((each.size or 0) > 0 for each in removed)
    assert not [name for name in below(compressed) if name.startswith("app.js.")]
    assert "app.js" not in Record(str(compressed)).entries
    require_quiet(compressed)


def test_a_level_or_a_library_that_is_another_one_makes_its_variants_anew(
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


def test_without_a_library_the_others_are_made_and_what_it_made_stays_while_it_is_right(
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


def test_an_outdated_variant_of_somebody_in_an_encoding_not_asked_for_stays(
    compressed: Path,
) -> None:
    write(compressed / "app.js.br", b"somebody's")
    change_quietly(compressed)
    compress_tree(compressed, encodings=["gzip", "zstd"])
    assert (compressed / "app.js.br").read_bytes() == b"somebody's"


# What is somebody else's.


@pytest.mark.parametrize("content", [gzip.compress(TEXT, 1), gzip.compress(OTHER), b"", b"a"])
def test_somebodys_variant_is_replaced_where_ours_is_kept(site: Path, content: bytes) -> None:
    write(site / "app.js.gz", content)
    assert told(compress_tree(site))["app.js.gz"] == "written"
    require_right(site)
    require_quiet(site)


def test_a_variant_that_is_what_ours_would_be_is_taken_over_as_it_is(compressed: Path) -> None:
    """As where the record was lost."""
    (compressed / NAME).unlink()
    os.utime(compressed / "app.js.gz")
    inode = (compressed / "app.js.gz").stat().st_ino
    report = compress_tree(compressed)
    assert told(report) == {**UNCHANGED, "app.js.gz": "adjusted"}
    assert (compressed / "app.js.gz").stat().st_ino == inode
    require_right(compressed)
    require_quiet(compressed)
    assert counted(clean_tree(compressed)) == {"removed": 6}


@pytest.mark.parametrize("wrong", [gzip.compress(TEXT), b"", b"a", gzip.compress(NOISE)[:-1]])
def test_somebodys_wrong_variant_is_named_where_nothing_is_written_and_stays(
    site: Path, wrong: bytes
) -> None:
    """It would go on being served."""
    theirs = write(site / "noise.bin.gz", wrong)
    for _ in range(2):
        report = compress_tree(site)
        assert report.failures == [
            Failure(
                str(theirs),
                f"{theirs} is not {site}/noise.bin, compressed, and nothing that saves enough can"
                " be: remove it",
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


def test_somebodys_right_variant_stays_though_ours_would_not_be_kept(site: Path) -> None:
    theirs = write(site / "noise.bin.gz", gzip.compress(NOISE))
    before = snapshot(site)[str(theirs)]
    assert told(compress_tree(site)) == MADE
    assert told(compress_tree(site)) == UNCHANGED
    clean_tree(site)
    assert snapshot(site)[str(theirs)] == before


def test_a_variant_without_an_original_is_somebodys_own(site: Path) -> None:
    names = ["alone.js.gz", "alone.js.br", ".gz", "css/.br", "a.gz.gz"]
    for name in names:
        write(site / name, b"content")
    before = {name: snapshot(site)[f"{site}/{name}"] for name in names}
    compress_tree(site)
    compress_tree(site)
    clean_tree(site)
    assert {name: snapshot(site)[f"{site}/{name}"] for name in names} == before


def test_a_variant_of_ours_that_somebody_changed_stays_when_its_original_goes(
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


def test_a_folder_in_a_variants_place_is_named_and_the_other_variants_are_made(
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


# What cannot be read or written, and what changes meanwhile.


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_file_that_changes_while_it_is_compressed_is_named_once_and_done_the_next_time(
    compressed: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    change(compressed)
    before = {name: content for name, content in contents(compressed).items() if name != "app.js"}
    really = Source.pieces

    def pieces(self: Source) -> Iterator[bytes]:
        for piece in really(self):
            if self.path.endswith("app.js"):
                write(compressed / "app.js", TEXT * 3)
            yield piece

    with monkeypatch.context() as patch:
        patch.setattr(Source, "pieces", pieces)
        listener = Listener()
        report = compress_tree(compressed, jobs=jobs, watcher=listener)
    path = f"{compressed}/app.js"
    failure = Failure(path, f"{path} cannot be compressed: it was changed meanwhile")
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
    assert sum(listener.advanced) == listener.begun[0]
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
            f"{public_path}/no-entry/d.txt cannot be looked at: Permission denied",
        ],
        [
            f"{public_path}/unlistable",
            f"{public_path}/unlistable cannot be listed: Permission denied",
        ],
    ]
    read_only = [
        [f"{public_path}/read-only/e.txt{suffix}",
         f"{public_path}/read-only/e.txt{suffix} cannot be written: Permission denied"]
        for suffix in sorted(ALL)
    ]  # fmt: skip
    secret = f"{public_path}/secret.txt"
    unread = [[secret, f"{secret} cannot be read: Permission denied"]]
    assert first[0] == second[0] == sorted([*listed, *read_only, *unread])
    assert cleaned[0] == listed
    assert (first[1], second[1]) == (["a.txt:written"], ["a.txt:unchanged"])
    assert cleaned[1] == ["a.txt:removed"]


def test_of_a_folder_that_cannot_be_listed_nothing_is_known_and_nothing_forgotten(
    public_path: Path,
) -> None:
    """Its files are not gone."""
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
