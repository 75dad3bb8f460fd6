"""The content codings, and the names of variants."""

from __future__ import annotations

import pytest

from whitenoise_async.files.codings import BROTLI, CODINGS, GZIP, SUFFIXES, ZSTD, original_of


def test_each_coding_has_the_token_of_http_and_the_suffix_of_its_tool() -> None:
    assert CODINGS == (("gzip", ".gz"), ("br", ".br"), ("zstd", ".zst"))
    assert CODINGS == (GZIP, BROTLI, ZSTD)
    assert SUFFIXES == (".gz", ".br", ".zst")


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
