"""Checks whether a variant matches its original, by the headers and dates of both."""

from __future__ import annotations

import gzip
import logging
import os
import sys
from contextlib import closing
from pathlib import Path

import brotli
import pytest

from tests.helpers.clients import Serve
from tests.helpers.deltas import HEADER
from tests.helpers.files import MTIME, write
from whitenoise_async.files.codings import BROTLI, GZIP, ZSTD, Coding, delta_coding
from whitenoise_async.files.open_file import open_file
from whitenoise_async.files.variant_check import coding_of, parse_zstd_header, variant_mismatch

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"body { color: black }\n" * 100
OTHER = b"body { color: white; }\n" * 100


def zstd_of(content: bytes, *, with_size: bool = True, window: int | None = None) -> bytes:
    """One zstd frame, whose header has the content size or not."""
    options: dict[int, int] = {zstd.CompressionParameter.content_size_flag: int(with_size)}
    if window is not None:
        options[zstd.CompressionParameter.window_log] = window
    compressor = zstd.ZstdCompressor(options=options)
    if with_size:
        compressor.set_pledged_input_size(len(content))
    compressed: bytes = compressor.compress(content) + compressor.flush()
    return compressed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.css", TEXT)
    return tmp_path


def skippable(content: bytes) -> bytes:
    """A skippable frame (RFC 8878 §3.1.2), and a frame with the content."""
    return b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note" + zstd_of(content)


TWO_SECONDS = 2 * 10**9
REFUSED = "browsers refuse its window of 16777216 bytes (RFC 9659)"


@pytest.mark.parametrize(
    ("suffix", "content", "age", "reason"),
    [
        (".br", brotli.compress(TEXT), 0, None),
        (".br", brotli.compress(TEXT), TWO_SECONDS, None),
        (".br", brotli.compress(OTHER), TWO_SECONDS + 1, "it is older than {}"),
        (".br", brotli.compress(TEXT), -3600 * 10**9, None),
        (".br", b"", 0, "it is not a compressed copy of {}"),
        (".zst", zstd_of(TEXT), 3600 * 10**9, None),
        (".zst", zstd_of(OTHER), 0, "it is not a compressed copy of {}"),
        (".zst", zstd_of(TEXT, with_size=False), TWO_SECONDS, None),
        (".zst", zstd_of(TEXT, with_size=False), TWO_SECONDS + 1, "it is older than {}"),
        (".zst", zstd_of(TEXT, with_size=False, window=23), 0, None),
        (".zst", zstd_of(TEXT, with_size=False, window=24), 0, REFUSED),
        (".zst", zstd_of(TEXT)[:8], 0, "it is not a compressed copy of {}"),
        (".zst", b"", 0, "it is not a compressed copy of {}"),
        (".zst", brotli.compress(TEXT), 0, "it is not a compressed copy of {}"),
        (".zst", skippable(TEXT), 0, "it is not a compressed copy of {}"),
        (".gz", zstd_of(TEXT), 0, "it is not a compressed copy of {}"),
        (".gz", gzip.compress(TEXT, mtime=0)[:17], 0, "it is not a compressed copy of {}"),
    ],
)
def test_a_variant_that_cannot_match_is_not_served_and_the_log_names_it(
    serve: Serve,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    suffix: str,
    content: bytes,
    age: int,
    reason: str | None,
) -> None:
    variant = write(folder / f"app.css{suffix}", content)
    os.utime(variant, ns=(0, MTIME * 10**9 - age))
    get = serve(folder)
    with caplog.at_level(logging.WARNING, "whitenoise_async"):
        replies = [get("/app.css", {"Accept-Encoding": "gzip, br, zstd"}) for _ in range(2)]
    expected = content if reason is None else TEXT
    assert [reply.body for reply in replies] == [expected, expected]
    warned = [record.getMessage() for record in caplog.records]
    if reason is None:
        assert warned == []
    else:
        (line,) = warned
        assert line == f"{variant} is not served: {reason.format(folder / 'app.css')}"


@pytest.mark.parametrize(
    ("coding", "content", "size", "matches"),
    [
        (GZIP, b"\x1f\x8b\x08" + bytes(15), 0, True),
        (GZIP, b"\x1f\x8b\x08" + bytes(14), 0, False),
        (GZIP, b"\x1f\x8b\x07" + bytes(15), 0, False),
        # ISIZE has 32 bits. No disk holds the bytes of these originals.
        (GZIP, b"\x1f\x8b\x08" + bytes(11) + b"\x05\0\0\x80", 0x1_8000_0005, True),
        (GZIP, b"\x1f\x8b\x08" + bytes(11) + b"\x05\0\0\0", 0x1_8000_0005, False),
        (ZSTD, b"\x28\xb5\x2f\xfd\x20\0" + bytes(3), 0, True),
        (ZSTD, b"\x28\xb5\x2f\xfd\x20\0" + bytes(2), 0, False),
        (BROTLI, b"\x3b", 0, True),
    ],
)
def test_the_shortest_variants_and_the_longest_originals_are_compared(
    tmp_path: Path, coding: Coding, content: bytes, size: int, matches: bool
) -> None:
    original = write(tmp_path / "a", b"")
    os.truncate(original, size)
    os.utime(original, (0, MTIME))
    variant = write(tmp_path / "a.variant", content)
    with closing(open_file(str(variant))) as one, closing(open_file(str(original))) as other:
        mismatch = variant_mismatch(coding, one, other)
    assert mismatch == (None if matches else f"it is not a compressed copy of {original}")


DICTIONARY = bytes(range(32))
DELTA = HEADER + DICTIONARY
NO_DELTA = "it does not begin with the header of a delta (RFC 9842)"
OTHER_DICTIONARY = "its name and its header name different dictionaries"
NO_COPY = "it is not a compressed copy of {}"


def frame(window: int) -> bytes:
    """The shortest zstd header without a content size. The window is ``2**window`` bytes."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([(window - 10) << 3]) + bytes(3)


@pytest.mark.parametrize(
    ("suffix", "content", "reason"),
    [
        ("0001020304050607", DELTA + zstd_of(TEXT), None),
        ("0001020304050607", DELTA + frame(27), None),
        (
            "0001020304050607",
            DELTA + frame(28),
            "browsers refuse its window of 268435456 bytes (RFC 9842)",
        ),
        ("0001020304050607", DELTA + zstd_of(OTHER), NO_COPY),
        ("0001020304050607", DELTA + frame(27)[:-1], NO_COPY),
        ("0001020304050607", DELTA, NO_COPY),
        ("0001020304050607", DELTA[:-1], NO_DELTA),
        ("0001020304050607", b"x" + DELTA[1:] + zstd_of(TEXT), NO_DELTA),
        ("0001020304050607", DELTA[:-1] + b"x" + zstd_of(TEXT), OTHER_DICTIONARY),
        ("0001020304050608", DELTA + zstd_of(TEXT), OTHER_DICTIONARY),
    ],
)
def test_a_delta_is_compared_with_its_name_and_its_original(
    folder: Path, suffix: str, content: bytes, reason: str | None
) -> None:
    """RFC 9842 §5: a header with the SHA-256 of the dictionary, and a zstd frame."""
    original = folder / "app.css"
    variant = write(folder / f"app.css.{suffix}.dcz", content)
    coding = delta_coding(DICTIONARY.hex())
    with closing(open_file(str(variant))) as one, closing(open_file(str(original))) as other:
        assert variant_mismatch(coding, one, other) == (reason and reason.format(original))


def test_the_coding_of_a_delta_is_read_from_its_header(folder: Path) -> None:
    path = write(folder / "app.css.dcz", DELTA + zstd_of(TEXT))
    with closing(open_file(str(path))) as file:
        assert coding_of(".0001020304050607.dcz", file) == delta_coding(DICTIONARY.hex())
        assert [coding_of(f".{name}", file) for name in ("gz", "br", "zst")] == [GZIP, BROTLI, ZSTD]


@pytest.mark.parametrize(
    ("header", "window", "size"),
    [
        ("20 00", 0, 0),
        ("20 07", 7, 7),
        ("60 05 01", 517, 517),  # 256 is added to a size of two bytes
        ("a0 01 00 01 00", 65_537, 65_537),
        ("a0 01 00 00 ff", (255 << 24) + 1, (255 << 24) + 1),
        ("e0 01 00 00 00 01 00 00 00", 2**32 + 1, 2**32 + 1),
        ("e0 01 00 00 00 00 00 00 ff", (255 << 56) + 1, (255 << 56) + 1),
        ("00 00", 1024, None),
        ("00 0b", 11 << 8, None),
        ("00 ff", 15 << 38, None),
        ("40 0b 05 01", 11 << 8, 517),
        ("41 0b ff 05 01", 11 << 8, 517),
        ("42 0b ff ff 05 01", 11 << 8, 517),
        ("43 0b ff ff ff ff 05 01", 11 << 8, 517),
        ("23 ff ff ff ff 07", 7, 7),
    ],
)
def test_window_and_content_size_are_read_from_a_zstd_header(
    header: str, window: int, size: int | None
) -> None:
    """RFC 8878 §3.1.1.1: descriptor, window, Dictionary_ID, content size."""
    frame = b"\x28\xb5\x2f\xfd" + bytes.fromhex(header) + b"\xee\xee\xee"
    assert parse_zstd_header(frame) == (window, size)


@pytest.mark.parametrize(
    ("level", "size"),
    [
        *((level, size) for level in (1, 19) for size in (200, 300, 70_000, 300_000)),
        # Larger than the window: 512 KB and 8 MB. Only then does the header describe the window.
        (1, 600_000),
        pytest.param(19, 9_000_000, marks=pytest.mark.slow),
    ],
)
def test_a_content_size_of_any_length_is_read_from_a_zstd_header(
    serve: Serve, tmp_path: Path, level: int, size: int
) -> None:
    """RFC 8878 §3.1.1.1.4: the field has 1, 2, 4 or 8 bytes."""
    content = bytes(size)
    write(tmp_path / "a", content)
    for compressed, matches in ((content, True), (content + b"1", False)):
        write(tmp_path / "a.zst", zstd.compress(compressed, level))
        reply = serve(tmp_path)("/a", {"Accept-Encoding": "zstd"})
        assert ("content-encoding" in reply) is matches


def test_a_zstd_header_with_a_dictionary_id_is_read(serve: Serve, folder: Path) -> None:
    """The header has a Dictionary_ID and a content size of eight bytes."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0b11000011, 0b01101000]) + bytes(4)
    frame = header + len(TEXT).to_bytes(8, "little") + b"\x01\x00\x00"
    write(folder / "app.css.zst", frame)
    assert serve(folder)("/app.css", {"Accept-Encoding": "zstd"}).body == frame
