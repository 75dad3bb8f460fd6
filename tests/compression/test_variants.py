"""Whether a variant matches its original, and has the same mode and date."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.file_trees import DECODERS, SUFFIXES, at
from tests.helpers.files import MTIME, write
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.encoders import make_encoders
from whitenoise_async.compression.errors import naming
from whitenoise_async.compression.originals import (
    OpenOriginal,
    find_variant,
    has_metadata,
    matches_original,
)
from whitenoise_async.files.content import PIECE

ENCODERS = {encoder.token: encoder for encoder in make_encoders(None, {"br": 5})[0]}
CONTENT = random.Random(0).randbytes(PIECE) + bytes(2 * PIECE + 7)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[OpenOriginal]:
    with closing(OpenOriginal(at(tmp_path), write(tmp_path / "a", CONTENT).name)) as opened:
        yield opened


def by(token: str, content: bytes) -> bytes:
    return b"".join(ENCODERS[token].compress([content], len(content)))


@pytest.mark.parametrize("token", ENCODERS)
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CONTENT, True),
        (CONTENT[:-1], False),
        (CONTENT + b"\0", False),
        (CONTENT[:-1] + b"\1", False),
        (b"\1" + CONTENT[1:], False),
        (CONTENT[:PIECE], False),
        (b"", False),
    ],
    ids=["right", "shorter", "longer", "another end", "another beginning", "a piece", "nothing"],
)
def test_a_variant_matches_its_original_if_every_byte_is_equal(
    source: OpenOriginal, token: str, content: bytes, expected: bool
) -> None:
    write(Path(source.path + SUFFIXES[token]), by(token, content))
    assert matches_original(source, ENCODERS[token], source.pieces()) is expected


@pytest.mark.parametrize("token", ENCODERS)
def test_a_foreign_variant_with_other_settings_matches_as_well(
    source: OpenOriginal, token: str
) -> None:
    theirs: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(CONTENT[:999], 1) + gzip.compress(CONTENT[999:], 2),
        "br": lambda: brotli.compress(CONTENT, quality=1, lgwin=10),
        "zstd": lambda: by("zstd", CONTENT[:999]) + by("zstd", CONTENT[999:]),
    }
    write(Path(source.path + SUFFIXES[token]), theirs[token]())
    assert matches_original(source, ENCODERS[token], source.pieces()) is True


@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: None, lambda path: os.symlink("missing", path)],
    ids=["folder", "FIFO", "missing", "link to nothing"],
)
def test_without_a_file_the_match_is_unknown(
    source: OpenOriginal, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "a.gz")
    assert matches_original(source, ENCODERS["gzip"], source.pieces()) is None


@pytest.mark.parametrize("token", ENCODERS)
@settings(deadline=None)
@given(content=st.binary(max_size=500))
def test_only_bytes_that_decompress_to_the_original_match(
    tmp_path_factory: pytest.TempPathFactory, token: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for original in (content, b"text"):
        with closing(OpenOriginal(at(folder), write(folder / "a", original).name)) as source:
            made = by(token, content)
            write(Path(source.path + SUFFIXES[token]), made)
            expected = DECODERS[SUFFIXES[token]](made) == original
            assert matches_original(source, ENCODERS[token], source.pieces()) is expected


@pytest.mark.parametrize(
    ("mode", "mtime", "expected"),
    [
        (0o644, MTIME, True),
        (0o600, MTIME, False),
        (0o644, MTIME + 1, False),
        (0o4644, MTIME, False),
    ],
)
def test_a_variant_is_right_with_the_mode_and_date_of_its_original(
    source: OpenOriginal, mode: int, mtime: int, expected: bool
) -> None:
    os.chmod(source.path, 0o644)
    path = write(Path(f"{source.path}.gz"), b"content", mtime=mtime)
    path.chmod(mode)
    assert has_metadata(path.stat(), source) is expected


def test_a_variant_is_found_with_its_digest_and_status(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", CONTENT)
    digest = hashlib.blake2b(CONTENT, digest_size=16).hexdigest()
    assert find_variant(at(tmp_path), "a.gz") == (digest, path.stat())


@pytest.mark.parametrize(
    "make",
    [
        os.mkdir,
        os.mkfifo,
        lambda path: os.symlink(write(path.parent / "precious", b"precious"), path),
        lambda path: None,
        lambda path: write(path.parent / "folder", b"") and None,
    ],
    ids=["folder", "FIFO", "link", "missing", "below a file"],
)
def test_anything_but_a_file_is_not_found(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "a.gz"
    make(path)
    assert find_variant(at(path.parent), path.name) is None
    assert find_variant(at(tmp_path / "folder"), "a.gz") is None


def test_a_disk_error_while_hashing_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.gz", b"content")

    def fail(*_: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(CompressionError, match=r"a\.gz cannot be read: Input/output error"):
        find_variant(at(tmp_path), "a.gz")


def test_an_error_of_the_system_names_the_file() -> None:
    with pytest.raises(CompressionError) as caught, naming("a.gz", "written"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == "a.gz cannot be written: No space left on device"
    with pytest.raises(CompressionError, match="cannot be written: luck"), naming("a", "written"):
        raise OSError("luck")
