"""The walk through a root, and the URLs of all its folders."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from whitenoise_async.registry.interface import RegistryOptions, make_root
from whitenoise_async.registry.listing import Place
from whitenoise_async.registry.walk import list_root, walk
from whitenoise_async.support.globs import compile_globs


def folders_of(root: Path, *, links: bool = False, exclude: Any = None) -> dict[str, set[str]]:
    skipped: list[Any] = []
    found = dict(walk(make_root(root, None, links), exclude, lambda *each: skipped.append(each)))
    assert not skipped
    return found


def test_every_folder_is_found_with_its_files(tmp_path: Path) -> None:
    write(tmp_path / "a.css", b"a", compressed=True)
    write(tmp_path / "sub" / "deep" / "b.css", b"b")
    assert folders_of(tmp_path) == {
        "": {"a.css", "a.css.gz"},
        "sub/": set(),
        "sub/deep/": {"b.css"},
    }


def test_excluded_folders_are_not_entered(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "b.css", b"b")
    assert folders_of(tmp_path, exclude=compile_globs("exclude", ["sub"])) == {"": set()}


def test_links_to_folders_are_followed_only_if_that_is_wanted(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "b.css", b"b")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    assert folders_of(tmp_path / "root") == {"": set()}
    assert folders_of(tmp_path / "root", links=True) == {"": set(), "link/": {"b.css"}}


def test_a_folder_that_cannot_be_listed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "sub" / "b.css", b"b")
    scandir = os.scandir

    def fail(path: Any) -> Any:
        if str(path).endswith("sub"):
            raise OSError(errno.EIO, "")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    skipped: list[Any] = []
    found = dict(walk(make_root(tmp_path, None, False), None, lambda *each: skipped.append(each)))
    assert found == {"": set(), "sub/": set()}
    ((path, error),) = skipped
    assert (path, error.errno) == (str(tmp_path / "sub"), errno.EIO)


def test_the_urls_of_all_folders_are_listed(tmp_path: Path) -> None:
    folders = [("", {"a.css", "a.css.gz", ".env"}), ("sub/", {"b.css"})]
    root = make_root(tmp_path, "static", False)
    found, sensitive = list_root(root, folders, RegistryOptions())
    assert set(found.urls) == {"/static/a.css", "/static/.env", "/static/sub/b.css"}
    place = found.urls["/static/sub/b.css"]
    assert isinstance(place, Place)
    assert (place.directory, place.below) == (str(tmp_path / "sub"), "sub/")
    assert list(sensitive) == [".env"]


def test_a_page_wins_over_the_folder_of_its_clean_url(tmp_path: Path) -> None:
    folders = [("", {"about.html"}), ("about/", {"index.html"})]
    options = RegistryOptions(index_file="index.html", clean_urls=True)
    found, _ = list_root(make_root(tmp_path, None, False), folders, options)
    page, index = found.entry("/about"), found.entry("/about/")
    assert getattr(page, "path", None) == str(tmp_path / "about.html")
    assert getattr(index, "path", None) == str(tmp_path / "about" / "index.html")
