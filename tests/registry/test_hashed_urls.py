"""Hashed URLs: how they are made, split and found, and which are kept."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.files import write
from tests.helpers.registries import KINDS, add
from whitenoise_async.registry.entries import HashedFile, Redirect, StaticFile
from whitenoise_async.registry.hashed_urls import (
    KeptHashedFiles,
    file_of,
    hashed_file,
    hashed_url,
    split_hashed_url,
)
from whitenoise_async.registry.interface import RegistryOptions
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import compile_globs

HASH, OTHER = "0123456789ab", "ba9876543210"


@pytest.mark.parametrize(
    ("plain", "hashed"),
    [
        ("/css/site.css", f"/css/site.{HASH}.css"),
        ("/LICENSE", f"/LICENSE.{HASH}"),
        ("/a.tar.gz", f"/a.tar.{HASH}.gz"),
        ("/.htaccess", f"/.htaccess.{HASH}"),
        ("/v1.2/app", f"/v1.2/app.{HASH}"),
        ("/app.", f"/app.{HASH}."),
        (f"/a.{OTHER}.js", f"/a.{OTHER}.{HASH}.js"),
        (f"/a.{OTHER}", f"/a.{HASH}.{OTHER}"),
        (f"/.{OTHER}", f"/.{OTHER}.{HASH}"),
        ("/a b/ü#?%.css", f"/a b/ü#?%.{HASH}.css"),
    ],
)
def test_the_hash_precedes_the_extension(plain: str, hashed: str) -> None:
    assert hashed_url(plain, HASH) == hashed
    assert split_hashed_url(hashed) == (plain, HASH)


@pytest.mark.parametrize(
    "url",
    [
        "/", "", "/a.css", f"/.{HASH}", f"/a/.{HASH}", f"/.{HASH}.css", f"/{HASH}.css",
        f"/a.{HASH[:-1]}.css", f"/a.{HASH}0.css", f"/a.{HASH.upper()}.css", f"/a-{HASH}.css",
        f"/a.{HASH}.tar.gz", f"/a.{HASH}/b.css", f"/a.{HASH}/", f"/a.{HASH}.css\n.x",
        "/a.٠١٢٣٤٥٦٧٨٩ab",
    ],
)  # fmt: skip
def test_no_other_url_is_hashed(url: str) -> None:
    assert split_hashed_url(url) is None


@given(
    name=st.text(st.sampled_from("a.0é#%? "), min_size=1, max_size=8),
    between=st.sampled_from(["", f".{OTHER}", f".{HASH}"]),
    extension=st.sampled_from(["", ".css", ".", f".{OTHER}"]),
)
def test_a_hashed_url_can_always_be_split(name: str, between: str, extension: str) -> None:
    url = f"/{name}{between}{extension}"
    assert split_hashed_url(hashed_url(url, HASH)) == (url, HASH)


def test_a_page_has_a_hashed_url_but_a_folder_has_none() -> None:
    file = StaticFile("/srv/docs/index.html", "/docs/")
    assert file_of(file) is file
    assert file_of(Redirect(file, "./")) is file
    assert file_of(Redirect(file, None)) is None
    assert file_of(HashedFile(file, f"/a.{HASH}", HASH)) is None
    assert file_of(None) is None
    found = hashed_file(Redirect(file, "./"), "/docs/index.html", HASH)
    assert found is not None
    assert (found.url, found.plain, found.path) == (f"/docs/index.{HASH}.html", file, file.path)
    assert hashed_file(None, "/a.css", HASH) is None


def make(url: str, hash_: str) -> HashedFile:
    return HashedFile(StaticFile("/srv" + url, url), hashed_url(url, hash_), hash_)


@pytest.mark.parametrize("url", ["/a.css", f"/a.x{HASH}"])
def test_one_file_is_kept_for_each_plain_url(url: str) -> None:
    kept = KeptHashedFiles()
    old, page, new = make(url, HASH), make("/a", HASH), make(url, OTHER)
    assert kept.get(old.url) is None
    assert kept.keep(old) is old
    assert kept.keep(make(url, HASH)) is old
    assert kept.keep(page) is page
    assert len(kept) == 2
    assert kept.keep(new) is new
    assert (kept.get(old.url), kept.get(new.url), kept.get(page.url)) == (None, new, page)
    assert len(kept) == 2


@pytest.mark.parametrize(
    "urls",
    [
        (f"/{HASH}.{HASH}/a.{HASH}.js", f"/{HASH}/a.{HASH}.js"),
        (f"/b.{HASH}/a.js", f"/b/a.{HASH}.js"),
    ],
)
def test_a_name_that_contains_its_own_hash_is_kept_like_any_other(urls: tuple[str, str]) -> None:
    kept = KeptHashedFiles()
    first, second = (make(url, HASH) for url in urls)
    assert kept.keep(first) is first
    assert kept.keep(second) is second
    assert (kept.get(first.url), kept.get(second.url)) == (first, second)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_hashed_url_leads_to_a_listed_file_whatever_the_hash_is(
    kind: Any, tmp_path: Path
) -> None:
    write(tmp_path / "sub" / "a.css", b"a" * 100, compressed=True)
    registry = kind(RegistryOptions())
    add(registry, tmp_path, "static")
    for hash_ in (HASH, OTHER):
        found = registry.look_up(f"/static/sub/a.{hash_}.css")
        assert isinstance(found, HashedFile)
        assert (found.hash, found.url) == (hash_, f"/static/sub/a.{hash_}.css")
        assert (found.path, found.plain_url) == (str(tmp_path / "sub/a.css"), "/static/sub/a.css")
        assert (found.suffixes, found.below) == ((".gz",), "sub/")
        assert found.path_below_root == "sub/a.css"
    for url in (f"/sub/a.{HASH}.css", f"/static/sub.{HASH}", f"/static/a.{HASH}.css",
                f"/static/sub/a.{HASH}.css.gz", f"/static/sub/a.{OTHER}.{HASH}.css"):  # fmt: skip
        assert registry.look_up(url) is None, url


def test_an_excluded_file_has_no_hashed_url(kind: Any, tmp_path: Path) -> None:
    write(tmp_path / "a.map", b"")
    registry = kind(RegistryOptions(exclude=compile_globs("exclude", ["*.map"])))
    add(registry, tmp_path)
    assert registry.look_up(f"/a.{HASH}.map") is None


def test_a_listed_file_wins_over_a_hashed_url(kind: Any, tmp_path: Path) -> None:
    write(tmp_path / "a.css", b"a")
    write(tmp_path / f"a.{HASH}.css", b"another file")
    registry = kind(RegistryOptions())
    add(registry, tmp_path)
    found = registry.look_up(f"/a.{HASH}.css")
    assert type(found) is StaticFile
    assert isinstance(registry.look_up(f"/a.{OTHER}.css"), HashedFile)
    assert isinstance(registry.look_up(f"/a.{HASH}.{OTHER}.css"), HashedFile)


def test_pages_have_hashed_urls_and_folders_have_none(kind: Any, tmp_path: Path) -> None:
    index = write(tmp_path / "docs" / "index.html", b"index")
    about = write(tmp_path / "about.html", b"about")
    registry = kind(RegistryOptions(index_file="index.html", clean_urls=True))
    add(registry, tmp_path)
    for url, path in [
        (f"/docs/index.{HASH}.html", index),
        (f"/about.{HASH}.html", about),
        (f"/about.{HASH}", about),
    ]:
        found = registry.look_up(url)
        assert isinstance(found, HashedFile), url
        assert found.path == str(path)
    for url in (f"/docs.{HASH}", f"/docs/.{HASH}", f"/.{HASH}"):
        assert registry.look_up(url) is None, url


def test_a_file_with_the_name_of_a_variant_has_a_hashed_url(kind: Any, tmp_path: Path) -> None:
    write(tmp_path / "notes", b"notes")
    write(tmp_path / "notes.gz", gzip.compress(b"of something else"))
    registry = kind(RegistryOptions())
    add(registry, tmp_path)
    found = registry.look_up(f"/notes.{HASH}.gz")
    assert isinstance(found, HashedFile)
    assert (found.is_variant, found.plain_url) == (True, "/notes.gz")


def test_only_a_file_that_is_still_listed_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.css", b"one")
    write(tmp_path / "two" / "a.css", b"two")
    registry = WalkedRegistry(RegistryOptions())
    add(registry, tmp_path / "one")
    url = f"/a.{HASH}.css"
    first, second = registry.look_up(url), registry.look_up(url)
    assert isinstance(first, HashedFile)
    assert isinstance(second, HashedFile)
    assert first is not second  # nothing is kept before the hash is known to be right
    assert registry.keep_hashed(first) is first
    assert registry.keep_hashed(second) is first
    assert registry.look_up(url) is first
    add(registry, tmp_path / "two")
    assert registry.look_up(url) is not first
    assert registry.keep_hashed(first) is first
    found = registry.look_up(url)
    assert isinstance(found, HashedFile)
    assert found.path == str(tmp_path / "two" / "a.css")
    gone = make("/gone.css", HASH)
    assert registry.keep_hashed(gone) is gone
    assert registry.look_up(gone.url) is None


def test_with_autorefresh_nothing_is_kept(tmp_path: Path) -> None:
    registry = KINDS[1](RegistryOptions())
    file = make("/a.css", HASH)
    assert registry.keep_hashed(file) is file
    assert registry.look_up(file.url) is None
