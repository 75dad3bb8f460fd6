"""The URLs that files add: variants, and index files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.files import write
from tests.helpers.registries import KINDS, add, describe, path_of
from whitenoise_async.registry.entries import Fallback, Redirect, StaticFile
from whitenoise_async.registry.interface import Registry, RegistryOptions, make_root
from whitenoise_async.registry.listing import PagePlace, Place, listing_of, variant_suffixes
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
    registry = kind(RegistryOptions(index))
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
    registry = kind(RegistryOptions("index.html"))
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
    listing = listing_of("/root", "/", {"a.css", "a.css.gz"}, RegistryOptions())
    assert describe(listing.variant("/a.css.gz")) == ("/root/a.css.gz", "/a.css.gz", (), True)
    assert listing.variant("/a.css") is None
    assert listing.variant("/b.css.gz") is None


def test_a_place_stands_for_the_files_of_one_directory() -> None:
    file = Place("/root/a/b", (".gz",), are_variants=True).file("/static/a/b/c.css")
    expected = (os.path.join("/root/a/b", "c.css"), "/static/a/b/c.css", (".gz",), True)
    assert describe(file) == expected


def test_a_directory_adds_its_files_and_its_index_file() -> None:
    listing = listing_of(
        "/root", "/static/", {"a.css", "index.html"}, RegistryOptions("index.html")
    )
    assert sorted(listing.urls) == ["/static", "/static/", "/static/a.css", "/static/index.html"]
    index = os.path.join("/root", "index.html")
    file = listing.urls["/static/"]
    assert isinstance(file, StaticFile)
    assert describe(file) == (index, "/static/", (), False)
    assert listing.variant("/static/a.css") is None
    assert listing.variant("/static/a.css.gz") is None


def test_a_variant_is_no_index_file() -> None:
    listing = listing_of("/root", "/static/", {"a", "a.gz"}, RegistryOptions("a.gz"))
    assert list(listing.urls) == ["/static/a"]


def test_a_file_may_have_several_variants() -> None:
    listing = listing_of("/root", "/", {"a", "a.zst", "a.br", "a.gz", "b.br"}, RegistryOptions())
    place = Place("/root", (".gz", ".br", ".zst"))
    assert listing.urls == {"/a": place, "/b.br": Place("/root", ())}


def test_variants_belong_to_the_originals_next_to_them() -> None:
    first, second = (f".{digit * 16}.dcz" for digit in "01")
    names = {"a", "a.zst", "a.gz", "a.br", f"a{second}", f"a{first}", "b.gz", f"c{first}"}
    assert variant_suffixes({*names, "d.dcz", "e.gz.txt"}) == {
        "a": (".gz", ".br", ".zst", first, second)
    }
    assert variant_suffixes({"d.dcz", "e.zst.txt", "e"}) == {}
    assert variant_suffixes(set()) == {}


def test_a_page_has_no_clean_url_by_default() -> None:
    assert listing_of("/root", "/", {"a.html"}, RegistryOptions()).urls == {
        "/a.html": Place("/root", ())
    }


@pytest.mark.parametrize("clean_urls", [False, True])
def test_a_substitute_is_found_by_its_name(clean_urls: bool) -> None:
    files = {"index.html", "index.html.gz", "page.html"}
    options = RegistryOptions("index.html", clean_urls=clean_urls)
    listing = listing_of("/root/app", "/static/app/", files, options, "app/")
    for name, suffixes in [("index.html", (".gz",)), ("page.html", ())]:
        url = f"/static/app/{name}"
        found = listing.substitute(Fallback, url)
        assert isinstance(found, Fallback)
        assert describe(found) == (os.path.join("/root/app", name), url, suffixes, False)
        assert found.path_below_root == f"app/{name}"
    for url in ("/static/app/", "/static/app", "/static/app/none.html", "/static/app/page"):
        assert listing.substitute(Fallback, url) is None


def test_a_page_has_a_clean_url_and_a_redirect_to_it() -> None:
    files = {"about.html", "about.html.gz", "a:b.html", "app.css"}
    listing = listing_of("/root", "/static/", files, RegistryOptions(clean_urls=True))
    assert listing.urls == {
        "/static/about": Place("/root", (".gz",), omitted=".html"),
        "/static/about.html": PagePlace("/root", (".gz",)),
        "/static/a:b": Place("/root", (), omitted=".html"),
        "/static/a:b.html": PagePlace("/root", ()),
        "/static/app.css": Place("/root", ()),
    }
    page = (os.path.join("/root", "about.html"), "/static/about", (".gz",), False)
    assert describe(listing.entry("/static/about")) == page
    assert describe(listing.entry("/static/about.html")) == ("about", page)
    redirect = listing.entry("/static/a:b.html")
    assert isinstance(redirect, Redirect)
    assert redirect.location == "a%3Ab"  # else "a:" would be a scheme
    variant = listing.variant("/static/about.html.gz")
    assert variant is not None and variant.path == os.path.join("/root", "about.html.gz")
    assert listing.variant("/static/about.gz") is None


@pytest.mark.parametrize(
    ("files", "index_file", "expected"),
    [
        # A file of exactly that name comes first, also one that may be a variant.
        ({"about", "about.html"}, None, ["/about", "/about.html"]),
        ({"a", "a.gz", "a.gz.html"}, None, ["/a", "/a.gz.html"]),
        ({"index.html"}, "index.html", ["", "/", "/index.html"]),
        ({"index.html"}, None, ["/index", "/index.html"]),
        # Clients resolve these names.
        ({".html", "..html", "...html"}, None, ["/...html", "/..html", "/.html"]),
        ({"a.html.html"}, None, ["/a.html", "/a.html.html"]),
        ({"X.html"}, None, ["/X", "/X.html"]),
        ({"a.html", "a.html.html"}, None, ["/a", "/a.html", "/a.html.html"]),
        ({"a.HTML", "a.htm"}, None, ["/a.HTML", "/a.htm"]),
    ],
)
def test_other_names_keep_their_urls(
    files: set[str], index_file: str | None, expected: list[str]
) -> None:
    listing = listing_of("/root", "/", files, RegistryOptions(index_file, clean_urls=True))
    assert sorted(listing.urls) == expected
    for url, place in listing.urls.items():
        if isinstance(place, PagePlace):
            assert isinstance(listing.entry(url[: -len(".html")]), StaticFile)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_comes_before_the_folder_of_that_name(
    kind: type[WalkedRegistry], tmp_path: Path
) -> None:
    page = write(tmp_path / "about.html", b"")
    index = write(tmp_path / "about" / "index.html", b"")
    registry = kind(RegistryOptions("index.html", clean_urls=True))
    add(registry, tmp_path)
    assert path_of(registry.look_up("/about")) == str(page)
    assert path_of(registry.look_up("/about/")) == str(index)
    assert isinstance(registry.look_up("/about"), StaticFile)
    assert isinstance(registry.look_up("/about/index.html"), Redirect)


@pytest.mark.parametrize("names", [["about.html", "about/index.html"]])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_page_comes_before_the_folder_in_any_order_of_the_names(
    tmp_path: Path, names: list[str], is_reversed: bool
) -> None:
    registry = WalkedRegistry(RegistryOptions("index.html", clean_urls=True))
    root = make_root(tmp_path, None, False)
    registry.add(root, reversed(names) if is_reversed else names)
    assert path_of(registry.look_up("/about")) == str(tmp_path / "about.html")


def test_the_redirect_to_a_page_has_the_object_that_is_served(tmp_path: Path) -> None:
    """Hooks run once for each object."""
    write(tmp_path / "one" / "about.html", b"")
    write(tmp_path / "two" / "about", b"")
    registry = WalkedRegistry(RegistryOptions(clean_urls=True))
    add(registry, tmp_path / "one")
    redirect = registry.look_up("/about.html")
    assert isinstance(redirect, Redirect)
    assert redirect.file is registry.look_up("/about")
    assert redirect is registry.look_up("/about.html")
    registry = WalkedRegistry(RegistryOptions(clean_urls=True))
    add(registry, tmp_path / "one")
    add(registry, tmp_path / "two")
    assert path_of(registry.look_up("/about.html")) == str(tmp_path / "one" / "about.html")
    assert path_of(registry.look_up("/about")) == str(tmp_path / "two" / "about")


def test_a_page_redirects_although_a_folder_of_a_later_root_has_its_clean_url(
    tmp_path: Path,
) -> None:
    page = write(tmp_path / "one" / "about.html", b"")
    index = write(tmp_path / "two" / "about" / "index.html", b"")
    registry = WalkedRegistry(RegistryOptions("index.html", clean_urls=True))
    add(registry, tmp_path / "one")
    add(registry, tmp_path / "two")
    assert path_of(registry.look_up("/about.html")) == str(page)
    assert path_of(registry.look_up("/about")) == str(index)


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_knows_its_path_below_its_root(
    kind: type[WalkedRegistry], tmp_path: Path
) -> None:
    """Also an index file, a file with the name of a variant, and such a file's variant."""
    names = ["a.css", "docs/index.html", "docs/new/a.css", "docs/b.gz", "docs/b", "docs/b.gz.br"]
    for name in names:
        write(tmp_path / name, b"")
    registry = kind(RegistryOptions("index.html"))
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


@pytest.mark.parametrize("kind", KINDS)
def test_pages_have_no_clean_urls_by_default(kind: type[WalkedRegistry], tmp_path: Path) -> None:
    write(tmp_path / "about.html", b"a")
    registry = kind(RegistryOptions())
    add(registry, tmp_path)
    assert registry.look_up("/about") is None
    assert path_of(registry.look_up("/about.html")) == str(tmp_path / "about.html")
