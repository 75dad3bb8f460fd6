"""The tokenizer is optional, and copes with large and deeply nested style sheets."""

from __future__ import annotations

import sys

import pytest

from whitenoise_async.assets.stylesheets import (
    find_references,
    is_tokenizer_installed,
    replace_references,
)
from whitenoise_async.assets.stylesheets.tokens import WINDOW, read_statements

MEGABYTE = 1_000_000


def test_the_tokenizer_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_tokenizer_installed()
    monkeypatch.setattr("whitenoise_async.assets.stylesheets.tokens.find_spec", lambda name: None)
    assert not is_tokenizer_installed()


def test_a_statement_may_be_longer_than_a_window() -> None:
    long = "a" * 3 * WINDOW
    text = f"b:url({long});c:d;"
    statements = read_statements(text, 0)
    assert statements.tokens[2].value == long
    assert statements.stop in (len(text), text.index("c:d"))


def test_short_statements_are_read_together() -> None:
    text = "a:b;" * WINDOW
    assert read_statements(text, 4).stop == WINDOW
    assert read_statements(text, len(text) - 8).stop == len(text)


@pytest.mark.parametrize("opening, closing", ["{}", "()", "[]", ("x(", ")"), ("image-set(", ")")])
@pytest.mark.parametrize("is_closed", [True, False])
def test_deep_nesting_does_not_recurse(opening: str, closing: str, is_closed: bool) -> None:
    depth = 5 * sys.getrecursionlimit()
    text = "a:" + opening * depth + "url(b)" + closing * depth * is_closed + ";c:url(d)"
    found = [reference.url for reference in find_references(text)]
    assert found == ["b", "d"]


@pytest.mark.slow
@pytest.mark.parametrize("rule", [".a{color:red}\n", r".a\:b{content:'\f000'} /* c */" "\n"])
def test_a_large_sheet_has_few_statements_to_tokenize(rule: str) -> None:
    rules = rule * (10 * MEGABYTE // len(rule))
    text = f"{rules}.b{{background:url(c.png)}}{rules}"
    (reference,) = find_references(text)
    assert text[reference.start : reference.stop] == "url(c.png)"
    assert reference.line == len(rules) // len(rule) + 1
    replaced = replace_references(text, {reference: "d.png"})
    assert replaced == f"{rules}.b{{background:url(d.png)}}{rules}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        f"a{{b:url(data:;base64,{'A' * 20 * MEGABYTE})}}",
        f"a{{b:url('data:;base64,{'A' * 20 * MEGABYTE}')}}",
        "/*" + "*" * 20 * MEGABYTE,
        '"' + r"\"" * MEGABYTE + '"',
        "{" * MEGABYTE,
        "(" * (MEGABYTE // 4) + "'",
        "url( " * (MEGABYTE // 4),
        "'\n" * (MEGABYTE // 4),
    ],
    ids=lambda text: text[:12],
)
def test_a_large_sheet_without_references_needs_linear_time(text: str) -> None:
    assert find_references(text) == []
