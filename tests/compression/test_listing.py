"""The listing of a root: files, their variants, and leftovers of an earlier run."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import write
from whitenoise_async.compression import Report
from whitenoise_async.compression.listing import Listing, list_tree
from whitenoise_async.compression.record import NAME
from whitenoise_async.compression.report import LEADS_OUT
from whitenoise_async.compression.settings import Settings


def found(root: Path, include: str = "*", recorded: Collection[str] = ()) -> Listing:
    report = Report(str(root))
    listing = list_tree(at(root), Settings(include=[include]), recorded, report)
    assert (report.failures, report.left_alone) == ([], {})
    return listing


def test_files_and_their_variants_are_found_in_a_fixed_order_with_their_sizes(
    tmp_path: Path,
) -> None:
    for name in ("b.js.gz", "b.js", "a/z.css", "a/b/c.js.zst", "a/b/c.js", "a.css.br"):
        write(tmp_path / name, name.encode())
    listing = found(tmp_path)
    assert list(listing.files.items()) == [("b.js", 4), ("a/z.css", 7), ("a/b/c.js", 8)]
    assert listing.variants == {"a.css.br", "b.js.gz", "a/b/c.js.zst"}
    assert listing.unfinished == []


def test_files_that_are_not_selected_are_listed_without_a_size(tmp_path: Path) -> None:
    for name in ("a.js", "a.css", "b.css", "a.css.gz", "b.css.gz", "c.css.gz"):
        write(tmp_path / name, b"content")
    (tmp_path / "d.css").mkdir()
    (tmp_path / "recorded-link.css").symlink_to("a.css")
    (tmp_path / "link.css").symlink_to("a.css")
    listing = found(tmp_path, "*.js", ["a.css", "c.css", "d.css", "recorded-link.css"])
    others = dict.fromkeys(["a.css", "b.css", "recorded-link.css"])
    assert listing.files == {"a.js": 7, **others}
    assert listing.variants == {"a.css.gz", "b.css.gz", "c.css.gz"}


@pytest.mark.parametrize("name", [".gz", "a.gz.br", "a.gz", "a.br", "a.zst", "sub.gz/a.gz"])
def test_a_name_with_the_suffix_of_a_variant_is_not_an_original(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    listing = found(tmp_path)
    assert (listing.files, listing.variants) == ({}, {name})


@pytest.mark.parametrize("name", ["a.GZ", "a.gzip", "gz", "br", "a.zst.txt", "sub.gz/a"])
def test_similar_suffixes_are_not_those_of_variants(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    assert list(found(tmp_path).files) == [name]


def test_only_leftovers_of_a_killed_run_are_found_among_the_files_of_the_tool(
    tmp_path: Path,
) -> None:
    left = [".whitenoise_async-1.tmp", "sub/.whitenoise_async-2.tmp"]
    for name in (*left, NAME, ".whitenoise_async-other", "a.tmp"):
        write(tmp_path / name, b"")
    os.mkfifo(tmp_path / ".whitenoise_async-fifo.tmp")
    (tmp_path / ".whitenoise_async-link.tmp").symlink_to("a.tmp")
    (tmp_path / ".whitenoise_async-folder.tmp").mkdir()
    listing = found(tmp_path)
    assert listing.unfinished == left
    assert list(listing.files) == ["a.tmp"]


def test_links_to_files_inside_are_files_and_links_that_lead_outside_are_skipped(
    tmp_path: Path,
) -> None:
    root = tmp_path / "site"
    write(root / "sub" / "a.js", b"content")
    write(tmp_path / "b.js", b"content")
    (tmp_path / "root").symlink_to("site")
    links = {
        "direct": "sub/a.js", "up": "./sub/../sub/a.js", "absolute": str(root / "sub" / "a.js"),
        "sub/down": "../sub/a.js", "over a link": "direct", "over a folder": "folder/a.js",
        "over the root": str(tmp_path / "root" / "sub" / "a.js"),
    }  # fmt: skip
    (root / "folder").symlink_to("sub")
    for name, target in {**links, "out.js": "../b.js", "recorded.css": "../b.js"}.items():
        (root / name).symlink_to(target)
    report = Report(str(root))
    listing = list_tree(at(root), Settings(exclude=["*.css"]), ["recorded.css"], report)
    assert listing.files == dict.fromkeys(["sub/a.js", *links], 7)
    assert report.left_alone == {"out.js": LEADS_OUT}
