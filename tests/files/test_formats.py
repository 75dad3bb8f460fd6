"""Formats that are not compressed by default, and the extensions of names."""

from __future__ import annotations

import pytest

from whitenoise_async.cli import gzip as gzip_command
from whitenoise_async.files.formats import (
    COMPRESSED,
    DEFAULT_EXCLUDED,
    READ_BY_RANGE,
    checked_extensions,
    extension_of,
)


def test_the_extensions_that_the_gzip_command_skips_are_left_out() -> None:
    named = {"webp", "avif", "jxl", "heic", "woff2", "br", "zst", "xz", "7z", "mp4", "webm"}
    assert named.union(gzip_command.DEFAULT_EXCLUDED) <= DEFAULT_EXCLUDED


def test_formats_that_clients_request_in_ranges_are_left_out() -> None:
    named = "sqlite sqlite3 db pmtiles parquet pdf wav ogg mp4 webm flac avif tif fgb laz zip whl"
    assert READ_BY_RANGE.isdisjoint(COMPRESSED)
    assert set(named.split()) <= COMPRESSED | READ_BY_RANGE == DEFAULT_EXCLUDED


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.JS", "js"), ("a.b.c", "c"), ("a", ""), (".js", ""), ("a.", ""), ("d.png/a", "")],
)
def test_an_extension_follows_the_last_dot_of_the_name(name: str, expected: str) -> None:
    assert extension_of(name) == expected


def test_extensions_are_returned_without_a_dot_in_lower_case() -> None:
    assert checked_extensions("skip", ["JPG", ".Png"]) == {"jpg", "png"}


@pytest.mark.parametrize("given", ["jpg", b"jpg", [1], None])
def test_anything_but_a_list_of_extensions_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match=r"^skip must be a list of extensions such as 'jpg', got "):
        checked_extensions("skip", given)


@pytest.mark.parametrize("given", ["", ".", "..jpg", "tar.gz"])
def test_an_extension_that_no_name_has_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"^skip must be extensions such as 'jpg', got '"):
        checked_extensions("skip", [given])
