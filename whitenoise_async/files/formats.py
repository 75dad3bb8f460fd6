"""File formats that gain nothing by compression, or lose by it, and extensions of names."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

#: Extensions of compressed formats: those of the gzip command, and those where brotli saved less
#: than 1 % in total, or 5 % of no measured file (docs/compress.md).
COMPRESSED = frozenset({
    "7z", "avif", "br", "bz2", "deb", "epub", "flac", "flv", "gif", "gz", "heic", "heif", "jpeg",
    "jpg", "jxl", "m4v", "mkv", "mov", "mp4", "png", "svgz", "swf", "tbz", "tgz", "txz", "webm",
    "webp", "woff", "woff2", "xz", "zip", "zst",
})  # fmt: skip

#: Extensions of files that clients read in parts: players, viewers, databases, installers. Such a
#: client requests the length first and then byte ranges. It cannot use a range of a compressed
#: file, and some give up when the response to HEAD has a ``Content-Encoding``.
READ_BY_RANGE = frozenset({
    "2bit", "3gp", "aac", "aif", "aiff", "apk", "arrow", "avi", "bam", "bcf", "bigwig", "bw", "cbz",
    "conda", "cram", "db", "db3", "djvu", "dmg", "duckdb", "feather", "fgb", "gguf", "gpkg", "grib",
    "grib2", "h5", "hdf5", "img", "iso", "jar", "jp2", "kmz", "las", "laz", "m2ts", "m4a", "m4b",
    "m4s", "mbtiles", "mka", "mp3", "mpeg", "mpg", "nc", "oga", "ogg", "ogv", "opus", "orc",
    "parquet", "pdf", "pmtiles", "safetensors", "sqlite", "sqlite3", "tif", "tiff", "usdz", "wacz",
    "wav", "weba", "whl", "wma", "wmv", "xpi", "zarr", "zim",
})  # fmt: skip

#: Extensions of files that are not compressed unless they are included.
DEFAULT_EXCLUDED = COMPRESSED | READ_BY_RANGE


def extension_of(path: str) -> str:
    """The part after the last dot of a name, in lower case."""
    return os.path.splitext(path)[1][1:].lower()


def checked_extensions(
    name: str, given: Any, expected: str = "a list of extensions such as 'jpg'"
) -> frozenset[str]:
    """Check an option with extensions, and return them as :func:`extension_of` does.

    :param name: of the option, for errors.
    :param given: with or without dots, in any case.
    :param expected: completes "must be ...".
    :raises TypeError: if it is not a list of strings.
    :raises ValueError: if one is empty, or contains a dot.
    """
    is_list = isinstance(given, Collection) and not isinstance(given, str | bytes)
    if not is_list or not all(isinstance(each, str) for each in given):
        raise TypeError(f"{name} must be {expected}, got {given!r}")
    for each in given:
        extension = each.removeprefix(".")
        if not extension or "." in extension:
            raise ValueError(f"{name} must be extensions such as 'jpg', got {each!r}")
    return frozenset(each.removeprefix(".").lower() for each in given)
