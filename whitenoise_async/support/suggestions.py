"""Hints for messages about unknown names."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def suggestion(name: str, known: Collection[str], kind: str) -> str:
    """The name that was probably meant, or all of them if none is near.

    :param kind: what the names are, in the plural.
    """
    near = get_close_matches(name.lower(), known, 1)
    return f"did you mean {near[0]!r}?" if near else f"the {kind} are {', '.join(known)}"
