"""Finds the comments, strings and regular expressions in the text of a style sheet or a script.

Django's storage finds references with regular expressions, which know nothing of the language
around a reference. This scanner reads only as much of the language as is needed to tell code from
other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """A part of a text that is not code: from ``start``, up to and without ``end``."""

    start: int
    end: int


_STRINGS = r"""
    "(?:[^"\\\n]|\\[\s\S])*"?
  | '(?:[^'\\\n]|\\[\s\S])*'?
"""
_BLOCK_COMMENT = r"/\*[\s\S]*?(?:\*/|\Z)"

# CSS Syntax Level 3, section 4.3: an unquoted URL contains no comments, and ends at a parenthesis.
# The set of first characters makes the search twice as fast.
_CSS = re.compile(
    rf"""
    (?=["'\\/uU])
    (?: (?P<code> \\[\s\S] | [uU][rR][lL]\(\s*(?!["'\s])(?:[^)\\]|\\[\s\S])*\)? )
      | (?P<literal> {_BLOCK_COMMENT} | {_STRINGS} ) )
    """,
    re.VERBOSE,
)

# One set of characters is found about four times as fast as alternatives for all literals.
_MARK = re.compile(r"""["'`/(){}]""")
_COMMENT = re.compile(rf"//[^\n\r\u2028\u2029]*|{_BLOCK_COMMENT}")
_STRING = re.compile(_STRINGS, re.VERBOSE)
_REGULAR_EXPRESSION = re.compile(r"/(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/[\w$]*")
_TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|\Z)")

# A slash after one of these words begins a regular expression. After other words, it divides.
_OPERATORS = frozenset(
    {
        *("await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return"),
        *("throw", "typeof", "void", "yield"),
    }
)
# A slash after the parenthesis of one of these words begins a regular expression.
_STATEMENTS = frozenset({"for", "if", "while", "with"})


def css_literals(text: str) -> list[Span]:
    """Find the comments and strings in a style sheet, in order."""
    return [Span(*each.span()) for each in _CSS.finditer(text) if each.lastgroup == "literal"]


def script_literals(text: str) -> list[Span]:
    """Find the comments, strings, regular expressions and texts of templates in a script, in order.

    Code within a template, ``${...}``, is not among them.
    """
    return list(_Script(text).literals())


class _Script:
    """One pass over a script."""

    def __init__(self, text: str) -> None:
        self._text = text
        #: From the end of the code before the last comment, to the end of the comment.
        self._comment = Span(0, 0)
        #: For each open parenthesis, whether it belongs to a statement such as ``if``.
        self._parentheses: list[bool] = []
        #: Whether the last parenthesis that ended belongs to a statement.
        self._after_statement = False
        #: For each open brace, whether it is the ``${`` of a template.
        self._braces: list[bool] = []

    def literals(self) -> Iterator[Span]:
        position = 0
        while found := _MARK.search(self._text, position):
            literal = self._literal_at(found[0], found.start())
            if literal:
                yield literal
            position = literal.end if literal else found.end()

    def _literal_at(self, mark: str, start: int) -> Span | None:
        """The literal that begins with ``mark``, if any; otherwise keep track of a bracket."""
        if mark in "\"'":
            return self._match(_STRING, start)
        if mark == "/":
            return self._comment_at(start) or self._regular_expression_at(start)
        if mark == "`" or (mark == "}" and self._braces and self._braces.pop()):
            return self._template_text(start)
        if mark == "{":
            self._braces.append(False)
        elif mark == "(":
            self._parentheses.append(self._word_before(start) in _STATEMENTS)
        elif mark == ")":
            self._after_statement = bool(self._parentheses) and self._parentheses.pop()
        return None

    def _match(self, pattern: re.Pattern[str], start: int) -> Span | None:
        found = pattern.match(self._text, start)
        return Span(*found.span()) if found else None

    def _comment_at(self, start: int) -> Span | None:
        found = self._match(_COMMENT, start)
        if found:
            self._comment = Span(self._end_of_code(start), found.end)
        return found

    def _regular_expression_at(self, start: int) -> Span | None:
        return self._match(_REGULAR_EXPRESSION, start) if self._expects_value(start) else None

    def _template_text(self, start: int) -> Span:
        """The text up to the end of a template, or up to the next code in it."""
        found = _TEMPLATE_TEXT.match(self._text, start + 1)
        end = found.end() if found else start + 1
        if self._text.endswith("${", start + 1, end):
            self._braces.append(True)
        return Span(start, end)

    def _expects_value(self, position: int) -> bool:
        """Whether a slash at ``position`` begins a regular expression, and does not divide."""
        end = self._end_of_code(position)
        last = self._text[end - 1 : end]
        if last == ")":
            return self._after_statement
        if _is_in_name(last):
            return self._word_before(position) in _OPERATORS
        return last not in {*"]\"'`"} and self._text[end - 2 : end] not in ("++", "--")

    def _word_before(self, position: int) -> str:
        """The word in front of ``position``; none if it is the name of a property."""
        start = end = self._end_of_code(position)
        while start and _is_in_name(self._text[start - 1]):
            start -= 1
        is_property = self._text[start - 1 : start] == "."
        return "" if is_property else self._text[start:end]

    def _end_of_code(self, position: int) -> int:
        """The end of the code before ``position``, without the spaces and comments after it."""
        while position and self._text[position - 1].isspace():
            position -= 1
        return self._comment.start if position == self._comment.end else position


def _is_in_name(character: str) -> bool:
    return character.isalnum() or character in {"_", "$"}
