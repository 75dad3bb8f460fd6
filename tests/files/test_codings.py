"""Pre-compressed siblings: which are served, and which do not belong to their originals."""

from __future__ import annotations

import gzip
import logging
import os
import sys
from functools import cache
from pathlib import Path

import brotli
import pytest

from tests.helpers.clients import Serve
from tests.helpers.files import MTIME, write

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"body { color: black }\n" * 100
OTHER = b"body { color: white; }\n" * 100


def zstd_of(content: bytes, *, with_size: bool = True, window: int | None = None) -> bytes:
    """One frame, from a stream whose length is told beforehand or not."""
    options: dict[int, int] = {zstd.CompressionParameter.content_size_flag: int(with_size)}
    if window is not None:
        options[zstd.CompressionParameter.window_log] = window
    compressor = zstd.ZstdCompressor(options=options)
    if with_size:
        compressor.set_pledged_input_size(len(content))
    compressed: bytes = compressor.compress(content) + compressor.flush()
    return compressed


SIBLINGS = {
    "gzip": (".gz", gzip.compress(TEXT, mtime=0)),
    "br": (".br", brotli.compress(TEXT)),
    "zstd": (".zst", zstd_of(TEXT)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.css", TEXT)
    return tmp_path


def write_siblings(folder: Path, *codings: str) -> None:
    for coding in codings:
        suffix, content = SIBLINGS[coding]
        write(folder / f"app.css{suffix}", content)


@pytest.mark.parametrize("coding", list(SIBLINGS))
def test_each_coding_is_a_representation_of_its_own(
    serve: Serve, folder: Path, coding: str
) -> None:
    write_siblings(folder, *SIBLINGS)
    get = serve(folder)
    plain = get("/app.css")
    assert (plain.body, plain["vary"], "content-encoding" in plain) == (
        TEXT,
        "Accept-Encoding",
        False,
    )
    coded = get("/app.css", {"Accept-Encoding": coding})
    assert (coded.status, coded.body) == (200, SIBLINGS[coding][1])
    assert (coded["content-encoding"], coded["vary"]) == (coding, "Accept-Encoding")
    assert coded["content-type"] == plain["content-type"] == 'text/css; charset="utf-8"'
    assert coded["etag"] == f'{plain["etag"][:-1]}-{coding}"'.replace(
        f"-{len(TEXT):x}-", f"-{len(coded.body):x}-"
    )
    again = {"Accept-Encoding": coding, "If-None-Match": coded["etag"]}
    assert (get("/app.css", again).status, get("/app.css", again)["etag"]) == (304, coded["etag"])
    part = get("/app.css", {"Accept-Encoding": coding, "Range": "bytes=2-5"})
    assert (part.status, part.body) == (206, coded.body[2:6])
    assert get(f"/app.css{SIBLINGS[coding][0]}").status == 404


SMALLEST = min(SIBLINGS, key=lambda coding: len(SIBLINGS[coding][1]))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip, deflate, br, zstd", SMALLEST),
        ("zstd, br, gzip", SMALLEST),
        ("*", SMALLEST),
        ("gzip;q=1, br;q=0.9, zstd;q=0.9", "gzip"),
        ("gzip;q=0.5, br;q=0.4, zstd;q=0.6", "zstd"),
        ("br;q=0, zstd;q=0, *", "gzip"),
        ("br;q=0, *;q=0.5, zstd", "zstd"),
        ("brotli, zst, gz", None),
        ("br;q=0.001, identity;q=0.002", None),
    ],
)
def test_of_what_the_client_accepts_alike_the_smallest_is_sent(
    serve: Serve, folder: Path, accept: str, expected: str | None
) -> None:
    assert len({len(content) for _, content in SIBLINGS.values()}) == len(SIBLINGS)
    write_siblings(folder, *SIBLINGS)
    reply = serve(folder)("/app.css", {"Accept-Encoding": accept})
    assert reply.body == (TEXT if expected is None else SIBLINGS[expected][1])


@pytest.mark.parametrize("suffix", [".gz", ".br", ".zst"])
def test_a_sibling_without_an_original_is_an_ordinary_file(
    serve: Serve, tmp_path: Path, suffix: str
) -> None:
    write(tmp_path / f"alone.css{suffix}", b"content")
    reply = serve(tmp_path)(f"/alone.css{suffix}", {"Accept-Encoding": "gzip, br, zstd"})
    assert (reply.status, reply.body) == (200, b"content")
    assert not {"content-encoding", "vary"} & {name for name, _ in reply.headers}


def skippable(content: bytes) -> bytes:
    """A frame that decoders pass over, RFC 8878 §3.1.2, before the one with the content."""
    return b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note" + zstd_of(content)


TWO_SECONDS = 2 * 10**9


@pytest.mark.parametrize(
    ("suffix", "content", "age", "reason"),
    [
        (".br", brotli.compress(TEXT), 0, None),
        (".br", brotli.compress(TEXT), TWO_SECONDS, None),
        (".br", brotli.compress(OTHER), TWO_SECONDS + 1, "it is older than"),
        (".br", brotli.compress(TEXT), -3600 * 10**9, None),
        (".br", b"", 0, "it is not"),
        (".zst", zstd_of(TEXT), 3600 * 10**9, None),
        (".zst", zstd_of(OTHER), 0, "it is not"),
        (".zst", zstd_of(TEXT, with_size=False), TWO_SECONDS, None),
        (".zst", zstd_of(TEXT, with_size=False), TWO_SECONDS + 1, "it is older than"),
        (".zst", zstd_of(TEXT, with_size=False, window=23), 0, None),
        (".zst", zstd_of(TEXT, with_size=False, window=24), 0, "its window of 16777216 bytes"),
        (".zst", zstd_of(TEXT)[:8], 0, "it is not"),
        (".zst", b"", 0, "it is not"),
        (".zst", brotli.compress(TEXT), 0, "it is not"),
        (".zst", skippable(TEXT), 0, "it is not"),
        (".gz", zstd_of(TEXT), 0, "it is not"),
        (".gz", gzip.compress(TEXT, mtime=0)[:17], 0, "it is not"),
    ],
)
def test_a_sibling_that_is_seen_not_to_belong_is_not_served_and_named(
    serve: Serve,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    suffix: str,
    content: bytes,
    age: int,
    reason: str | None,
) -> None:
    sibling = write(folder / f"app.css{suffix}", content)
    os.utime(sibling, ns=(0, MTIME * 10**9 - age))
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
        assert line.startswith(f"{sibling} is not served: {reason}")


@cache
def zeros(size: int, level: int) -> bytes:
    """Zeros, compressed once for all adapters: 70 MB at level 19 take a third of a second."""
    return zstd.compress(bytes(size), level)


@pytest.mark.parametrize("length", [300, pytest.param(70_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("level", [1, 19])
def test_the_length_of_any_size_is_read_from_a_zstd_header(
    serve: Serve, tmp_path: Path, length: int, level: int
) -> None:
    """RFC 8878 §3.1.1.1.4: the field has 1, 2, 4 or 8 bytes."""
    for name, size in [("a", 200), ("b", length), ("c", length * 1000)]:
        write(tmp_path / name, bytes(size))
        write(tmp_path / f"{name}.zst", zeros(size, level))
        reply = serve(tmp_path)(f"/{name}", {"Accept-Encoding": "zstd"})
        assert reply["content-encoding"] == "zstd"
        write(tmp_path / f"{name}.zst", zeros(size + 1, level))
        assert "content-encoding" not in serve(tmp_path)(f"/{name}", {"Accept-Encoding": "zstd"})


def test_a_longer_header_is_read_as_well(serve: Serve, folder: Path) -> None:
    """With a number of its dictionary, which no client has, and a length of eight bytes."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0b11000011, 0b01101000]) + bytes(4)
    frame = header + len(TEXT).to_bytes(8, "little") + b"\x01\x00\x00"
    write(folder / "app.css.zst", frame)
    assert serve(folder)("/app.css", {"Accept-Encoding": "zstd"}).body == frame


def test_a_sibling_that_is_renewed_is_served(serve: Serve, folder: Path) -> None:
    """A deploy replaces the file, and then its siblings."""
    write_siblings(folder, "br")
    get = serve(folder, check_interval=0)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == SIBLINGS["br"][1]
    write(folder / "app.css", OTHER, mtime=MTIME + 10)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == OTHER
    write(folder / "app.css.br", brotli.compress(OTHER), mtime=MTIME + 10)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == brotli.compress(OTHER)
