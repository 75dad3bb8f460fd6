"""One variant on the disk: whether it matches its original, and has its mode and date."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.files import MTIME, write
from tests.helpers.trees import DECODERS, SUFFIXES, at
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.encoders import PIECE, make_encoders
from whitenoise_async.compression.errors import naming
from whitenoise_async.compression.originals import Source
from whitenoise_async.compression.variants import is_adjusted, matches_original

ENCODERS = {encoder.token: encoder for encoder in make_encoders(None, {"br": 5})[0]}
CONTENT = random.Random(0).randbytes(PIECE) + bytes(2 * PIECE + 7)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    with closing(Source(at(tmp_path), write(tmp_path / "a", CONTENT).name)) as opened:
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
def test_a_variant_belongs_to_its_original_if_it_is_that_to_the_last_byte(
    source: Source, token: str, content: bytes, expected: bool
) -> None:
    write(Path(source.path + SUFFIXES[token]), by(token, content))
    assert matches_original(source, ENCODERS[token]) is expected


@pytest.mark.parametrize("token", ENCODERS)
def test_a_variant_of_somebodys_in_another_way_belongs_as_well(source: Source, token: str) -> None:
    theirs: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(CONTENT[:999], 1) + gzip.compress(CONTENT[999:], 2),
        "br": lambda: brotli.compress(CONTENT, quality=1, lgwin=10),
        "zstd": lambda: by("zstd", CONTENT[:999]) + by("zstd", CONTENT[999:]),
    }
    write(Path(source.path + SUFFIXES[token]), theirs[token]())
    assert matches_original(source, ENCODERS[token]) is True


@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: None, lambda path: os.symlink("missing", path)],
    ids=["folder", "FIFO", "missing", "link to nothing"],
)
def test_where_there_is_no_file_nobody_can_say(
    source: Source, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "a.gz")
    assert matches_original(source, ENCODERS["gzip"]) is None


@pytest.mark.parametrize("token", ENCODERS)
@given(content=st.binary(max_size=500))
def test_no_bytes_belong_that_do_not_come_back_as_the_original(
    tmp_path_factory: pytest.TempPathFactory, token: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for original in (content, b"text"):
        with closing(Source(at(folder), write(folder / "a", original).name)) as source:
            made = by(token, content)
            write(Path(source.path + SUFFIXES[token]), made)
            expected = DECODERS[SUFFIXES[token]](made) == original
            assert matches_original(source, ENCODERS[token]) is expected


@pytest.mark.parametrize(
    ("mode", "mtime", "expected"),
    [
        (0o644, MTIME, True),
        (0o600, MTIME, False),
        (0o644, MTIME + 1, False),
        (0o4644, MTIME, False),
    ],
)
def test_a_variant_is_as_it_should_be_with_its_originals_mode_and_date(
    source: Source, mode: int, mtime: int, expected: bool
) -> None:
    os.chmod(source.path, 0o644)
    path = write(Path(f"{source.path}.gz"), b"content", mtime=mtime)
    path.chmod(mode)
    assert is_adjusted(path.stat(), source) is expected


def test_an_error_of_the_system_names_the_file() -> None:
    with pytest.raises(CompressionError) as caught, naming("a.gz", "written"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == "a.gz cannot be written: No space left on device"
    with pytest.raises(CompressionError, match="cannot be written: luck"), naming("a", "written"):
        raise OSError("luck")
