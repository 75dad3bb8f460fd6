"""URLs that may lead to a file: split into path and rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.assets.stylesheets import split_url


@pytest.mark.parametrize(
    "url, parts",
    [
        ("a.png", ("a.png", "")),
        ("../img/a b.png?v=1#x", ("../img/a b.png", "?v=1#x")),
        ("./a.png", ("./a.png", "")),
        ("a.png?", ("a.png", "?")),
        ("a.eot?#iefix", ("a.eot", "?#iefix")),
        ("a.svg#b?c", ("a.svg", "#b?c")),
        ("a%20b%23c%3fd%25.png", ("a b#c?d%.png", "")),
        ("%c3%A9.png?%c3", ("é.png", "?%c3")),
        ("é.png", ("é.png", "")),
        ("100%.png", ("100%.png", "")),
        ("%2e%2e/a.png", ("../a.png", "")),
        ("a.png/..b", ("a.png/..b", "")),
        ("a%5cb", ("a\\b", "")),
        ("./a:b.png", ("./a:b.png", "")),
        ("1:a.png", ("1:a.png", "")),
        ("!XX.png!", ("!XX.png!", "")),
        ("XaX", ("XaX", "")),
        ("a.png#b\nc", ("a.png", "#bc")),
        (" \n a\t.p\rn\ng?\tb \x00\x1f", ("a.png", "?b")),
    ],
)
def test_a_relative_url_has_a_path_and_a_rest(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        *["", " ", "#x", "?v=1", "?a/b"],
        *["/a.png", " /a.png", "//host/a.png", "\t/\n/host/a.png", "\\a.png", "a\\b.png"],
        *[
            "data:image/png,a",
            "DATA:,",
            "d\na\tta:x",
            "https://host/a.png",
            "about:blank",
            "a+b-.1:c",
        ],
        *[".", "..", "./", "../", "a/", "a/.", "a/..?v=1", "a/%2e%2e", "%2e"],
        *["a%2fb.png", "a%2Fb.png", "%ff.png", "a%c3.png"],
    ],
)
def test_another_url_is_left_alone(url: str) -> None:
    assert split_url(url) is None


@given(st.text(st.sampled_from("ab/.:%2fF5c?#\\ \t\n") | st.characters(), max_size=12))
def test_a_split_url_never_leads_elsewhere(url: str) -> None:
    parts = split_url(url)
    if parts is not None:
        path, rest = parts
        assert path and not path.startswith("/")
        assert rest == "" or rest[0] in "?#"
