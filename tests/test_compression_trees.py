"""Compressing, checking and cleaning whole trees: by real libraries, on a real file system."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import MTIME, write
from trees import (
    ALL,
    NOISE,
    OTHER,
    TEXT,
    Listener,
    below,
    contents,
    require_right,
    snapshot,
    told,
    with_variants,
    write_quietly,
)

from whitenoise_async.compression import (
    Action,
    check_tree,
    clean_tree,
    compress_tree,
)
from whitenoise_async.compression.encoders import _KINDS

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
    linked = (compressed / "elsewhere.bin").stat()
    report = compress_tree(compressed)
    assert told(report)["app.js.gz"] == "written"
    assert not (compressed / "app.js.gz").is_symlink()
    assert (compressed / "elsewhere.bin").stat() == linked
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
