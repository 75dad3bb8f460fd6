"""What is found below a root: files, their variants, and what an earlier run left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import write
from whitenoise_async.compression.record import JOURNAL, NAME
from whitenoise_async.compression.tree import NOBODY_KNOWS, Listing, list_tree, suffix_of


def everything(path: str) -> bool:
    return True


def scripts(path: str) -> bool:
    return path.endswith(".js")


def found(
    root: Path, selects: Callable[[str], bool] = everything, recorded: Collection[str] = ()
) -> Listing:
    return list_tree(at(root), selects, recorded)


def test_files_and_their_variants_are_found_in_a_fixed_order_with_their_states(
    tmp_path: Path,
) -> None:
    for name in ("b.js.gz", "b.js", "a/z.css", "a/b/c.js.zst", "a/b/c.js", "a.css.br"):
        write(tmp_path / name, name.encode())
    listing = found(tmp_path)
    assert list(listing.originals) == ["b.js", "a/z.css", "a/b/c.js"]
    assert list(listing.variants) == ["a.css.br", "b.js.gz", "a/b/c.js.zst"]
    for path, status in (*listing.originals.items(), *listing.variants.items()):
        assert (status.st_ino, status.st_size) == ((tmp_path / path).stat().st_ino, len(path))
    others = (listing.links, listing.others, listing.unfinished, listing.failures)
    assert others == ({}, {}, [], [])


def test_what_is_recorded_and_not_selected_is_another_one_and_has_its_variants(
    tmp_path: Path,
) -> None:
    for name in ("a.js", "a.css", "b.css", "a.css.gz", "b.css.gz", "c.css.gz"):
        write(tmp_path / name, b"content")
    (tmp_path / "d.css").mkdir()
    listing = found(tmp_path, scripts, ["a.css", "c.css", "d.css"])
    assert list(listing.originals) == ["a.js"]
    assert list(listing.others) == ["a.css"]
    assert list(listing.variants) == ["a.css.gz", "c.css.gz"]
    names = ("a.js", "a.css", "b.css", "c.css", "d.css")
    assert [name for name in names if listing.has(name)] == ["a.js", "a.css"]


@pytest.mark.parametrize("name", [".gz", "a.gz.br", "a.gz", "a.br", "a.zst", "sub.gz/a.gz"])
def test_no_name_with_such_a_suffix_is_that_of_an_original(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    listing = found(tmp_path)
    assert (list(listing.originals), list(listing.variants)) == ([], [name])


@pytest.mark.parametrize("name", ["a.GZ", "a.gzip", "gz", "br", "a.zst.txt", "sub.gz/a"])
def test_what_only_looks_like_such_a_suffix_is_none(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"content")
    assert list(found(tmp_path).originals) == [name]


def test_what_a_killed_run_left_is_found_and_nothing_else_of_the_tools_own(tmp_path: Path) -> None:
    left = [".whitenoise_async-1.tmp", "sub/.whitenoise_async-2.tmp"]
    for name in (*left, NAME, JOURNAL, ".whitenoise_async-other", "a.tmp"):
        write(tmp_path / name, b"")
    os.mkfifo(tmp_path / ".whitenoise_async-fifo.tmp")
    (tmp_path / ".whitenoise_async-link.tmp").symlink_to("a.tmp")
    (tmp_path / ".whitenoise_async-folder.tmp").mkdir()
    listing = found(tmp_path)
    assert listing.unfinished == left
    assert list(listing.originals) == ["a.tmp"]


def test_of_a_link_the_time_is_known_since_when_it_leads_there_but_not_over_another(
    tmp_path: Path,
) -> None:
    root = tmp_path / "site"
    write(root / "sub" / "a.js", b"content")
    (tmp_path / "root").symlink_to("site")
    links = {
        "direct": "sub/a.js", "up": "./sub/../sub/a.js", "absolute": str(root / "sub" / "a.js"),
        "sub/down": "../sub/a.js", "over a link": "direct", "over a folder": "folder/a.js",
        "over the root": str(tmp_path / "root" / "sub" / "a.js"),
    }  # fmt: skip
    (root / "folder").symlink_to("sub")
    for name, target in links.items():
        (root / name).symlink_to(target)
    listing = found(tmp_path / "root")
    assert set(listing.originals) == {"sub/a.js", *links}
    assert {link.target for link in listing.links.values()} == {"sub/a.js"}
    assert {name: link.since for name, link in listing.links.items()} == {
        name: NOBODY_KNOWS if name.startswith("over") else (root / name).lstat().st_ctime_ns
        for name in links
    }


def test_an_encoding_that_there_is_not_has_no_files() -> None:
    assert [suffix_of(each) for each in ("gzip", "br", "zstd")] == [".gz", ".br", ".zst"]
    assert "/" in suffix_of("lzma")
