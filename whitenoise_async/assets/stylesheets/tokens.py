"""Tokenizes statements of a style sheet with tinycss2, and locates their tokens in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

from .errors import StyleSheetError

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\n\r\f]")  # CSS Syntax §3.3

#: How many characters are tokenized at once, if a statement ends in them.
WINDOW = 256


def is_tokenizer_installed() -> bool:
    """Whether tinycss2 is installed, which the functions for style sheets need."""
    return find_spec("tinycss2") is not None


class Statements(NamedTuple):
    """The tokens of one or more whole statements."""

    tokens: list[Any]
    stop: int  # where the next statement starts
    lines: list[int]  # where the lines of ``tokens`` start

    def offset(self, token: Any) -> int:
        """Where a token, which may be in a block of a statement, starts in the text."""
        offset: int = self.lines[token.source_line - 1] + token.source_column - 1
        return offset


def read_statements(text: str, start: int) -> Statements:
    """Tokenize the statement that starts at an offset, and short ones after it.

    :raises StyleSheetError: if tinycss2 cannot tokenize them.
    """
    size = WINDOW
    while (statements := _read_window(text, start, start + size)) is None:
        size *= 2
    return statements


def _read_window(text: str, start: int, stop: int) -> Statements | None:
    """Tokenize the statements that end before ``stop``; ``None`` if none does."""
    window = text[start:stop]
    tokens = _tokenize(window)
    # tinycss2 replaces some characters first, but leaves the length of each line.
    lines = [start, *(start + match.end() for match in _LINE_END.finditer(window))]
    if stop >= len(text):
        return Statements(tokens, len(text), lines)
    # The last token may continue after the window, so it is not used.
    for index in range(len(tokens) - 1, 0, -1):
        if _ends_statement(tokens[index - 1]):
            statements = Statements(tokens[:index], len(text), lines)
            return statements._replace(stop=statements.offset(tokens[index]))
    return None


def split_statements(tokens: Iterable[Any]) -> Iterator[list[Any]]:
    """Split the content of a block into statements, without tokens that mean nothing."""
    statement = []
    for token in tokens:
        if is_significant(token):
            statement.append(token)
        if _ends_statement(token):
            yield statement
            statement = []
    if statement:
        yield statement


def is_significant(token: Any) -> bool:
    """Whether a token is more than white space or a delimiter of an HTML comment."""
    is_literal = token.type == "literal"
    return token.type != "whitespace" and not (is_literal and token.value in ("<!--", "-->"))


def replace_surrogates(text: str) -> str:
    """Replace surrogates, which stand for invalid bytes or escapes, as browsers do."""
    return _SURROGATE.sub("\ufffd", text)


def _ends_statement(token: Any) -> bool:
    if token.type == "{} block":
        return True
    # An error of the kind "}" is a brace that closes no block of these tokens.
    return bool(token == ";" or (token.type == "error" and token.kind == "}"))


def _tokenize(text: str) -> list[Any]:
    import tinycss2

    text = replace_surrogates(text)
    try:
        tokens: list[Any] = tinycss2.parse_component_value_list(text, skip_comments=True)
    # For example, Python refuses to convert a number of 5,000 digits. No content of a file may
    # make a request fail.
    except Exception as error:
        raise StyleSheetError(f"tinycss2 cannot tokenize it: {error}") from error
    return tokens
