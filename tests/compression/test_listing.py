"""What is found below a root: files, their variants, and what an earlier run left behind."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import write
from whitenoise_async.compression import make_settings
from whitenoise_async.compression.listing import Listing, list_tree
from whitenoise_async.compression.record import NAME
from whitenoise_async.compression.report import LEADS_OUT, LeftAlone


def found(root: Path, include: str = "*", recorded: Collection[str] = ()) -> Listing:
    return list_tree(at(root), make_settings(include=[include]), recorded)


def test_files_and_their_variants_are_found_in_a_fixed_order_with_their_sizes(
    tmp_path: Path,
) -> None:
    for name in ("b.js.gz", "b.js", "a/z.css", "a/b/c.js.zst", "a/b/c.js", "a.css.br"):
        write(tmp_path / name, name.encode())
    listing = found(tmp_path)
    assert list(listing.originals.items()) == [("b.js", 4), ("a/z.css", 7), ("a/b/c.js", 8)]
    assert listing.variants == {"a.css.br", "b.js.gz", "a/b/c.js.zst"}
    others = (listing.others, listing.unfinished, listing.failures, listing.left_alone)
    assert others == ({}, [], [], [])


def test_what_is_recorded_and_not_selected_is_another_one(
    tmp_path: Path,
) -> None:
    for name in ("a.js", "a.css", "b.css", "a.css.gz", "b.css.gz", "c.css.gz"):
        write(tmp_path / name, b"content")
    (tmp_path / "d.css").mkdir()
    listing = found(tmp_path, "*.js", ["a.css", "c.css", "d.css"])
    assert list(listing.originals) == ["a.js"]
    assert list(listing.others) == ["a.css"]
    assert listing.variants == {"a.css.gz", "b.css.gz", "c.css.gz"}


@pytest.mark.parametrize("name", [".gz", "a.gz.br", "a.gz", "a.br", "a.zst", "sub.gz/a.gz"])
def test_no_name_with_such_a_suffix_is_that_of_an_original(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    listing = found(tmp_path)
    assert (listing.originals, listing.variants) == ({}, {name})


@pytest.mark.parametrize("name", ["a.GZ", "a.gzip", "gz", "br", "a.zst.txt", "sub.gz/a"])
def test_what_only_looks_like_such_a_suffix_is_none(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    assert list(found(tmp_path).originals) == [name]


def test_what_a_killed_run_left_is_found_and_nothing_else_of_the_tools_own(tmp_path: Path) -> None:
    left = [".whitenoise_async-1.tmp", "sub/.whitenoise_async-2.tmp"]
    for name in (*left, NAME, ".whitenoise_async-other", "a.tmp"):
        write(tmp_path / name, b"")
    os.mkfifo(tmp_path / ".whitenoise_async-fifo.tmp")
    (tmp_path / ".whitenoise_async-link.tmp").symlink_to("a.tmp")
    (tmp_path / ".whitenoise_async-folder.tmp").mkdir()
    listing = found(tmp_path)
    assert listing.unfinished == left
    assert list(listing.originals) == ["a.tmp"]


def test_links_to_files_inside_are_files_and_those_that_lead_out_are_left_alone(
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
    listing = list_tree(at(root), make_settings(exclude=["*.css"]), ["recorded.css"])
    assert listing.originals == dict.fromkeys(["sub/a.js", *links], 7)
    assert listing.left_alone == [LeftAlone("out.js", LEADS_OUT)]
    assert listing.others == {}
