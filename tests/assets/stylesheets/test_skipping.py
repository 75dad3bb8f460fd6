"""Skipping text and reading windows changes nothing about the references that are found."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import pytest
import tinycss2
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.helpers.examples import some
from whitenoise_async.assets.stylesheets import Reference, find_references, replace_references
from whitenoise_async.assets.stylesheets import references as finding
from whitenoise_async.assets.stylesheets import tokens as tokenizing
from whitenoise_async.assets.stylesheets.skipping import find_statement

# Any of these may follow each other.
PIECES = [
    *["url(", "URL(", "src(", "image-set(", "-webkit-image-set(", "type(", "format(", "(", "["],
    *[r"\75rl(", r"\u\r\l(", r"ur\6c (", r"image\2dset(", "xurl(", "url (", "]", ")", ")", ")"],
    *["{", "{", "}", "}", ";", ";", ":", ",", "'", '"', "\n", "\r\n", "\r", "\f", " ", "\t", "\0"],
    *["/*", "*/", "/", "<!--", "-->", "\\", r"\"", r"\'", r"\)", r"\;", r"\}", "\\\n", "\\\r\n"],
    *[r"\41", r"\2d ", r"\0000a", r"\{", "u+26", "1e3", "1.5px", "#url(", "-", "é", "\ufeff"],
    *["a.png", "b.css", "../c.svg#d", "'e.png'", '"f.png"', "data:x", "'data:;y'", '"data:}"'],
]

# Only the tokenizer knows whether these begin a statement, if parentheses contain a semicolon.
NAMES = ["--g:", "--h", "@import", "@IMPORT", r"@\69mport", "@media", "@namespace", "@font-face"]

# Values of declarations and at-rules. Parentheses are balanced.
VALUES = [
    *["url(a.png)", "url( 'b.png' )", 'src("c.png")', r"\75rl(d.png)", r"url(e\)f.png)", "'g.png'"],
    *["image-set('h.png' 1x, url(i.png) 2x type('j'))", "x(url(k.png))", "(url(l.png))"],
    *["url(m n)", "url(data:;})", "url('data:;}')", "url('data:;\\}')", 'url(data:"})', "var(--o)"],
    *["red", "1px", ",", " ", "/* ; */", "/* url(x) */", "'}'", '";"', r"'\'url(x)'", "\\;", "\\}"],
    *["@import 'p.css'", "--q: url(r)", "\r\n", "\0", "é", "'unclosed\n"],
]
BEGINNINGS = [*NAMES, "a:", "--b :", r"\2d-c:", "src:", ".x", "/**/", "/*}*/@import ", "-->"]
ENDS = ["{", "{", "}", "}", ";", ";", ";"]


def random_text(*pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=60).map("".join)


sheets = random_text(*BEGINNINGS, *VALUES, *ENDS, *ENDS)


def find_without_skipping(text: str) -> list[Reference]:
    """Find the references by tokenizing the whole text at once."""

    def next_statement(text: str, start: int) -> int | None:
        return start if start < len(text) else None

    with (
        patch.object(finding, "find_statement", next_statement),
        patch.object(tokenizing, "WINDOW", len(text) + 1),
    ):
        return find_references(text)


@given(random_text(*PIECES))
@example("/*/url(a)*/")
@example("'\\\r\n;url(a)'")
@example("\\\\'url(a)'")
@example('(";"url(a)')
def test_random_text_has_the_same_references_without_skipping(text: str) -> None:
    assert find_references(text) == find_without_skipping(text)


@given(random_text(*PIECES, *NAMES))
def test_random_text_with_names_is_read_to_the_end(text: str) -> None:
    references = find_references(text)
    assert replace_references(text, {}) == text
    for one, other in pairwise(references):
        assert one.stop <= other.start
        assert one.line <= other.line
    assert all(each.start < each.stop <= len(text) for each in references)


@given(sheets)
@example("--a:{b:url(c)}")
@example("@import{a:url(b)}")
def test_a_sheet_has_the_same_references_without_skipping(text: str) -> None:
    assert find_references(text) == find_without_skipping(text)


@given(st.text(st.sampled_from("url('\")\\/*;{}\n @import-"), max_size=200))
def test_any_text_of_special_characters_has_the_same_references(text: str) -> None:
    assume("@" not in text and "--" not in text)
    assert find_references(text) == find_without_skipping(text)


@given(sheets)
def test_a_reference_replaced_by_itself_changes_no_token(text: str) -> None:
    references = find_references(text)
    replaced = replace_references(text, [(each, each.url) for each in references])
    assert tokens_of(replaced) == tokens_of(text)
    found = [(each.url, each.is_import) for each in find_references(replaced)]
    assert found == [(each.url, each.is_import) for each in references]
    others = [text[one.stop : other.start] for one, other in pairwise(references)]
    assert all(other in replaced for other in others)


def tokens_of(text: str) -> str:
    tokens = tinycss2.parse_component_value_list(text)
    return str(tinycss2.serialize(tokens))


@given(sheets, st.text(max_size=12))
def test_a_new_url_is_read_as_it_was_written(text: str, url: str) -> None:
    text = f"@import 'a.css';{text}"
    replaced = replace_references(text, [(find_references(text)[0], url)])
    tokens = tinycss2.parse_component_value_list(replaced)
    assert tokens[2].value == url.replace("\0", "�")
    assert replaced.endswith(text[15:])


@pytest.mark.parametrize(
    "text, start",
    [
        ("a{b:c}", None),
        ("a{b:c;d:url(e)}", 6),
        ("a{b:c;d:'url(e)'}", None),
        (r"a{b:';\'';d:url(e)}", 10),
        ("/* } */ url(a)", 0),
        ("/*", None),
        ("/*/", None),
        ("{/*}*/'}'\\}url(a)", 1),
        ("url(data:a) url( 'data:b' ) url(\"data:c\"\n)", None),
        ("url(data:a\\)) ", 0),
        ("url('data:\\'')", 0),
        ("@media{@IMPORT", 7),
        (r"\:\31 \x3a\{", 0),
        (r"\:\31 \38\{\\", None),
        (r"}\041", 1),
        ("'", 0),
        ('"a\n"', 0),
        ('"' + r"\"" * 99 + '"', None),
        ('"' + r"\"" * 100 + '"', 0),
        ("a{" + "/**/" * 5000 + "url(a)", 2),
        ("a{b:c;" + "''" * 5000 + "}d{" + "''" * 5000 + "url(a)", 10009),
    ],
)
def test_only_statements_that_may_contain_a_reference_are_read(
    text: str, start: int | None
) -> None:
    assert find_statement(text, 0) == start


@pytest.mark.slow
@settings(max_examples=some(3000), deadline=None)
@given(st.one_of(random_text(*PIECES), sheets))
def test_many_texts_have_the_same_references_without_skipping(text: str) -> None:
    assert find_references(text) == find_without_skipping(text)
