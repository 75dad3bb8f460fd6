"""Finds the references of a style sheet to other files, and replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from .skipping import find_statement
from .tokens import (
    Statements,
    is_significant,
    read_statements,
    replace_surrogates,
    split_statements,
)
from .urls import split_url

# Functions whose first argument may be a URL as a string.
_URL_FUNCTIONS = {"url", "src"}

# Functions and rules that take a URL as a string. Each argument of ``image-set()`` may be one.
_TAKES_STRINGS = {"@import", *_URL_FUNCTIONS, "image-set", "-webkit-image-set"}

# Characters that must be escaped in a string or an unquoted ``url()``. Non-ASCII characters are
# escaped as well, since the encoding of the style sheet may lack them.
_SPECIAL = re.compile(r"[^!#-&*-\[\]-~]")


class Reference(NamedTuple):
    """A relative URL in a style sheet."""

    start: int  #: offset of what :func:`replace_references` replaces: a string or ``url(…)``
    stop: int
    url: str  #: as browsers read it: without CSS escapes, but with percent-encoding
    line: int
    is_import: bool


class _Value(NamedTuple):
    """A token that may be a URL, or contain one."""

    token: Any
    context: str  # the function or rule whose argument it is, in lower case
    is_import: bool


def find_references(text: str) -> list[Reference]:
    """Find the URLs that :func:`split_url` can split, in order.

    They are the arguments of ``url()``, ``src()`` and ``image-set()``, and the targets of
    ``@import``. The conditions of at-rules and ``@namespace`` are left out, since browsers load
    nothing for them. Custom properties are left out as well: browsers resolve such a URL against
    the style sheet that uses the property, which may be in another folder.

    :raises StyleSheetError: if the text cannot be tokenized.
    """
    references: list[Reference] = []
    line, counted = 1, 0
    for statements in _statements(text):
        for start, url, is_import in sorted(_urls(statements)):
            if split_url(url) is not None:
                line, counted = line + _count_line_ends(text, counted, start), start
                references.append(Reference(start, _stop_of(text, start), url, line, is_import))
    return references


def replace_references(
    text: str, urls: Mapping[Reference, str] | Iterable[tuple[Reference, str]]
) -> str:
    """Replace references of a style sheet, and leave everything else as it is.

    :param urls: references that :func:`find_references` found in ``text``, and their new URLs.
    """
    pieces, position = [], 0
    for reference, url in sorted(dict(urls).items()):
        pieces += [text[position : reference.start], _write(url, text[reference.start])]
        position = reference.stop
    return "".join([*pieces, text[position:]])


def _statements(text: str) -> Iterator[Statements]:
    """Tokenize the statements that may contain a reference."""
    # A byte order mark would become part of the first token.
    position = 1 if text.startswith("\ufeff") else 0
    while (start := find_statement(text, position)) is not None:
        statements = read_statements(text, start)
        yield statements
        position = statements.stop


def _urls(statements: Statements) -> Iterator[tuple[int, str, bool]]:
    """For each URL of statements: its offset, the URL, and whether an ``@import`` has it.

    A file may nest a million blocks, so this does not recurse.
    """
    pending = list(_values(statements.tokens))
    while pending:
        token, context, is_import = pending.pop()
        if token.type == "url" or (token.type == "string" and context in _TAKES_STRINGS):
            # tinycss2 returns escaped surrogates, against CSS Syntax §4.3.7.
            yield statements.offset(token), replace_surrogates(token.value), is_import
        elif token.type == "function":
            pending += _arguments(token, is_import)
        elif token.type == "{} block":
            pending += _values(token.content)
        elif token.type in ("() block", "[] block"):
            pending += [_Value(child, "", False) for child in token.content]


def _values(tokens: Iterable[Any]) -> Iterator[_Value]:
    """The tokens of statements for which browsers may load a file."""
    for statement in split_statements(tokens):
        is_at_rule = statement[0].type == "at-keyword"
        loads_nothing = is_at_rule or _is_custom_property(statement)
        is_import = is_at_rule and statement[0].lower_value == "import"
        for index, token in enumerate(statement):
            if token.type == "{} block" or not loads_nothing:
                yield _Value(token, "", False)
            elif is_import and index == 1:
                yield _Value(token, "@import", True)


def _is_custom_property(statement: list[Any]) -> bool:
    name, colon = (*statement, None)[:2]
    return bool(name.type == "ident" and name.value.startswith("--") and colon == ":")


def _arguments(function: Any, is_import: bool) -> list[_Value]:
    """The arguments of a function that may be or contain a URL."""
    arguments = filter(is_significant, function.arguments)
    if function.lower_name in _URL_FUNCTIONS:
        url = islice(arguments, 1)
        return [_Value(token, function.lower_name, is_import) for token in url]
    return [_Value(token, function.lower_name, False) for token in arguments]


def _stop_of(text: str, start: int) -> int:
    """Where a token ends: a string, or an unquoted ``url(…)``; both may end with the text."""
    end = text[start] if text[start] in "\"'" else ")"
    position = text.find(end, start + 1)
    while position != -1 and _is_escaped(text, position):
        position = text.find(end, position + 1)
    return len(text) if position == -1 else position + 1


def _is_escaped(text: str, position: int) -> bool:
    """Whether an odd number of backslashes precedes a character."""
    first = position
    while text[first - 1] == "\\":
        first -= 1
    return (position - first) % 2 == 1


def _count_line_ends(text: str, start: int, stop: int) -> int:
    """Count the line ends (CSS Syntax §3.3): LF, FF, CR, and CR LF as one."""
    alone = sum(text.count(end, start, stop) for end in "\n\r\f")
    return alone - text.count("\r\n", start, stop)


def _write(url: str, first: str) -> str:
    """Write a URL as a token of the kind that starts with the character ``first``."""
    escaped = _SPECIAL.sub(lambda match: f"\\{ord(match[0]):x} ", url)
    return f"{first}{escaped}{first}" if first in "\"'" else f"url({escaped})"
