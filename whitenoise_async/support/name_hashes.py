"""Splits a file name at the hash that it contains."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable
from typing import NamedTuple

from .build_tools import TOOLS, built_by
from .suggestions import suggestion

# A hash before the extensions. Hexadecimal ones have eight digits or more. The eight characters of
# Vite, esbuild and Rollup may be letters of both cases, digits, "_" and "-".
# The re module compiles it at its first use, and keeps it.
_ANY = r"(?a)[-._](?:[0-9a-f]{8,64}|[\w-]{8})(?=(?:\.[A-Za-z]\w*){0,3}\Z)"

#: The default: twelve hexadecimal digits before the extension, as in Django's names.
DEFAULT = r"\.[0-9a-f]{12}(?=(?:\.\w+)?\Z)"

_EXPECTED = "immutable must be a regular expression or the name of a build tool"


class Split(NamedTuple):
    """The two parts of a path around the hash in its last name."""

    before: str
    after: str


#: Splits a path below a root, with ``/`` between names; ``None`` if its name has no hash.
Splitter = Callable[[str], "Split | None"]


def split_any(path: str) -> Split | None:
    """Split a path whose last name is known to be hashed, in whatever form.

    The separator before the hash stays: ``app.3f2a9c1b.js`` is split into ``app.`` and ``.js``.
    """
    return _split(_ANY, path)


def splitter(root: str, immutable: str | None) -> Splitter:
    """A function that splits the paths below a folder.

    :param root: the folder.
    :param immutable: the name of a build tool, or a regular expression that is searched in the path
        with a slash before it. Its match, or that of its first group, is the hash. ``None`` for
        twelve hexadecimal digits before the extension.
    :raises ValueError: for an unknown tool or an invalid expression.
    """
    split = splitter_of_hashed(immutable)
    if immutable not in TOOLS:
        return split
    is_hashed = built_by(immutable)
    return lambda path: split(path) if is_hashed(os.path.join(root, path), f"/{path}") else None


def splitter_of_hashed(immutable: str | None) -> Splitter:
    """A function that splits paths whose names are known to be hashed. It reads no manifest.

    :param immutable: as for :func:`splitter`.
    :raises ValueError: as :func:`splitter`.
    """
    pattern = _pattern_of(immutable)
    return lambda path: _split(pattern, f"/{path}")


def _pattern_of(immutable: str | None) -> str | re.Pattern[str]:
    if immutable is None:
        return DEFAULT
    if immutable in TOOLS:
        return TOOLS[immutable].hashed_if_listed
    if re.fullmatch(r"\w+", immutable):
        reason = suggestion(immutable, TOOLS, "tools")
        raise ValueError(f"{_EXPECTED}, got {immutable!r}; {reason}")
    try:
        return re.compile(immutable)
    except re.error as error:
        raise ValueError(f"{_EXPECTED}, got {immutable!r}: {error}") from None


def _split(pattern: str | re.Pattern[str], path: str) -> Split | None:
    matches = list(re.finditer(pattern, path))
    if not matches:
        return None
    found = matches[-1]
    start, end = found.span(1 if found.re.groups and found[1] is not None else 0)
    # A pattern usually contains the separator and the extension, to be clear.
    extension = os.path.splitext(path)[1]
    if found[0].startswith(extension):  # ".0123456789ab" has no other extension
        extension = ""
    end = min(end, len(path) - len(extension))
    if path[start : start + 1] in (".", "-", "_"):
        start += 1
    if start >= end or "/" in path[start:]:
        return None
    return Split(path[:start], path[end:])
