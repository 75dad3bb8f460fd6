"""The content codings (RFC 9110 §8.4.1) of variants, and the names that have a meaning."""

from __future__ import annotations

import re
from typing import NamedTuple

#: The compression commands write temporary files and a record whose names begin with this. These
#: files are never served.
WORKING_PREFIX = ".whitenoise_async-"

#: The list of the releases in a store, at its root. A folder that contains the marker too is a
#: store, so its list is not served.
STORE_MANIFEST = "releases.json"
STORE_MARKER = f"{WORKING_PREFIX}store"

#: The largest zstd window that a client must support (RFC 9659 §3), in bytes. Browsers refuse more.
ZSTD_WINDOW_MAX = 8 * 1024 * 1024


class Coding(NamedTuple):
    """A content coding: its token in HTTP, and the suffix of its variants' names."""

    token: str
    suffix: str


GZIP = Coding("gzip", ".gz")
BROTLI = Coding("br", ".br")
ZSTD = Coding("zstd", ".zst")

#: The codings of variants that every client can decode.
CODINGS = (GZIP, BROTLI, ZSTD)

#: The coding of deltas (RFC 9842 §5): zstd, with a file of an older release as the dictionary.
DCZ = "dcz"
#: A delta is ``NAME.<first 16 hexadecimal digits of the dictionary's SHA-256>.dcz``.
DELTA_SUFFIX = ".dcz"

#: The frame before the zstd frame of a delta. The SHA-256 of the dictionary follows it.
DELTA_MAGIC = b"\x5e\x2a\x4d\x18\x20\x00\x00\x00"
#: Bytes of both.
DELTA_HEADER_SIZE = len(DELTA_MAGIC) + 32

#: The largest window of a delta that any client must support, in bytes.
DELTA_WINDOW_MAX = 128 * 1024 * 1024

#: The suffixes of variants' names.
SUFFIXES = (*(coding.suffix for coding in CODINGS), DELTA_SUFFIX)

_BY_TOKEN = {coding.token: coding for coding in CODINGS}

#: The codings by suffix, except those of deltas: their suffix does not name the whole dictionary.
BY_SUFFIX = {coding.suffix: coding for coding in CODINGS}

_DELTA_TOKEN_START = f"{DCZ}-"
_DELTA_TOKEN = re.compile(rf"{DCZ}-[0-9a-f]{{64}}")
_DELTA_NAME = re.compile(r"\.[0-9a-f]{16}\.dcz")
_DELTA_SUFFIX_LENGTH = 21  # characters


def delta_coding(dictionary: str) -> Coding:
    """The coding of the deltas against one dictionary.

    Its token tells the deltas of a file apart. In HTTP, all have the token ``dcz``.

    :param dictionary: its SHA-256, in hexadecimal.
    """
    return Coding(_DELTA_TOKEN_START + dictionary, f".{dictionary[:16]}{DELTA_SUFFIX}")


def is_delta(token: str) -> bool:
    """Whether the coding with this token is one of deltas."""
    return token.startswith(_DELTA_TOKEN_START)


def dictionary_of(token: str) -> str | None:
    """The SHA-256 of the dictionary, in hexadecimal; ``None`` for a coding without one."""
    return token[len(_DELTA_TOKEN_START) :] if token.startswith(_DELTA_TOKEN_START) else None


def coding_named(token: str) -> Coding:
    """The coding with this token.

    :raises KeyError: if there is none.
    """
    if _DELTA_TOKEN.fullmatch(token):
        return delta_coding(token.removeprefix(_DELTA_TOKEN_START))
    return _BY_TOKEN[token]


def split_variant(name: str) -> tuple[str, str] | None:
    """Split the name or path of a variant into that of its original, and the suffix.

    :returns: ``None`` if ``name`` is not the name of a variant.
    """
    at = name.rfind(".")
    suffix = name[at:]
    if suffix in BY_SUFFIX:
        return name[:at], suffix
    if suffix == DELTA_SUFFIX:
        at = len(name) - _DELTA_SUFFIX_LENGTH
        if _DELTA_NAME.fullmatch(name, at):
            return name[:at], name[at:]
    return None


def original_of(name: str) -> str | None:
    """The name or path without a variant's suffix; ``None`` if ``name`` has no such suffix."""
    parts = split_variant(name)
    return None if parts is None else parts[0]
