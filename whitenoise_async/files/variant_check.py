"""Checks whether a variant can be the compression of its original, by a few bytes of it."""

from __future__ import annotations

from .codings import (
    BROTLI,
    BY_SUFFIX,
    DELTA_HEADER_SIZE,
    DELTA_MAGIC,
    DELTA_WINDOW_MAX,
    GZIP,
    ZSTD,
    ZSTD_WINDOW_MAX,
    Coding,
    delta_coding,
)
from .open_file import OpenFile

_GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 §2.3.1: ID1, ID2, and CM for deflate
_GZIP_MIN_SIZE = 18  # header of 10 bytes, trailer of 8

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
_ZSTD_HEADER_MAX = 18  # bytes, with the magic number

# Nanoseconds. FAT and ZIP archives store dates with a resolution of two seconds. A checkout may
# also write a file after its variant, within about that time.
_DATE_RESOLUTION = 2_000_000_000


def variant_mismatch(coding: Coding, variant: OpenFile, original: OpenFile) -> str | None:
    """Why ``variant`` cannot be the compression of ``original``, ``None`` if it can.

    :raises FileSystemError: if the variant cannot be read.
    """
    check = _CHECKS.get(coding)
    if check is None:
        return _delta_mismatch(coding, variant, original)
    return check(variant, original)


def coding_of(suffix: str, variant: OpenFile) -> Coding:
    """The coding of a file whose name ends in ``suffix``, if it is a variant.

    The header of a delta has the whole SHA-256 of its dictionary.

    :raises FileSystemError: if it cannot be read.
    """
    coding = BY_SUFFIX.get(suffix)
    if coding is not None:
        return coding
    return _coding_in(variant.read_fully(0, DELTA_HEADER_SIZE))


def _coding_in(header: bytes) -> Coding:
    """The coding of the delta with this header."""
    return delta_coding(header[len(DELTA_MAGIC) :].hex())


def _gzip_mismatch(variant: OpenFile, original: OpenFile) -> str | None:
    """Compare the trailer's ISIZE (RFC 1952 §2.3.1), the original's length modulo 2**32."""
    if variant.state.size >= _GZIP_MIN_SIZE:
        magic = variant.read(0, len(_GZIP_MAGIC))
        length = int.from_bytes(variant.read(variant.state.size - 4, 4), "little")
        if magic == _GZIP_MAGIC and length == original.state.size % 2**32:
            return None
    return _not_compression_of(original)


def _delta_mismatch(coding: Coding, variant: OpenFile, original: OpenFile) -> str | None:
    """Compare the dictionary with the one in the name, and the zstd frame with the original."""
    header = variant.read_fully(0, DELTA_HEADER_SIZE)
    if not header.startswith(DELTA_MAGIC) or len(header) < DELTA_HEADER_SIZE:
        return "it does not begin with the header of a delta (RFC 9842)"
    if coding != _coding_in(header) or not variant.path.endswith(coding.suffix):
        return "its name and its header name different dictionaries"
    return _frame_mismatch(variant, original, DELTA_HEADER_SIZE, DELTA_WINDOW_MAX)


def _zstd_mismatch(variant: OpenFile, original: OpenFile) -> str | None:
    return _frame_mismatch(variant, original, 0, ZSTD_WINDOW_MAX)


def _frame_mismatch(
    variant: OpenFile, original: OpenFile, start: int, window_max: int
) -> str | None:
    """Compare a zstd frame's Frame_Content_Size (RFC 8878 §3.1.1.1), else the dates.

    :param start: bytes before the frame.
    :param window_max: bytes of the largest window that browsers accept.
    """
    header = variant.read_fully(start, _ZSTD_HEADER_MAX)
    if len(header) < _ZSTD_HEADER_MAX - 9 or not header.startswith(_ZSTD_MAGIC):
        return _not_compression_of(original)
    window, size = parse_zstd_header(header)
    if window > window_max:
        rfc = 9842 if start else 9659
        return f"browsers refuse its window of {window} bytes (RFC {rfc})"
    if size is None:
        return _date_mismatch(variant, original)
    return None if size == original.state.size else _not_compression_of(original)


def parse_zstd_header(header: bytes) -> tuple[int, int | None]:
    """Window and content size in bytes. The size is ``None`` if the header has none."""
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


def _date_mismatch(variant: OpenFile, original: OpenFile) -> str | None:
    """Compare the dates: brotli (RFC 7932) has neither a magic number nor a length.

    A variant is written after its original, or gets the same date. An empty variant, such as a
    power failure leaves, matches nothing.
    """
    if not variant.state.size:
        return _not_compression_of(original)
    if variant.state.mtime_ns + _DATE_RESOLUTION < original.state.mtime_ns:
        return f"it is older than {original.path}"
    return None


def _not_compression_of(original: OpenFile) -> str:
    return f"it is not a compressed copy of {original.path}"


_CHECKS = {GZIP: _gzip_mismatch, BROTLI: _date_mismatch, ZSTD: _zstd_mismatch}
