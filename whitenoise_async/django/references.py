"""Decides which matches of the storage's patterns are references to other files."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from re import Match
from typing import NamedTuple

from .literals import Span, css_literals, script_literals


class Language(NamedTuple):
    """How to recognize references in files of one language."""

    find_literals: Callable[[str], list[Span]]
    #: How the references of Django's patterns begin. A subclass may have others, in literals too.
    begins: re.Pattern[str]


_CSS = Language(css_literals, re.compile(r"url\(|@import", re.IGNORECASE))
_SCRIPT = Language(script_literals, re.compile(r"(?:import|export)\b", re.IGNORECASE))

#: The language of a file, by its extension.
_LANGUAGES = {".css": _CSS, ".js": _SCRIPT, ".mjs": _SCRIPT}

_SOURCE_MAP = re.compile(r"(?://|/\*)[#@]\s*sourceMappingURL=")


def is_source_map(match: Match[str]) -> bool:
    """Whether a reference leads to a source map, which only development tools load."""
    return _SOURCE_MAP.match(match[0]) is not None


def url_of(match: Match[str]) -> str:
    """The URL of a reference: the group ``url``, or all of a pattern without such a group."""
    return (match.groupdict().get("url") or match[0]).strip()


class References:
    """The references in one file: the matches that a browser would follow."""

    def __init__(self, name: str) -> None:
        """:param name: the name of the file, whose extension tells its language."""
        self._language = _LANGUAGES.get(name[name.rfind(".") :].lower())
        self._text: str | None = None
        self._literals: list[Span] = []

    def include(self, match: Match[str]) -> bool:
        """Whether a match of a pattern is a reference.

        A browser follows no reference in a comment, or in a string that is not its URL. In a
        script, only an import map can resolve a name such as ``lodash`` (HTML, section 8.1.6.2).
        """
        if self._language is None or "url" not in match.groupdict():
            return True
        if is_source_map(match):
            # Most source maps are in the last line, where no literal is open: do not scan.
            return not match.string[match.end() :].strip() or self._begins_in_code(match)
        if not self._language.begins.match(match[0]):
            return True
        if self._language is _SCRIPT and not match["url"].startswith((".", "/")):
            return False
        return self._begins_in_code(match) and self._url_is_a_literal(match)

    def _begins_in_code(self, match: Match[str]) -> bool:
        literal = self._literal_at(match.string, match.start())
        return literal is None or literal.start == match.start()

    def _url_is_a_literal(self, match: Match[str]) -> bool:
        """Whether the URL begins right after a quote, or is not in a literal at all."""
        position = match.start("url")
        literal = self._literal_at(match.string, position)
        return literal is None or not match.string[literal.start : position].strip("\"' \t\r\n\f")

    def _literal_at(self, text: str, position: int) -> Span | None:
        if text is not self._text and self._language is not None:
            self._text, self._literals = text, self._language.find_literals(text)
        index = bisect_right(self._literals, (position, len(text) + 1)) - 1
        if index < 0 or self._literals[index].end <= position:
            return None
        return self._literals[index]
