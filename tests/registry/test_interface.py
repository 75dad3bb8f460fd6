"""The arguments of ``add_files``, and the root that they make."""

from __future__ import annotations

import linecache
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.registry.interface import RegistryOptions, make_root


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (None, "/"),
        ("", "/"),
        ("/", "/"),
        ("static", "/static/"),
        ("/static", "/static/"),
        ("/a/b/", "/a/b/"),
        ("X", "/X/"),
    ],
)
def test_a_prefix_begins_and_ends_with_a_slash(
    tmp_path: Path, prefix: str | None, expected: str
) -> None:
    assert make_root(tmp_path, prefix, True) == (str(tmp_path), expected, True, True)


@pytest.mark.parametrize(
    ("prefix", "covered", "others"),
    [
        ("/a/b/", ["/a/b", "/a/b/", "/a/b/c"], ["", "/", "/a", "/a/", "/a/bc", "/a/B/", "/x/a/b/"]),
        ("/", ["", "/", "/a"], ["a"]),
    ],
)
def test_a_root_covers_the_urls_below_its_prefix(
    tmp_path: Path, prefix: str, covered: list[str], others: list[str]
) -> None:
    root = make_root(tmp_path, prefix, False)
    results = {url: root.covers(url) for url in [*covered, *others]}
    assert results == {url: url in covered for url in results}


def test_there_are_no_substitutes_by_default() -> None:
    assert dict(RegistryOptions().substitutes) == {}


def test_a_relative_root_is_resolved_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    assert make_root("sub", None, False).path == str(tmp_path / "sub")


def test_a_root_that_is_no_directory_is_made_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a\nb"
    shown = rf"No directory at: {tmp_path}/a\nb"
    with pytest.warns(UserWarning, match=f"^{re.escape(shown)}$"):
        assert make_root(path, None, False).path == str(path)


def test_the_warning_points_at_the_caller_of_the_method_that_adds_the_root(tmp_path: Path) -> None:
    def add_files(path: Path) -> None:
        make_root(path, None, False)

    with pytest.warns(UserWarning, match="No directory at") as caught:
        add_files(tmp_path / "none")
    line = linecache.getline(caught[0].filename, caught[0].lineno)
    assert line.strip() == 'add_files(tmp_path / "none")'


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((3, None, False), "root must be a str or a path of str, got 3"),
        ((b"/tmp", None, False), r"root must be a str or a path of str, got b'/tmp'"),
        (("/tmp", 3, False), "prefix must be a str or None, got 3"),
        (("/tmp", None, "yes"), "followlinks must be True or False, got 'yes'"),
    ],
)
def test_an_argument_of_the_wrong_type_is_refused(arguments: Any, named: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(named)}$"):
        make_root(*arguments)


@pytest.mark.parametrize(
    "prefix",
    [
        "https://cdn.example/static/",
        "HTTP://cdn.example",
        "//cdn.example/static/",
        " https://cdn.example/",
        "s3://bucket/static",
        "svn+ssh://host/",
        "ms-settings://host/",
        "iris.beep://host/",
    ],
)
def test_a_prefix_with_a_host_is_refused(tmp_path: Path, prefix: str) -> None:
    expected = (
        f"prefix must be a URL path such as '/static/', got the URL {prefix!r}; put the"
        " host of a CDN into the links of your pages: see docs/cdn.md"
    )
    for add in (partial(WhiteNoise, None), ASGIWhiteNoise(None).add_files):
        with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
            add(tmp_path, prefix)


@pytest.mark.parametrize("prefix", ["//", "///", "a//b", "c:/d", "http:/a", "3d://a", "://a"])
def test_other_slashes_and_colons_belong_to_a_prefix(tmp_path: Path, prefix: str) -> None:
    stripped = prefix.strip("/")
    assert make_root(tmp_path, prefix, False).prefix == (f"/{stripped}/" if stripped else "/")
