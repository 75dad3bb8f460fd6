"""One variant on the disk: whether it belongs to its original, and what is set of it."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import brotli
import pytest
from conftest import MTIME, write
from hypothesis import given
from hypothesis import strategies as st
from trees import DECODERS, SUFFIXES

from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.drafts import Draft
from whitenoise_async.compression.encoders import PIECE, Encoder, make_encoders
from whitenoise_async.compression.originals import Source
from whitenoise_async.compression.variants import adjust, belongs, compress_into, naming

ENCODERS = {encoder.token: encoder for encoder in make_encoders(None, {"br": 5})[0]}
CONTENT = random.Random(0).randbytes(PIECE) + bytes(2 * PIECE + 7)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    with closing(Source(str(write(tmp_path / "a", CONTENT)))) as opened:
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
    path = write(Path(source.path + SUFFIXES[token]), by(token, content))
    assert belongs(str(path), source, ENCODERS[token]) is expected


@pytest.mark.parametrize("token", ENCODERS)
def test_a_variant_of_somebodys_in_another_way_belongs_as_well(
    source: Source, tmp_path: Path, token: str
) -> None:
    theirs: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(CONTENT[:999], 1) + gzip.compress(CONTENT[999:], 2),
        "br": lambda: brotli.compress(CONTENT, quality=1, lgwin=10),
        "zstd": lambda: by("zstd", CONTENT[:999]) + by("zstd", CONTENT[999:]),
    }
    path = write(tmp_path / "theirs", theirs[token]())
    assert belongs(str(path), source, ENCODERS[token]) is True


@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: None, lambda path: os.symlink("missing", path)],
    ids=["folder", "FIFO", "missing", "link to nothing"],
)
def test_where_there_is_no_file_nobody_can_say(
    source: Source, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "a.gz")
    assert belongs(str(tmp_path / "a.gz"), source, ENCODERS["gzip"]) is None


@pytest.mark.parametrize("token", ENCODERS)
@given(content=st.binary(max_size=500))
def test_no_bytes_belong_that_do_not_come_back_as_the_original(
    tmp_path_factory: pytest.TempPathFactory, token: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for original in (content, b"text"):
        with closing(Source(str(write(folder / "a", original)))) as source:
            made = by(token, content)
            path = str(write(folder / "a.any", made))
            expected = DECODERS[SUFFIXES[token]](made) == original
            assert belongs(path, source, ENCODERS[token]) is expected


@pytest.mark.parametrize("token", ENCODERS)
def test_a_draft_is_what_the_encoder_makes_and_is_not_there_afterwards(
    source: Source, tmp_path: Path, token: str
) -> None:
    encoder: Encoder = ENCODERS[token]
    with Draft(source.path + encoder.suffix) as draft:
        compress_into(draft, source, encoder)
        draft.publish(0o600, source.mtime_ns)
        assert belongs(f"{source.path}{encoder.suffix}", source, encoder) is True
    with Draft(source.path + encoder.suffix) as draft:
        compress_into(draft, source, encoder)
        assert len(os.listdir(tmp_path)) == 3
    assert sorted(os.listdir(tmp_path)) == ["a", f"a{encoder.suffix}"]


@pytest.mark.parametrize(
    ("mode", "mtime", "expected"),
    [(0o644, MTIME, False), (0o600, MTIME, True), (0o644, MTIME + 1, True), (0o4644, MTIME, True)],
)
@pytest.mark.parametrize("system", ["posix", "nt"])
def test_a_variant_is_given_its_originals_mode_and_date_where_it_has_others(
    source: Source, monkeypatch: pytest.MonkeyPatch, mode: int, mtime: int, expected: bool,
    system: str,
) -> None:  # fmt: skip
    os.chmod(source.path, 0o644)
    path = write(Path(f"{source.path}.gz"), b"content", mtime=mtime)
    path.chmod(mode)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", system)
        assert adjust(str(path), source) is expected
        assert adjust(str(path), source) is False
    status, original = path.stat(), os.stat(source.path)
    assert (status.st_mode, status.st_mtime_ns) == (original.st_mode, original.st_mtime_ns)


def test_where_a_link_took_a_variants_place_nothing_is_set(source: Source, tmp_path: Path) -> None:
    precious = write(tmp_path / "elsewhere" / "precious", b"precious", mtime=1)
    before = precious.stat()
    (tmp_path / "a.gz").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"):
        adjust(str(tmp_path / "a.gz"), source)
    assert precious.stat() == before


def test_an_error_of_the_system_names_the_file() -> None:
    with pytest.raises(CompressionError) as caught, naming("a.gz", "written"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == "a.gz cannot be written: No space left on device"
    with pytest.raises(CompressionError, match="cannot be written: luck"), naming("a", "written"):
        raise OSError("luck")
