"""The content codings (RFC 9110 §8.4.1) of pre-compressed siblings, and a sibling's check."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .open_file import OpenFile

#: What the names begin with of all that the command lines write and nobody is to be sent: a sibling
#: before it is complete, and the record of the siblings that were made.
WORKING_PREFIX = ".whitenoise_async-"

_GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 §2.3.1: ID1, ID2, and CM for deflate
_GZIP_MIN_SIZE = 18  # header of 10 bytes, trailer of 8

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
_ZSTD_HEADER_MAX = 18  # bytes, with the magic number

#: The largest window of zstd that a client has to have memory for (RFC 9659 §3); browsers refuse
#: what needs more. In bytes.
ZSTD_WINDOW_MAX = 8 * 1024 * 1024

# Nanoseconds. The coarsest times of a file that are in use, FAT's and those in a ZIP archive, and
# about what a checkout takes to write a file and its sibling in an order of its own.
_DATES_DIFFER = 2_000_000_000


class Coding(NamedTuple):
    """A coding: its token in HTTP, its siblings' suffix, and the check of a sibling.

    ``fault`` takes the open sibling and its open original, and says why the one cannot be the
    compression of the other, as far as that can be known from a small read; else ``None``.
    """

    token: str
    suffix: str
    fault: Callable[[OpenFile, OpenFile], str | None]


def _gzip_fault(sibling: OpenFile, original: OpenFile) -> str | None:
    """Compare the trailer's ISIZE (RFC 1952 §2.3.1), the original's length modulo 2**32."""
    if sibling.state.size >= _GZIP_MIN_SIZE:
        magic = sibling.read(0, len(_GZIP_MAGIC))
        length = int.from_bytes(sibling.read(sibling.state.size - 4, 4), "little")
        if magic == _GZIP_MAGIC and length == original.state.size % 2**32:
            return None
    return _not_compressed(original)


def _zstd_fault(sibling: OpenFile, original: OpenFile) -> str | None:
    """Compare the header's Frame_Content_Size (RFC 8878 §3.1.1.1), or else the dates."""
    header = sibling.read(0, _ZSTD_HEADER_MAX)
    if len(header) < _ZSTD_HEADER_MAX - 9 or not header.startswith(_ZSTD_MAGIC):
        return _not_compressed(original)
    window, size = _zstd_header(header)
    if window > ZSTD_WINDOW_MAX:
        return f"its window of {window} bytes is one that browsers refuse (RFC 9659)"
    if size is None:
        return _older_fault(sibling, original)
    return None if size == original.state.size else _not_compressed(original)


def _zstd_header(header: bytes) -> tuple[int, int | None]:
    """Window and content size in bytes; ``None`` for a size that the header leaves out."""
    descriptor = header[4]
    single_segment = bool(descriptor & 0x20)
    at = 5 if single_segment else 6
    at += (0, 1, 2, 4)[descriptor & 3]  # Dictionary_ID
    length = (int(single_segment), 2, 4, 8)[descriptor >> 6]
    size = None
    if length:
        size = int.from_bytes(header[at : at + length], "little") + (256 if length == 2 else 0)
    if single_segment:
        return size or 0, size
    exponent, mantissa = header[5] >> 3, header[5] & 7
    return (8 + mantissa) << (7 + exponent), size


def _older_fault(sibling: OpenFile, original: OpenFile) -> str | None:
    """Compare the dates: brotli (RFC 7932) says neither that it is brotli nor of what length.

    Who writes a sibling does so after its original, or gives it the same date. An empty one, as
    a power cut may leave, is of nothing.
    """
    if not sibling.state.size:
        return _not_compressed(original)
    if sibling.state.mtime_ns + _DATES_DIFFER < original.state.mtime_ns:
        return f"it is older than {original.path}"
    return None


def _not_compressed(original: OpenFile) -> str:
    return f"it is not {original.path}, compressed"


CODINGS = (
    Coding("gzip", ".gz", _gzip_fault),
    Coding("br", ".br", _older_fault),
    Coding("zstd", ".zst", _zstd_fault),
)

#: What the names of siblings end in.
SUFFIXES = tuple(coding.suffix for coding in CODINGS)
