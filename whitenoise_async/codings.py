"""The content codings (RFC 9110 §8.4.1) of pre-compressed siblings, and a sibling's check."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .files import OpenFile

_GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 §2.3.1: ID1, ID2, and CM for deflate
_GZIP_MIN_SIZE = 18  # header of 10 bytes, trailer of 8


class Coding(NamedTuple):
    """A coding: its token in HTTP, its siblings' suffix, and the check of a sibling.

    ``matches`` takes the open sibling and its original's size in bytes, and tells whether the one
    can be the compression of the other, as far as that can be known from a small read.
    """

    token: str
    suffix: str
    matches: Callable[[OpenFile, int], bool]


def _gzip_matches(sibling: OpenFile, original_size: int) -> bool:
    """Compare the trailer's ISIZE (RFC 1952 §2.3.1), the original's length modulo 2**32."""
    if sibling.state.size < _GZIP_MIN_SIZE:
        return False
    magic = sibling.read(0, len(_GZIP_MAGIC))
    length = sibling.read(sibling.state.size - 4, 4)
    return magic == _GZIP_MAGIC and int.from_bytes(length, "little") == original_size % 2**32


CODINGS = (Coding("gzip", ".gz", _gzip_matches),)
