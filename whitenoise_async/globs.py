"""Glob patterns on paths below a root."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches_any(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the shell's patterns matches. Case matters.

    ``*.map`` is for the name of a file, ``vendor/`` for all below any folder of that name. One with
    a slash elsewhere is for the whole path, in which ``*`` matches slashes too: ``img/*``,
    ``/vendor/``.

    :param path: relative to the root, with ``/`` between names.
    """
    return any(_matches(path, pattern) for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    *folders, name = path.split("/")
    if "/" not in pattern:
        return fnmatchcase(name, pattern)
    if pattern.find("/") == len(pattern) - 1:
        return any(fnmatchcase(folder, pattern[:-1]) for folder in folders)
    whole = pattern.removeprefix("./").removeprefix("/")
    return fnmatchcase(path, whole + "*" if whole.endswith("/") else whole)
