"""The URLs that files add: variants, and index files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.files import write
from tests.helpers.registries import KINDS, add, describe, path_of
from whitenoise_async.registry.entries import Redirect, StaticFile
from whitenoise_async.registry.interface import Registry
from whitenoise_async.registry.listing import Place, listing_of
from whitenoise_async.registry.walked import WalkedRegistry


def test_a_variant_is_found_as_one_and_a_gz_without_an_original_as_a_file(
    registry: Registry, tmp_path: Path
) -> None:
    for name in ("a.css", "a.css.gz", "alone.tar.gz", ".gz", "a.css.GZ"):
        write(tmp_path / name, b"")
    add(registry, tmp_path)
    assert registry.look_up("/a.css") is not None
    variant = registry.look_up("/a.css.gz")
    assert describe(variant) == (str(tmp_path / "a.css.gz"), "/a.css.gz", (), True)
    listed = registry.files()
    assert listed is None or str(tmp_path / "a.css.gz") not in listed
    for name in ("alone.tar.gz", ".gz", "a.css.GZ"):
        assert describe(registry.look_up(f"/{name}")) == (
            str(tmp_path / name),
            f"/{name}",
            (),
            False,
        )


def test_a_file_of_an_earlier_root_has_no_variants_in_a_later_one(
    registry: Registry, tmp_path: Path
) -> None:
    write(tmp_path / "one" / "a.css", b"")
    write(tmp_path / "one" / "a.css.gz", b"")
    write(tmp_path / "two" / "a.css.gz", b"")
    add(registry, tmp_path / "one")
    add(registry, tmp_path / "two")
    assert path_of(registry.look_up("/a.css")) == str(tmp_path / "one" / "a.css")
    assert path_of(registry.look_up("/a.css.gz")) == str(tmp_path / "two" / "a.css.gz")


def test_a_variant_belongs_to_the_latest_root_that_has_its_original_too(
    registry: Registry, tmp_path: Path
) -> None:
    """It makes no difference whether the URL was looked up before."""
    for root, names in [("one", ["a", "a.gz"]), ("two", ["a"]), ("three", ["a", "a.gz"])]:
        for name in names:
            write(tmp_path / root / name, b"")
        add(registry, tmp_path / root)
        expected = str(tmp_path / ("one" if root == "two" else root) / "a.gz")
        assert path_of(registry.look_up("/a.gz")) == expected
    assert path_of(registry.look_up("/a")) == str(tmp_path / "three" / "a")


def test_a_variant_may_have_a_variant(registry: Registry, tmp_path: Path) -> None:
    for name in ("a", "a.gz", "a.gz.br"):
        write(tmp_path / name, b"")
    add(registry, tmp_path)
    assert describe(registry.look_up("/a.gz")) == (str(tmp_path / "a.gz"), "/a.gz", (".br",), True)
    assert describe(registry.look_up("/a.gz.br"))[2:] == ((), True)


@pytest.mark.parametrize("index", ["docs", "index.html"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_variant_of_an_index_file_has_only_the_url_of_its_name(
    kind: type[WalkedRegistry], index: str, tmp_path: Path
) -> None:
    registry = kind(index)
    for name in ("index.html", f"docs/{index}"):
        write(tmp_path / name, b"")
        write(tmp_path / f"{name}.gz", b"")
    add(registry, tmp_path)
    found = registry.look_up(f"/docs/{index}.gz")
    assert path_of(found) == str(tmp_path / "docs" / f"{index}.gz")
    for url in ("/docs/.gz", "/docs.gz", "/.gz", ".gz", ""):
        entry = registry.look_up(url)
        if (index, url) == ("index.html", ""):  # the index file of the root
            assert isinstance(entry, Redirect)
        else:
            assert entry is None, url


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_file_has_three_urls(kind: type[WalkedRegistry], tmp_path: Path) -> None:
    index = write(tmp_path / "docs" / "index.html", b"")
    registry = kind("index.html")
    add(registry, tmp_path, "static")
    assert path_of(registry.look_up("/static/docs/")) == str(index)
    for url, location in [("/static/docs", None), ("/static/docs/index.html", "./")]:
        redirect = registry.look_up(url)
        assert isinstance(redirect, Redirect)
        assert (redirect.file.path, redirect.file.url) == (str(index), "/static/docs/")
        assert redirect.location == location
    assert registry.look_up("/static") is None
    write(tmp_path / "index.html", b"")
    add(registry, tmp_path, "static")
    assert path_of(registry.look_up("/static")) == str(tmp_path / "index.html")


def test_a_url_without_a_suffix_has_no_variant() -> None:
    listing = listing_of("/root", "/", {"a.css", "a.css.gz"}, None)
    assert describe(listing.variant("/a.css.gz")) == ("/root/a.css.gz", "/a.css.gz", (), True)
    assert listing.variant("/a.css") is None
    assert listing.variant("/b.css.gz") is None


def test_a_place_stands_for_the_files_of_one_directory() -> None:
    file = Place("/root/a/b", (".gz",), are_variants=True).file("/static/a/b/c.css")
    expected = (os.path.join("/root/a/b", "c.css"), "/static/a/b/c.css", (".gz",), True)
    assert describe(file) == expected


def test_a_directory_adds_its_files_and_its_index_file() -> None:
    listing = listing_of("/root", "/static/", {"a.css", "index.html"}, "index.html")
    assert sorted(listing.urls) == ["/static", "/static/", "/static/a.css", "/static/index.html"]
    index = os.path.join("/root", "index.html")
    file = listing.urls["/static/"]
    assert isinstance(file, StaticFile)
    assert describe(file) == (index, "/static/", (), False)
    assert listing.variant("/static/a.css") is None
    assert listing.variant("/static/a.css.gz") is None


def test_a_variant_is_no_index_file() -> None:
    listing = listing_of("/root", "/static/", {"a", "a.gz"}, "a.gz")
    assert list(listing.urls) == ["/static/a"]


def test_a_file_may_have_several_variants() -> None:
    listing = listing_of("/root", "/", {"a", "a.zst", "a.br", "a.gz", "b.br"}, None)
    place = Place("/root", (".gz", ".br", ".zst"))
    assert listing.urls == {"/a": place, "/b.br": Place("/root", ())}


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_knows_its_path_below_its_root(
    kind: type[WalkedRegistry], tmp_path: Path
) -> None:
    """Also an index file, a file with the name of a variant, and such a file's variant."""
    names = ["a.css", "docs/index.html", "docs/new/a.css", "docs/b.gz", "docs/b", "docs/b.gz.br"]
    for name in names:
        write(tmp_path / name, b"")
    registry = kind("index.html")
    add(registry, tmp_path, "/static/")
    for url, expected in [
        ("/static/a.css", "a.css"),
        ("/static/docs/new/a.css", "docs/new/a.css"),
        ("/static/docs/b.gz", "docs/b.gz"),
        ("/static/docs/b.gz.br", "docs/b.gz.br"),
        ("/static/docs/", "docs/index.html"),
        ("/static/docs", "docs/index.html"),
    ]:
        entry = registry.look_up(url)
        assert isinstance(entry, StaticFile | Redirect)
        file = entry.file if isinstance(entry, Redirect) else entry
        assert file.path_below_root == expected
