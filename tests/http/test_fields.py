"""The syntax of header names and values (RFC 9110 §5), ``Vary``, and repeated headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.fields import (
    OWS,
    RequestFields,
    combined_field,
    is_field_value,
    is_opaque_tag,
    is_token,
    vary_with,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gzip", True),
        ("X-A", True),
        ("!#$%&'*+-.^_`|~0123456789AZaz", True),
        ("", False),
        ("a b", False),
        ("a:", False),
        ("a\n", False),
        ("(a)", False),
        ('"a"', False),
        ("a/b", False),
        ("a=b", False),
        ("é", False),
        ("²", False),
        ("a\0", False),
    ],
    ids=ascii,
)
def test_a_token_has_only_token_characters(text: str, expected: bool) -> None:
    """RFC 9110 §5.6.2."""
    assert is_token(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("a", True),
        ("a b\tc", True),
        ("\x21\x7e\x80\xff", True),
        ("caf\xe9", True),
        ("a\r\nX-B: c", False),
        ("a\n", False),
        ("a\0", False),
        ("a\x7f", False),
        ("\x1f", False),
        ("✓", False),
        ("\udcff", False),
        ("ta", True),
        (" a", False),
        ("\ta", False),
        ("a ", False),
        ("a\t", False),
        (" ", False),
    ],
    ids=ascii,
)
def test_a_header_value_is_visible_text_without_surrounding_white_space(
    text: str, expected: bool
) -> None:
    """RFC 9110 §5.5: "A field value does not include leading or trailing whitespace"."""
    assert is_field_value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("\x21\x23\x7e", True),
        ("5f5e100-3e8-gzip", True),
        ("", False),
        ('"', False),
        ("a b", False),
        ("a\n", False),
        ("a\x7f", False),
        ("\xe9", False),
        ("✓", False),
    ],
    ids=ascii,
)
def test_an_opaque_tag_is_visible_ascii_without_quotes(text: str, expected: bool) -> None:
    """RFC 9110 §8.8.3."""
    assert is_opaque_tag(text) is expected


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        (None, "Accept-Encoding"),
        ("", "Accept-Encoding"),
        (" \t", "Accept-Encoding"),
        ("Origin", "Origin, Accept-Encoding"),
        ("Origin,Cookie", "Origin,Cookie, Accept-Encoding"),
        ("Accept-Encoding", "Accept-Encoding"),
        ("Accept-Encoding,Origin", "Accept-Encoding,Origin"),
        ("Origin, accept-ENCODING\t", "Origin, accept-ENCODING\t"),
        ("X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"),
        ("*", "*"),
        ("Origin, *", "Origin, *"),
        # U+00A0 is not white space here.
        ("\xa0", "\xa0, Accept-Encoding"),
        ("Accept-Encoding\xa0", "Accept-Encoding\xa0, Accept-Encoding"),
    ],
)
def test_vary_lists_a_name_once(vary: str | None, expected: str) -> None:
    """RFC 9110 §12.5.5; ``*`` covers every name."""
    assert vary_with(vary, "Accept-Encoding") == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([("X-B", "b")], None),
        ([("X-A", "a")], "a"),
        ([("x-a", "a")], "a"),
        ([("X-A", "a"), ("X-B", "b"), ("X-a", "c")], "a, c"),
        ([("X-A", "a, b"), ("X-A", "c")], "a, b, c"),
        ([("X-A", "")], None),
    ],
)
def test_the_values_of_a_repeated_header_are_joined(
    headers: list[tuple[str, str]], expected: str | None
) -> None:
    """RFC 9110 §5.3; §5.1: names are compared without case."""
    assert combined_field(headers, "X-A") == expected


def test_a_request_without_headers_has_no_values() -> None:
    assert set(RequestFields()) == {None}
    assert RequestFields._fields == (
        "accept_encoding",
        "if_match",
        "if_unmodified_since",
        "if_none_match",
        "if_modified_since",
        "if_range",
        "range",
        "available_dictionary",
    )


@given(st.text())
def test_a_valid_value_is_latin_1_on_one_line(text: str) -> None:
    if is_token(text):
        assert is_field_value(text)
    if is_field_value(text):
        assert text.encode("latin-1").splitlines() in ([], [text.encode("latin-1")])


@given(st.text(st.characters(max_codepoint=0xFF)))
def test_optional_white_space_is_only_space_and_tab(text: str) -> None:
    """RFC 9110 §5.6.3: U+00A0 is part of the value."""
    assert sorted(OWS) == ["\t", " "]
    stripped = text.strip(OWS)
    assert f" \t{text}\t ".strip(OWS) == stripped
    assert stripped[:1] not in {" ", "\t"}
    assert "\xa0".strip(OWS) == "\xa0"
