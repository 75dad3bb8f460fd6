"""Glob patterns on paths below a root."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches_any(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the shell's patterns matches.

    A pattern without a slash is one for the last name of the path; one with a slash is for the
    whole path, in which ``*`` matches slashes too. Case matters.

    :param path: relative to the root, with ``/`` between names.
    """
    name = path.rpartition("/")[2]
    return any(
        fnmatchcase(path if "/" in pattern else name, pattern.removeprefix("/"))
        for pattern in patterns
    )
