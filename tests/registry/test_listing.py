"""Roots whose files are known by name, so that nobody walks them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from whitenoise_async.registry.entries import Redirect, StaticFile
from whitenoise_async.registry.interface import Root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import Globs


def root_of(path: Path) -> Root:
    return Root(str(path), "/static/", True)


def listed(registry: WalkedRegistry, *urls: str) -> list[object]:
    return [registry.find(url) for url in urls]


def test_what_is_named_is_listed_with_its_siblings_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "unnamed.css").touch()
    registry = WalkedRegistry(None)
    registry.add(root_of(tmp_path), ["a.css", "a.css.gz", "js/x/b.js", "js/c.gz"])
    a, b, c = listed(registry, "/static/a.css", "/static/js/x/b.js", "/static/js/c.gz")
    assert isinstance(a, StaticFile) and isinstance(b, StaticFile) and isinstance(c, StaticFile)
    assert (a.path, a.suffixes) == (str(tmp_path / "a.css"), (".gz",))
    assert (b.path, b.suffixes) == (os.path.join(tmp_path, "js", "x", "b.js"), ())
    assert listed(registry, "/static/a.css.gz", "/static/unnamed.css") == [None, None]


def test_names_that_are_excluded_are_left_out_and_so_are_folders(tmp_path: Path) -> None:
    registry = WalkedRegistry(None, Globs(["*.map", "drafts/"]))
    names = ["a.map", "a.map.gz", "b.css", "x/drafts/c.css", "drafts"]
    registry.add(root_of(tmp_path), names)
    assert sorted(registry.files()) == [str(tmp_path / "b.css"), str(tmp_path / "drafts")]


def test_index_files_among_the_names_are_served_at_their_folder(tmp_path: Path) -> None:
    registry = WalkedRegistry("index.html")
    registry.add(root_of(tmp_path), ["docs/index.html"])
    assert isinstance(registry.find("/static/docs/"), StaticFile)
    assert isinstance(registry.find("/static/docs"), Redirect)


def test_names_below_what_is_no_directory_are_not_listed(tmp_path: Path) -> None:
    registry = WalkedRegistry(None)
    registry.add(root_of(tmp_path / "none"), ["a.css"])
    assert not registry.files()


def test_names_that_look_like_a_mistake_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    WalkedRegistry(None).add(root_of(tmp_path), ["a.css", ".env"])
    assert ".env" in caplog.text and "a.css" not in caplog.text


def test_who_looks_at_each_request_needs_no_names(tmp_path: Path) -> None:
    (tmp_path / "a.css").touch()
    registry = LiveRegistry(None)
    registry.add(root_of(tmp_path), ["b.css"])
    assert registry.find("/static/a.css") is not None
    assert registry.find("/static/b.css") is None
