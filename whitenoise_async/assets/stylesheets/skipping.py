"""Skips the text of a style sheet that certainly contains no reference.

tinycss2 needs about a second per megabyte, and few statements contain a reference. So only
statements that may contain one are tokenized. A statement is a declaration, an at-rule without a
block, or the beginning of a rule up to its block. It ends with ``{``, ``}`` or ``;``.
"""

from __future__ import annotations

import re

_SPACE = r"[ \t\n\r\f]*"

# Everything that may begin a reference, hide one, or hide the end of a statement. An empty group
# marks the matches that contain no reference. Each alternative starts with a literal character,
# because ``re`` then searches for a set of characters in C.
_NOTABLE = re.compile(
    # A comment
    r"/\*"
    # The beginnings of references
    r"|@[iI][mM][pP][oO][rR][tT]"
    r"|\((?<=[sS][rR][cC]\()"
    r"|\((?<=[iI][mM][aA][gG][eE]-[sS][eE][tT]\()"
    # ``url(``, but data URLs, which may have megabytes, are no references
    r"|\((?<=[uU][rR][lL]\()(?:"
    rf"{_SPACE}[dD][aA][tT][aA]:[!#-&*-\[\]-~]*\)()"
    rf"|{_SPACE}\"[dD][aA][tT][aA]:[^\"\\\n\r\f]*\"{_SPACE}\)()"
    rf"|{_SPACE}'[dD][aA][tT][aA]:[^'\\\n\r\f]*'{_SPACE}\)()"
    r"|)"
    # Strings, complete or not. ``re`` needs memory for each escape, so their number is limited.
    r"|\"(?:[^\"\\\n\r\f]*(?:\\(?:\r\n|.)[^\"\\\n\r\f]*){0,99}\"()|)"
    r"|'(?:[^'\\\n\r\f]*(?:\\(?:\r\n|.)[^'\\\n\r\f]*){0,99}'()|)"
    # An escape that produces an ASCII letter or a hyphen may be part of a name, as in ``\75rl(``.
    # Another one only hides a character.
    r"|\\(?:[g-zG-Z-]|0*[24567]|.())",
    re.DOTALL,
)

_RUNS_MAX = 1000  # that are kept, to find the start of a statement


def find_statement(text: str, start: int) -> int | None:
    """The start of the next statement that may contain a reference; ``None`` if there is none.

    :param start: where a statement starts.
    """
    position = start
    runs: list[tuple[int, int]] = []  # between what is skipped
    while match := _NOTABLE.search(text, position):
        if len(runs) == _RUNS_MAX:
            start, runs = _start_of_statement(text, runs, start), []
        runs.append((position, match.start()))
        if match.lastindex:
            position = match.end()
        elif match[0] == "/*":
            position = text.find("*/", match.end()) + 2
            if position < match.end():
                return None  # the comment has no end
        else:
            return _start_of_statement(text, runs, start)
    return None


def _start_of_statement(text: str, runs: list[tuple[int, int]], start: int) -> int:
    """Where the statement starts that contains the end of the last run."""
    for run in reversed(runs):
        end = max(text.rfind(character, *run) for character in "{};")
        if end != -1:
            return end + 1
    return start
