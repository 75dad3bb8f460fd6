"""Glob patterns on paths below a root."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase


def matches_any(path: str, patterns: Collection[str]) -> bool:
    """Whether one of the shell's patterns matches. Case matters.

    ``*.map`` or ``.git`` is for a file's or a folder's name, ``vendor/`` for a folder's. One with a
    slash elsewhere is for the whole path, in which ``*`` matches slashes too: ``img/*``,
    ``/vendor``. What matches a folder matches all below it.

    :param path: relative to the root, with ``/`` between names; a folder's own ends in one.
    """
    return bool(patterns) and any(_matches(path, pattern) for pattern in patterns)


def require_patterns(name: str, patterns: object) -> tuple[str, ...]:
    """Check the value of an option that takes patterns.

    :param name: the option's.
    :raises TypeError: for what is no collection of ``str``.
    """
    if isinstance(patterns, Collection) and not isinstance(patterns, str | bytes):
        checked = tuple(each for each in patterns if isinstance(each, str))
        if len(checked) == len(patterns):
            return checked
    raise TypeError(f"{name} must be a list of patterns such as '*.map', got {patterns!r}")


def _matches(path: str, pattern: str) -> bool:
    *folders, name = path.split("/")
    if "/" not in pattern:
        return any(fnmatchcase(each, pattern) for each in (*folders, name))
    if pattern.find("/") == len(pattern) - 1:
        return any(fnmatchcase(folder, pattern[:-1]) for folder in folders)
    whole = pattern.removeprefix("./").removeprefix("/")
    below = whole if whole.endswith("/") else whole + "/"
    return fnmatchcase(path, whole) or fnmatchcase(path, below + "*")
