"""References of style sheets: which are found, where, and how they are replaced."""

from __future__ import annotations

import pytest

from tests.helpers.stylesheets import FORMS, Form
from whitenoise_async.assets.stylesheets import (
    Reference,
    StyleSheetError,
    find_references,
    replace_references,
)


def urls(text: str) -> list[str]:
    return [reference.url for reference in find_references(text)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text[:60])
def test_the_urls_that_a_browser_loads_are_found(form: Form) -> None:
    assert urls(form.text) == form.urls


@pytest.mark.parametrize(
    "text, found",
    [
        ("@import 'a.css';", [(8, 15, True)]),
        ("@IMPORT url(a.css) layer(b) supports(display: grid) screen;", [(8, 18, True)]),
        ("@import/**/url( 'a.css' ) print;@import src('b.css')", [(16, 23, True), (44, 51, True)]),
        ("a{b:url(c) url(d)}", [(4, 10, False), (11, 17, False)]),
        ("a{b:url( 'c' )}", [(9, 12, False)]),
        ("a{b:URL(\tc\n)}", [(4, 12, False)]),
        (r"a{b:url(c\)d)", [(4, 13, False)]),
        (r"a{b:url('c?\\')}", [(8, 14, False)]),
        (r"a{b:url('c\'')}", [(8, 13, False)]),
        ("a{b:url(c", [(4, 9, False)]),
        (r"a{b:url('c\'", [(8, 12, False)]),
        ("@import 'a.css", [(8, 14, True)]),
        ("\r\n\f\r@import\r\n'a.css'", [(13, 20, True)]),
        ("\ufeff@import 'a.css'", [(9, 16, True)]),
        ("\ufeffurl(a)", [(1, 7, False)]),
        ("\0\0@import 'a.css'; a { b: url(c\0) }", [(26, 33, False)]),
        ("a{b:image-set('c' 1x,url(d) 2x type('e'))}", [(14, 17, False), (21, 27, False)]),
    ],
)
def test_the_place_of_a_token_is_exact(text: str, found: list[tuple[int, int, bool]]) -> None:
    places = [(each.start, each.stop, each.is_import) for each in find_references(text)]
    assert places == found


def test_the_line_of_a_reference_is_the_one_that_editors_show() -> None:
    text = "@import 'a';\r\n/*\n*/@import 'b';\r@import\f'c'; a { b: url(d)\n, url(\ne) }"
    assert [(each.url, each.line) for each in find_references(text)] == [
        ("a", 1), ("b", 3), ("c", 5), ("d", 5), ("e", 6),
    ]  # fmt: skip


def test_an_escaped_surrogate_is_a_replacement_character() -> None:
    assert urls(r"@import '\d800\dc00.css'") == ["\ufffd\ufffd.css"]


def test_an_invalid_byte_is_a_replacement_character() -> None:
    assert urls("a { b: 1\udcff url(c\udcff.png) }") == ["c\ufffd.png"]


@pytest.mark.parametrize(
    "text, url, replaced",
    [
        ("@import 'a.css' print;", "b.css", "@import 'b.css' print;"),
        ('@import "a.css"', "b'.css", r'@import "b\27 .css"'),
        ('@import "a', "b", '@import "b"'),
        ("a{b:url(  c )}", "d", "a{b:url(d)}"),
        ("a{b:URL(c", "d", "a{b:url(d)"),
        ("a{b:url( 'c' )}", "d", "a{b:url( 'd' )}"),
        (r"a{b:\75rl(c)}", 'd "()\\é\n', r"a{b:url(d\20 \22 \28 \29 \5c \e9 \a )}"),
        ("\ufeff\0\r\n@import 'a';\f\r", "b", "\ufeff\0\r\n@import 'a';\f\r"),
        ("\ufeff\r\n@import 'a';\f\r\0", "b", "\ufeff\r\n@import 'b';\f\r\0"),
    ],
)
def test_a_reference_is_replaced_by_a_token_of_its_kind(text: str, url: str, replaced: str) -> None:
    assert replace_references(text, dict.fromkeys(find_references(text), url)) == replaced


def test_some_references_are_replaced_in_any_order() -> None:
    text = "a{b:url(c);d:url(e);f:url(g)}"
    first, _, third = find_references(text)
    replaced = "a{b:url(1);d:url(e);f:url(3)}"
    assert replace_references(text, [(third, "3"), (first, "1")]) == replaced
    assert replace_references(text, {first: "1", third: "3"}) == replaced
    assert replace_references(text, {}) == text


def test_a_reference_has_names() -> None:
    assert find_references("\n@import 'a.css?b'") == [
        Reference(start=9, stop=18, url="a.css?b", line=2, is_import=True)
    ]


def test_what_tinycss2_cannot_tokenize_is_an_error_of_one_kind() -> None:
    number = "9" * 5000  # Python converts 4,300 digits
    with pytest.raises(StyleSheetError, match="tinycss2 cannot tokenize it: Exceeds the limit"):
        find_references(f"a {{ z-index: {number} url(a) }}")
    assert urls(f"a {{ z-index: {number}; b: url(c) }}") == ["c"]
