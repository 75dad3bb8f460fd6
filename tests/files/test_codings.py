"""The content codings, and the names of variants."""

from __future__ import annotations

import pytest

from whitenoise_async.files.codings import (
    BROTLI,
    CODINGS,
    GZIP,
    SUFFIXES,
    WORKING_PREFIX,
    ZSTD,
    ZSTD_WINDOW_MAX,
    original_of,
)


def test_each_coding_has_the_token_of_http_and_the_suffix_of_its_tool() -> None:
    assert CODINGS == (("gzip", ".gz"), ("br", ".br"), ("zstd", ".zst"))
    assert CODINGS == (GZIP, BROTLI, ZSTD)
    assert SUFFIXES == (".gz", ".br", ".zst")


def test_the_window_of_zstd_is_the_one_that_every_client_supports() -> None:
    """RFC 9659 §3: 8 MB."""
    assert ZSTD_WINDOW_MAX == 8_388_608


def test_working_files_of_earlier_versions_are_recognized() -> None:
    assert WORKING_PREFIX == ".whitenoise_async-"


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("app.css.gz", "app.css"),
        ("app.css.br", "app.css"),
        ("app.css.zst", "app.css"),
        ("/root/app.css.gz.br", "/root/app.css.gz"),
        (".gz", ""),
        ("app.css", None),
        ("app.css.GZ", None),
        ("app.css.gz/", None),
        ("gz", None),
    ],
)
def test_the_name_of_the_original_is_the_name_without_the_suffix(
    name: str, original: str | None
) -> None:
    assert original_of(name) == original
