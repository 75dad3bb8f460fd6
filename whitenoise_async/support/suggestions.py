"""Hints for messages about unknown names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

# Each comparison takes about 10 microseconds.
_MAX_COMPARED = 2000


def suggestion(name: str, known: Collection[str], kind: str) -> str:
    """The name that was probably meant, or all of them if none is near.

    :param kind: what the names are, in the plural.
    """
    from difflib import get_close_matches  # only error messages need it

    near = get_close_matches(name.lower(), known, 1)
    return f"did you mean {near[0]!r}?" if near else f"the {kind} are {', '.join(known)}"


def nearest_path(path: str, known: Collection[str]) -> str | None:
    """The path that was probably meant: a file of that name elsewhere, or a similar path."""
    from difflib import get_close_matches

    name = posixpath.basename(path)
    same_name = [each for each in known if posixpath.basename(each) == name]
    if same_name:
        return get_close_matches(path, same_name[:_MAX_COMPARED], 1, cutoff=0)[0]
    extension = posixpath.splitext(path)[1]
    others = sorted(known, key=lambda each: not each.endswith(extension))
    return next(iter(get_close_matches(path, others[:_MAX_COMPARED], 1)), None)
