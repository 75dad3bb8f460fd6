"""Content is read in pieces of one size."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import write
from whitenoise_async.files.content import PIECE, pieces_of_file
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
