"""Deltas are restored by the zstd library alone, and are small."""

from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.deltas import HEADER, apply_delta
from tests.helpers.examples import some
from tests.helpers.files import write
from whitenoise_async.compression.delta_encoder import DeltaEncoder, Dictionary, window_max
from whitenoise_async.compression.encoders import ZstdEncoder
from whitenoise_async.compression.errors import CompressionError
from whitenoise_async.files.codings import DELTA_WINDOW_MAX
from whitenoise_async.files.variant_check import parse_zstd_header

MB = 1024 * 1024
OLD = random.Random(0).randbytes(50_000).hex().encode()
NEW = OLD[:40_000] + b"changed" + OLD[40_500:]


def compress(encoder: ZstdEncoder, content: bytes, piece: int = 256 * 1024) -> bytes:
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    return b"".join(encoder.compress(iter(pieces), len(content)))


def decompress(encoder: ZstdEncoder, data: bytes) -> bytes:
    return b"".join(encoder.decompress(io.BytesIO(data)))


def dictionary(folder: Path, content: bytes = OLD) -> Dictionary:
    write(folder / "old.js", content)
    return Dictionary.of(str(folder), "old.js")


def test_a_dictionary_has_both_digests_of_the_file(tmp_path: Path) -> None:
    made = dictionary(tmp_path)
    assert made.sha256 == hashlib.sha256(OLD).hexdigest()
    assert made.digest == hashlib.blake2b(OLD, digest_size=16).hexdigest()
    assert made.read() == OLD


def test_a_delta_is_restored_and_much_smaller(tmp_path: Path) -> None:
    encoder = DeltaEncoder(dictionary(tmp_path))
    delta = compress(encoder, NEW)
    assert delta.startswith(HEADER + hashlib.sha256(OLD).digest())
    assert apply_delta(OLD, delta) == decompress(encoder, delta) == NEW
    assert len(delta) < 100
    assert len(compress(ZstdEncoder(), NEW)) > 40_000


def test_a_delta_does_not_depend_on_the_size_of_the_pieces(tmp_path: Path) -> None:
    encoder = DeltaEncoder(dictionary(tmp_path))
    assert len({compress(encoder, NEW, piece) for piece in (256 * 1024, 7777, 99_999)}) == 1


@settings(max_examples=some(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.binary(min_size=8, max_size=500), new=st.binary(max_size=500))
def test_any_content_is_restored(tmp_path: Path, old: bytes, new: bytes) -> None:
    encoder = DeltaEncoder(dictionary(tmp_path, old))
    delta = compress(encoder, new)
    assert apply_delta(old, delta) == decompress(encoder, delta) == new
    assert parse_zstd_header(delta[40:58].ljust(18))[1] == len(new)


@pytest.mark.parametrize(
    ("size", "window"),
    [
        (8, 8 * MB),
        (6 * MB, 8 * MB),
        (8 * MB, 10 * MB),
        (100 * MB, 125 * MB),
        (103 * MB, DELTA_WINDOW_MAX),
        (500 * MB, DELTA_WINDOW_MAX),
    ],
)
def test_the_window_is_the_one_that_clients_must_support(size: int, window: int) -> None:
    """RFC 9842 §5: 1.25 times the dictionary, at least 8 MB, at most 128 MB."""
    assert window_max(size) == window


@pytest.mark.slow
@pytest.mark.parametrize("old_size", [7 * MB, 20 * MB])
def test_large_files_stay_within_the_window(tmp_path: Path, old_size: int) -> None:
    old = random.Random(1).randbytes(old_size)
    new = old[: 12 * MB]
    encoder = DeltaEncoder(dictionary(tmp_path, old), 1)
    delta = compress(encoder, new)
    window, size = parse_zstd_header(delta[40:58])
    assert size == len(new)
    assert window <= window_max(old_size)
    assert decompress(encoder, delta) == new


@pytest.mark.parametrize("damage", ["header", "frame", "cut"])
def test_a_damaged_delta_is_refused(tmp_path: Path, damage: str) -> None:
    encoder = DeltaEncoder(dictionary(tmp_path))
    delta = compress(encoder, NEW)
    damaged = {
        "header": b"x" + delta[1:],
        "frame": delta[:40] + b"x" + delta[41:],
        "cut": delta[:-1],
    }
    with pytest.raises(encoder.errors):
        decompress(encoder, damaged[damage])


def test_a_dictionary_that_changes_is_an_error_that_names_it(tmp_path: Path) -> None:
    encoder = DeltaEncoder(dictionary(tmp_path))
    write(tmp_path / "old.js", NEW)
    with pytest.raises(CompressionError, match=r"old\.js cannot be compressed: it was changed"):
        compress(encoder, NEW)


def test_a_dictionary_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    made = dictionary(tmp_path)
    (tmp_path / "old.js").unlink()
    with pytest.raises(CompressionError, match=r"old\.js cannot be read: "):
        made.read()
    with pytest.raises(CompressionError, match=r"gone cannot be read: "):
        Dictionary.of(str(tmp_path / "gone"), "old.js")
