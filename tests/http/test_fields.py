"""Field names and values (RFC 9110 §5), and the two fields that are put together from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.fields import (
    OWS,
    RequestFields,
    combined_field,
    is_field_value,
    is_token,
    vary_with,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gzip", True),
        ("X-A", True),
        ("!#$%&'*+-.^_`|~09AZaz", True),
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
def test_a_token_is_of_token_characters_alone(text: str, expected: bool) -> None:
    """RFC 9110 §5.6.2."""
    assert is_token(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("a", True),
        ("a b\tc", True),
        ("\x21\x7e\x80\xff", True),
        ("a\r\nX-B: c", False),
        ("a\n", False),
        ("a\0", False),
        ("a\x7f", False),
        ("\x1f", False),
        ("✓", False),
        ("\udcff", False),
        (" a", False),
        ("a ", False),
        ("a\t", False),
        (" ", False),
    ],
    ids=ascii,
)
def test_a_field_value_is_visible_text_with_white_space_inside_alone(
    text: str, expected: bool
) -> None:
    """RFC 9110 §5.5: "A field value does not include leading or trailing whitespace"."""
    assert is_field_value(text) is expected


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        (None, "Accept-Encoding"),
        ("", "Accept-Encoding"),
        (" \t", "Accept-Encoding"),
        ("Origin", "Origin, Accept-Encoding"),
        ("Origin,Cookie", "Origin,Cookie, Accept-Encoding"),
        ("Accept-Encoding", "Accept-Encoding"),
        ("Origin, accept-ENCODING\t", "Origin, accept-ENCODING\t"),
        ("X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"),
        ("*", "*"),
        ("Origin, *", "Origin, *"),
    ],
)
def test_a_name_is_added_to_vary_once(vary: str | None, expected: str) -> None:
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
def test_several_lines_of_one_field_are_one_list(
    headers: list[tuple[str, str]], expected: str | None
) -> None:
    """RFC 9110 §5.3; names without case, §5.1."""
    assert combined_field(headers, "X-A") == expected


def test_a_request_without_fields_has_none_of_those_an_answer_depends_on() -> None:
    assert set(RequestFields()) == {None}
    assert RequestFields._fields == (
        "accept_encoding",
        "if_match",
        "if_unmodified_since",
        "if_none_match",
        "if_modified_since",
        "if_range",
        "range",
    )


@given(st.text())
def test_a_value_that_may_be_sent_is_latin_1_on_one_line(text: str) -> None:
    if is_token(text):
        assert is_field_value(text)
    if is_field_value(text):
        assert text.encode("latin-1").splitlines() in ([], [text.encode("latin-1")])


@given(st.text(st.characters(codec="latin-1")))
def test_optional_white_space_is_space_and_tab_alone(text: str) -> None:
    """RFC 9110 §5.6.3; U+00A0 is a byte of a value like any other."""
    stripped = text.strip(OWS)
    assert f" \t{text}\t ".strip(OWS) == stripped
    assert stripped[:1] not in {" ", "\t"}
    assert "\xa0".strip(OWS) == "\xa0"
