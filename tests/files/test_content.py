"""Content is read in pieces of one size, and has a digest."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import write
from whitenoise_async.files.content import (
    PIECE,
    digest_of,
    new_digest,
    pieces_of,
    pieces_of_file,
)
from whitenoise_async.files.open_file import OpenFile


@pytest.mark.parametrize("most", [7777, PIECE - 1, PIECE])
def test_pieces_have_one_size_even_if_the_system_reads_fewer_bytes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Brotli's output depends on the size of the pieces below level 10."""
    really, content = OpenFile.read, os.urandom(2 * PIECE + 7)
    monkeypatch.setattr(OpenFile, "read", lambda file, at, size: really(file, at, min(size, most)))
    write(tmp_path / "a", content)
    with closing(at(tmp_path).open_file("a")) as file:
        pieces = list(pieces_of_file(file))
    assert b"".join(pieces) == content
    assert [len(piece) for piece in pieces] == [PIECE, PIECE, 7]


def test_a_file_that_has_grown_since_it_was_opened_is_read_up_to_its_size_then(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a", bytes(PIECE + 7))
    with closing(at(tmp_path).open_file("a")) as file:
        write(path, bytes(2 * PIECE))
        assert [len(piece) for piece in pieces_of_file(file)] == [PIECE, 7]


def test_a_stream_is_read_in_pieces_of_a_quarter_of_a_mebibyte() -> None:
    content = os.urandom(2 * 262_144 + 7)
    pieces = list(pieces_of(io.BytesIO(content).read))
    assert b"".join(pieces) == content
    assert [len(piece) for piece in pieces] == [262_144, 262_144, 7]


def test_a_digest_is_128_bits_of_blake2b() -> None:
    expected = hashlib.blake2b(b"content", digest_size=16)
    assert digest_of([b"con", b"", b"tent"]) == expected.hexdigest()
    assert new_digest().digest_size == 16
