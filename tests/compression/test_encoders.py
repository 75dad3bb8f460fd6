"""Encoders: standard decoders restore their output, which is equal on every machine."""

from __future__ import annotations

import gzip
import io
import random
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import brotli
import deflate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.examples import some
from whitenoise_async.compression import EncodingError
from whitenoise_async.compression.encoders import (
    ENCODINGS,
    WHOLE,
    BrotliEncoder,
    Encoder,
    GzipEncoder,
    ZstdEncoder,
    make_encoders,
)
from whitenoise_async.files.codings import CODINGS, ZSTD_WINDOW_MAX
from whitenoise_async.files.content import PIECE
from whitenoise_async.files.variant_check import parse_zstd_header

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KINDS: dict[str, type[Encoder]] = {"gzip": GzipEncoder, "br": BrotliEncoder, "zstd": ZstdEncoder}
DECODERS: dict[str, Any] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}
TEXT = b"body { color: black }\n" * 100
REAL = {
    name: (Path(__file__).parents[2] / name).read_bytes()
    for name in ("LICENSE", "pyproject.toml", "whitenoise_async/http/media_type_table.py")
}
_WORDS = [random.Random(seed).randbytes(seed % 9 + 2).hex().encode() for seed in range(2000)]


def prose(size: int) -> bytes:
    """Make a fixed sequence of random words."""
    return b" ".join(random.Random(size).choices(_WORDS, k=size // 5))[:size]


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def compress(encoder: Encoder, content: bytes, piece: int = PIECE) -> bytes:
    return b"".join(encoder.compress(cut(content, piece), len(content)))


def decompress(encoder: Encoder, data: bytes) -> bytes:
    return b"".join(encoder.decompress(io.BytesIO(data)))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hides modules, as if they were not installed."""

    def hide(*modules: str) -> None:
        for each in modules:
            monkeypatch.setitem(sys.modules, each, None)

    return hide


@pytest.mark.parametrize("token", ENCODINGS)
@settings(max_examples=some(50))
@given(content=st.one_of(st.binary(max_size=3000), st.text().map(str.encode)))
def test_standard_decoders_and_our_own_restore_the_content(token: str, content: bytes) -> None:
    encoder = KINDS[token]()
    compressed = compress(encoder, content)
    assert DECODERS[token](compressed) == content
    assert decompress(encoder, compressed) == content


@pytest.mark.parametrize(
    ("token", "level"), [(token, level) for token in ENCODINGS for level in KINDS[token].levels]
)
def test_every_level_is_available(token: str, level: int) -> None:
    encoder = KINDS[token](level)
    assert encoder.level == level
    assert DECODERS[token](compress(encoder, TEXT)) == TEXT
    assert encoder.identity.endswith(f", level {level}")


@pytest.mark.parametrize("token", ENCODINGS)
@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_a_file_of_several_pieces_is_restored(token: str, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    encoder = KINDS[token](1)
    compressed = compress(encoder, content[:size])
    assert DECODERS[token](compressed) == decompress(encoder, compressed) == content[:size]


@pytest.mark.parametrize(
    ("token", "level"),
    [("gzip", 12), ("gzip", 9), ("gzip", 1), ("br", 11), ("zstd", 1), ("zstd", 9), ("zstd", 19)],
)
def test_the_bytes_do_not_depend_on_the_size_of_the_pieces(token: str, level: int) -> None:
    """Brotli's do below level 10. Files are always read in pieces of one size."""
    content = prose(60_000 if level > 9 else 600_000)
    encoder = KINDS[token](level)
    made = {compress(encoder, content, piece) for piece in (PIECE, 100_003, 7777, len(content))}
    assert len(made) == 1


def test_the_bytes_of_zlib_do_not_depend_on_the_size_of_the_pieces(without: Any) -> None:
    without("deflate")
    content = prose(300_000)
    made = {compress(GzipEncoder(), content, piece) for piece in (PIECE, 10_007, len(content))}
    assert len(made) == 1


@pytest.mark.parametrize("size", [0, 1, 5000, WHOLE + 1])
def test_a_gzip_header_has_neither_name_nor_date_nor_system(size: int) -> None:
    """RFC 1952 §2.3.1: ID1, ID2, CM, FLG, four bytes of MTIME, XFL, and OS: 255 for unknown."""
    compressed = compress(GzipEncoder(), bytes(size))
    assert compressed[:8] == b"\x1f\x8b\x08" + b"\0" + bytes(4)
    assert compressed[9] == 255


@given(st.one_of(st.binary(max_size=3000), st.text(max_size=3000).map(str.encode)))
def test_gzip_and_brotli_output_is_never_larger_than_that_of_the_plain_libraries(
    content: bytes,
) -> None:
    assert len(compress(GzipEncoder(), content)) <= len(gzip.compress(content, 9, mtime=0))
    assert len(compress(BrotliEncoder(), content)) <= len(brotli.compress(content))


@pytest.mark.parametrize("name", REAL)
def test_compressed_real_files_are_never_larger_than_with_the_plain_libraries(name: str) -> None:
    content = REAL[name]
    assert len(compress(GzipEncoder(), content)) < len(gzip.compress(content, 9, mtime=0))
    assert len(compress(BrotliEncoder(), content)) <= len(brotli.compress(content))
    assert len(compress(ZstdEncoder(), content)) <= len(zstd.compress(content, 19))


@pytest.mark.parametrize("level", [10, 12])
def test_the_best_gzip_levels_try_libdeflate_and_zlib_and_keep_the_smaller_result(
    level: int,
) -> None:
    """At lower levels, speed matters more."""
    generator = random.Random(0)
    letters, weights = range(97, 123), range(1, 27)
    contents = [bytes(generator.choices(letters, weights, k=k)) for k in range(20, 820)]
    by_zlib = [len(gzip.compress(content, 9, mtime=0)) for content in contents]
    by_deflate = [len(deflate.gzip_compress(content, level)) for content in contents]
    smaller = [len(compress(GzipEncoder(level), content)) for content in contents]
    assert smaller == list(map(min, by_zlib, by_deflate))
    assert smaller != by_deflate
    assert [len(compress(GzipEncoder(6), content)) for content in contents] == [
        len(deflate.gzip_compress(content, 6)) for content in contents
    ]


@pytest.mark.parametrize(
    ("size", "level"),
    [(WHOLE, None), (WHOLE + 1, None), (WHOLE + 1, 12), (WHOLE + 1, 3), (WHOLE, 3)],
)
def test_zlib_compresses_a_file_above_4_mb_piece_by_piece(size: int, level: int | None) -> None:
    """libdeflate would hold the whole file in memory."""
    encoder = GzipEncoder(level)
    content = bytes(size)
    read: list[int] = []

    def pieces() -> Iterator[bytes]:
        for piece in cut(content, PIECE):
            read.append(len(piece))
            yield piece

    made = encoder.compress(pieces(), size)
    first = next(made)
    assert len(read) == (1 if size > WHOLE else size // PIECE)
    assert gzip.decompress(first + b"".join(made)) == content


def test_the_identity_of_an_encoder_names_library_version_and_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Equal identities mean equal bytes."""
    told = {token: kind().identity for token, kind in KINDS.items()}
    by_zlib = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    assert told == {
        "gzip": f"deflate {deflate.__version__} or {by_zlib}, level 10",
        "br": f"brotli {brotli.version}, level 11",
        "zstd": f"zstd {zstd.zstd_version}, level 19",
    }
    monkeypatch.setattr(brotli, "version", "9.9")
    assert BrotliEncoder(4).identity == "brotli 9.9, level 4"


def test_without_deflate_gzip_uses_the_best_level_of_zlib(without: Any) -> None:
    without("deflate")
    encoder = GzipEncoder()
    assert encoder.level == 9
    assert encoder.identity == f"zlib {zlib.ZLIB_RUNTIME_VERSION}, level 9"
    for content in (b"", TEXT, *REAL.values()):
        compressed = compress(encoder, content)
        assert gzip.decompress(compressed) == content
        assert compressed[10:] == gzip.compress(content, 9, mtime=0)[10:]
        assert compressed[4:8] == bytes(4)
        assert compressed[9] == 255


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize("content", [b"", TEXT, *REAL.values()])
def test_without_deflate_the_bytes_are_those_of_gzipfile(
    without: Any, level: int, content: bytes
) -> None:
    without("deflate")
    file = io.BytesIO()
    with gzip.GzipFile("", "wb", level, fileobj=file, mtime=0) as stream:
        stream.write(content)
    assert compress(GzipEncoder(level), content) == file.getvalue()


@pytest.mark.parametrize("level", [1, 19, 20, 21, 22])
def test_a_zstd_header_has_the_length_and_a_window_that_browsers_accept(level: int) -> None:
    """RFC 9659 §3, where level 20 and above would use more than 8 MB of a longer content."""
    content = bytes(9 * 1024 * 1024)
    compressed = compress(ZstdEncoder(level), content)
    window, size = parse_zstd_header(compressed[:18])
    assert (size, window <= ZSTD_WINDOW_MAX) == (len(content), True)
    assert zstd.decompress(compressed) == content


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 65_791, 65_792, 70_000])
def test_a_zstd_header_has_the_length_of_any_content(size: int) -> None:
    assert parse_zstd_header(compress(ZstdEncoder(3), bytes(size))[:18].ljust(18))[1] == size


@pytest.mark.parametrize("size", [0, 1, 65_520, 65_521, 262_128, 262_129, 20_000_000])
def test_brotli_takes_the_smallest_window_into_which_the_content_fits(size: int) -> None:
    """The first bits of a stream give the window size (RFC 7932 §9.1)."""
    first = compress(BrotliEncoder(5), bytes(size))[0]
    bits = 16 if not first & 1 else 17 + (first >> 1 & 7)
    needed = max(16, (size + 15).bit_length())
    assert bits == (18 if needed == 17 else min(needed, 24))


@pytest.mark.parametrize("token", ENCODINGS)
def test_content_is_decompressed_in_bounded_pieces(token: str) -> None:
    """A small file can decompress to gigabytes."""
    encoder = KINDS[token](1)
    compressed = compress(encoder, bytes(20 * PIECE))
    pieces = list(encoder.decompress(io.BytesIO(compressed)))
    assert sum(map(len, pieces)) == 20 * PIECE
    assert max(map(len, pieces)) <= 2 * PIECE


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "followed by something": lambda data: data + b"x",
    "followed by much": lambda data: data + b"x" * (PIECE + 1),
    "something else": lambda data: b"<!doctype html>",
    "preceded by something": lambda data: b"x" + data,
    "broken": lambda data: data[:20] + bytes(each ^ 255 for each in data[20:]),
}


@pytest.mark.parametrize("token", ENCODINGS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_is_refused(token: str, damage: str) -> None:
    encoder = KINDS[token]()
    data = DAMAGES[damage](compress(encoder, prose(2000)))
    with pytest.raises(encoder.errors):
        decompress(encoder, data)


def test_data_after_the_end_of_a_brotli_stream_is_detected_in_the_next_piece() -> None:
    noise = random.Random(0).randbytes(PIECE)
    encoder = BrotliEncoder(0)
    made = {cut: compress(encoder, noise[cut:]) for cut in range(32)}
    (content, compressed), *_ = (
        (noise[cut:], data) for cut, data in made.items() if len(data) == PIECE
    )
    assert decompress(encoder, compressed) == content
    with pytest.raises(encoder.errors, match="something follows it"):
        decompress(encoder, compressed + b"x")


@given(st.binary(max_size=300))
def test_a_decoder_raises_no_other_error_for_any_bytes(data: bytes) -> None:
    for kind in KINDS.values():
        encoder = kind()
        for prefix in (b"", compress(encoder, b"content")[:5]):
            with suppress(*encoder.errors):
                decompress(encoder, prefix + data)


def test_the_suffixes_are_those_that_are_served() -> None:
    assert [(KINDS[each.token]().suffix, each.token) for each in CODINGS] == [
        (".gz", "gzip"),
        (".br", "br"),
        (".zst", "zstd"),
    ]


@pytest.mark.parametrize("token", ENCODINGS)
@pytest.mark.parametrize("level", [-1, 99, 1.0, "9", True, None])
def test_an_invalid_level_is_refused_with_the_valid_range(token: str, level: Any) -> None:
    if level is None:
        assert KINDS[token](None).level == {"gzip": 10, "br": 11, "zstd": 19}[token]
        return
    first, last = KINDS[token].levels[0], KINDS[token].levels[-1]
    with pytest.raises(EncodingError) as caught:
        KINDS[token](level)
    assert str(caught.value) == (
        f"the level for {token} must be a number from {first} to {last}, got {level!r}"
    )


MISSING = {"br": "brotli", "zstd": ZstdEncoder.module or ""}


@pytest.mark.parametrize("token", MISSING)
def test_a_requested_encoding_that_is_not_installed_is_an_error_that_names_the_extra(
    without: Any, token: str
) -> None:
    without(MISSING[token])
    message = f"{token} needs {MISSING[token]}, which is not installed: pip install 'whitenoise_asy"
    for encodings, levels in [([token], {}), (["gzip", token], {}), (None, {token: 3})]:
        with pytest.raises(EncodingError) as caught:
            make_encoders(encodings, levels)
        assert str(caught.value).startswith(message)
        assert "whitenoise_async[compress]" in str(caught.value)


def test_a_level_that_needs_libdeflate_is_an_error_without_it_that_names_the_extra(
    without: Any,
) -> None:
    without("deflate")
    with pytest.raises(EncodingError, match=r"gzip at level 10 needs deflate.*\[compress\]"):
        make_encoders(None, {"gzip": 10})
    assert make_encoders(["gzip"], {"gzip": 9})[0][0].level == 9


def test_default_encodings_that_are_not_installed_are_left_out_with_one_line_each(
    without: Any,
) -> None:
    without(*MISSING.values())
    encoders, left_out = make_encoders(None, {})
    assert [encoder.token for encoder in encoders] == ["gzip"]
    assert [line.partition(" needs ")[0] for line in left_out] == ["br", "zstd"]
    assert make_encoders(["gzip"], {})[1] == ()


def test_a_broken_library_is_not_treated_as_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", types.ModuleType("brotli"))
    with pytest.raises(AttributeError):
        BrotliEncoder()


@pytest.mark.parametrize(
    ("encodings", "levels", "message"),
    [
        (["brotli"], {}, "an encoding must be one of gzip, br, zstd, got 'brotli'"),
        (["gzip", ""], {}, "an encoding must be one of gzip, br, zstd, got ''"),
        ("br", {}, "an encoding must be one of gzip, br, zstd, got 'b'"),
        ([None], {}, "an encoding must be one of gzip, br, zstd, got None"),
        (None, {"gz": 3}, "an encoding must be one of gzip, br, zstd, got 'gz'"),
        ([], {}, "encodings must name at least one of gzip, br, zstd"),
        (["gzip"], {"br": 3}, "a level was given for br, which is not among the encodings"),
        (["br"], {"br": 12}, "the level for br must be a number from 0 to 11, got 12"),
        (None, {"zstd": 23}, "the level for zstd must be a number from 1 to 22, got 23"),
    ],
)
def test_invalid_encodings_and_levels_are_refused(
    encodings: Any, levels: dict[str, int], message: str
) -> None:
    with pytest.raises(EncodingError) as caught:
        make_encoders(encodings, levels)
    assert str(caught.value) == message


def test_encoders_are_made_once_each_in_the_requested_order() -> None:
    encoders, _ = make_encoders(["zstd", "gzip", "zstd"], {"zstd": 3})
    assert [(encoder.token, encoder.level) for encoder in encoders] == [("zstd", 3), ("gzip", 10)]
