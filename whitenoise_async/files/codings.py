"""The content codings (RFC 9110 §8.4.1) of variants, and the names of variants."""

from __future__ import annotations

from typing import NamedTuple

#: The compression commands write temporary files and a record whose names begin with this. These
#: files are never served.
WORKING_PREFIX = ".whitenoise_async-"

#: The largest zstd window that a client must support (RFC 9659 §3), in bytes. Browsers refuse more.
ZSTD_WINDOW_MAX = 8 * 1024 * 1024


class Coding(NamedTuple):
    """A content coding: its token in HTTP, and the suffix of its variants' names."""

    token: str
    suffix: str


GZIP = Coding("gzip", ".gz")
BROTLI = Coding("br", ".br")
ZSTD = Coding("zstd", ".zst")

CODINGS = (GZIP, BROTLI, ZSTD)

#: The codings by their tokens.
BY_TOKEN = {coding.token: coding for coding in CODINGS}

#: The suffixes of variants' names.
SUFFIXES = tuple(coding.suffix for coding in CODINGS)


def original_of(name: str) -> str | None:
    """The name or path without a variant's suffix; ``None`` if ``name`` has no such suffix."""
    return name.rpartition(".")[0] if name.endswith(SUFFIXES) else None
