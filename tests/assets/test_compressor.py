"""Compression in memory: which content, in which codings, and at what cost."""

from __future__ import annotations

import gzip
import sys

import brotli
import pytest

from whitenoise_async.assets.compressor import MemoryCompressor
from whitenoise_async.files.formats import DEFAULT_EXCLUDED
from whitenoise_async.serving.long_work import SHORT_COMPRESSION, LongWorkError, without_long_work

TEXT = b"body { color: black }\n" * 100


def test_content_is_compressed_with_all_installed_encodings() -> None:
    made = MemoryCompressor(is_enabled=True).compress(TEXT)
    assert made.keys() == {"gzip", "br", "zstd"}
    assert gzip.decompress(made["gzip"]) == TEXT
    assert brotli.decompress(made["br"]) == TEXT
    assert all(len(data) < len(TEXT) / 10 for data in made.values())
    assert MemoryCompressor(is_enabled=True).compress(TEXT) == made  # on every replica


def test_gzip_needs_no_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("brotli", "deflate", "backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    made = MemoryCompressor(is_enabled=True).compress(TEXT)
    assert made.keys() == {"gzip"}
    assert gzip.decompress(made["gzip"]) == TEXT


def test_a_variant_must_save_enough() -> None:
    compressor = MemoryCompressor(is_enabled=True)
    assert compressor.compress(b"") == {}
    assert compressor.compress(b"a" * 99) == {}  # as for the command that writes variants
    assert compressor.compress(b"a" * 100).keys() == {"gzip", "br", "zstd"}
    assert compressor.compress(bytes(range(256))) == {}


def test_the_names_of_files_decide_as_for_the_command_that_writes_variants() -> None:
    compressor = MemoryCompressor(is_enabled=True)
    assert compressor.selects("/srv/static/app.css")
    assert compressor.selects("/srv/static/LICENSE")
    assert not any(compressor.selects(f"/srv/static/a.{each}") for each in DEFAULT_EXCLUDED)


def test_a_disabled_compressor_does_nothing() -> None:
    compressor = MemoryCompressor(is_enabled=False)
    assert compressor.compress(TEXT) == {}
    assert not compressor.selects("/srv/static/app.css")


def test_long_content_may_be_forbidden() -> None:
    compressor = MemoryCompressor(is_enabled=True)
    short, long = b"a" * SHORT_COMPRESSION, b"a" * (SHORT_COMPRESSION + 1)
    assert without_long_work(lambda: compressor.compress(short))
    with pytest.raises(LongWorkError):
        without_long_work(lambda: compressor.compress(long))
    assert compressor.compress(long)  # the ban has ended
