"""The patterns with which Django's storage finds references, with one of them corrected."""

from __future__ import annotations

from typing import Any

# In ``url( "a.png" )``, Django's pattern takes the quotes as a part of the URL. A file with such a
# name is missing.
_URL = (
    r"""(?P<matched>url\(\s*(?:(?P<quote>["'])\s*)?"""
    r"""(?P<url>(?(quote)(?:(?!(?P=quote)).)*?|[^"')\s].*?))"""
    r"""\s*(?(quote)(?P=quote)\s*)\))"""
)

#: For each pattern of file names the patterns of references, with or without a template.
Patterns = tuple[tuple[str, tuple[Any, ...]], ...]


def with_spaces_around_urls(patterns: Patterns) -> Patterns:
    """Replace Django's pattern of ``url()`` in style sheets. All others stay."""
    return tuple(
        (names, tuple(_URL if _is_url(each) else each for each in found))
        for names, found in patterns
    )


def _is_url(pattern: Any) -> bool:
    return isinstance(pattern, str) and pattern.startswith(r"(?P<matched>url\(")
