"""The compression of content in memory."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from typing import Any

import brotli
import pytest

from whitenoise_async.assets.compressor import MemoryCompressor
from whitenoise_async.compression import encoders

TEXT = b"body { color: black }\n" * 1000


def test_each_installed_encoding_is_used() -> None:
    made = MemoryCompressor(is_enabled=True).compress(TEXT)
    assert {"gzip", "br", "zstd"} >= made.keys() >= {"gzip", "br"}
    assert gzip.decompress(made["gzip"]) == TEXT
    assert brotli.decompress(made["br"]) == TEXT
    assert all(len(each) < len(TEXT) for each in made.values())


def test_an_encoding_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = encoders.make_encoders

    def make(tokens: Sequence[str], levels: Any) -> Any:
        if "gzip" not in tokens:
            raise encoders.EncodingError("it is not installed")
        return real(tokens, levels)

    monkeypatch.setattr(encoders, "make_encoders", make)
    assert MemoryCompressor(is_enabled=True).compress(TEXT).keys() == {"gzip"}


@pytest.mark.parametrize("content", [b"", b"a", hashlib.sha512(b"a").digest()])
def test_a_variant_that_is_not_smaller_is_left_out(content: bytes) -> None:
    assert MemoryCompressor(is_enabled=True).compress(content) == {}


def test_nothing_is_compressed_if_it_is_disabled() -> None:
    assert MemoryCompressor(is_enabled=False).compress(TEXT) == {}
