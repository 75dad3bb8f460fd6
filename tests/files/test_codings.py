"""The content codings, and the names of variants."""

from __future__ import annotations

import pytest

from whitenoise_async.files.codings import (
    BROTLI,
    CODINGS,
    DCZ,
    DELTA_HEADER_SIZE,
    DELTA_MAGIC,
    DELTA_WINDOW_MAX,
    GZIP,
    STORE_MANIFEST,
    STORE_MARKER,
    SUFFIXES,
    WORKING_PREFIX,
    ZSTD,
    ZSTD_WINDOW_MAX,
    Coding,
    coding_named,
    delta_coding,
    dictionary_of,
    is_delta,
    original_of,
    split_variant,
)


def test_each_coding_has_the_token_of_http_and_the_suffix_of_its_tool() -> None:
    assert CODINGS == (("gzip", ".gz"), ("br", ".br"), ("zstd", ".zst"))
    assert CODINGS == (GZIP, BROTLI, ZSTD)
    assert SUFFIXES == (".gz", ".br", ".zst", ".dcz")


def test_the_window_of_zstd_is_the_one_that_every_client_supports() -> None:
    """RFC 9659 §3: 8 MB."""
    assert ZSTD_WINDOW_MAX == 8_388_608


def test_a_delta_has_the_format_and_the_window_that_every_client_supports() -> None:
    """RFC 9842 §5: a skippable zstd frame with a SHA-256, and a window of at most 128 MB."""
    assert DCZ == "dcz"
    assert bytes.fromhex("5e 2a 4d 18 20 00 00 00") == DELTA_MAGIC
    assert DELTA_HEADER_SIZE == 40
    assert DELTA_WINDOW_MAX == 134_217_728


def test_files_of_earlier_versions_are_recognized() -> None:
    assert WORKING_PREFIX == ".whitenoise_async-"
    assert STORE_MANIFEST == "releases.json"
    assert STORE_MARKER == ".whitenoise_async-store"


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
        ("app.css.0123456789abcdef.dcz", "app.css"),
        ("/root/.0123456789abcdef.dcz", "/root/"),
        (".0123456789abcdef.dcz", ""),
        ("0123456789abcdef.dcz", None),
        ("app.css-0123456789abcdef.dcz", None),
        ("app.css.0123456789abcde.dcz", None),
        ("app.css.0123456789abcdeF.dcz", None),
        ("app.css.dcz", None),
        (".dcz", None),
    ],
)
def test_the_name_of_the_original_is_the_name_without_the_suffix(
    name: str, original: str | None
) -> None:
    assert original_of(name) == original
    parts = None if original is None else (original, name[len(original) :])
    assert split_variant(name) == parts


def test_the_coding_of_a_delta_names_its_dictionary() -> None:
    digest = "0123456789abcdef" * 4
    coding = delta_coding(digest)
    assert coding == (f"dcz-{digest}", ".0123456789abcdef.dcz")
    assert coding_named(coding.token) == coding
    assert dictionary_of(coding.token) == digest
    assert is_delta(coding.token)
    assert split_variant(f"a.js{coding.suffix}") == ("a.js", coding.suffix)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_other_codings_have_no_dictionary(coding: Coding) -> None:
    assert coding_named(coding.token) == coding
    assert dictionary_of(coding.token) is None
    assert not is_delta(coding.token)


@pytest.mark.parametrize(
    "token", ["", "dcz", "dcz-0", "dcz-" + "g" * 64, "dcz-" + "0" * 65, "deflate"]
)
def test_there_is_no_coding_with_another_token(token: str) -> None:
    with pytest.raises(KeyError):
        coding_named(token)
