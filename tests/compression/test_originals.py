"""An original is read in pieces and checked for changes."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_trees import at
from tests.helpers.files import MTIME, write
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.originals import OpenOriginal
from whitenoise_async.files.content import PIECE


def opened(path: Path, digest: str | None = None) -> OpenOriginal:
    return OpenOriginal(at(path.parent), path.name, digest)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_an_original_can_be_read_repeatedly_in_pieces_of_one_size(
    tmp_path: Path, size: int
) -> None:
    content = os.urandom(size)
    path = write(tmp_path / "a", content)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    with closing(opened(path)) as source:
        for _ in range(2):
            pieces = list(source.pieces())
            assert b"".join(pieces) == content
            assert all(len(piece) == PIECE for piece in pieces[:-1])
        assert (source.size, source.metadata[1], source.digest) == (size, MTIME * 10**9, digest)
    with closing(opened(path)) as source:
        assert source.digest == digest
        source.require_unchanged()


def test_an_expected_digest_is_used_unread_and_verified_on_reading(
    tmp_path: Path,
) -> None:
    with closing(opened(write(tmp_path / "a", b"content"), "another")) as source:
        assert source.digest == "another"
        with pytest.raises(CompressionError, match="it was changed during this run"):
            source.require_unchanged()


def test_an_original_keeps_the_state_from_its_opening(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"content")
    path.chmod(0o4640)
    with closing(opened(path)) as source:
        os.rename(write(tmp_path / "b", b"other content", mtime=1), path)
        assert source.size == 7
        assert source.metadata == (0o640, MTIME * 10**9, (os.getuid(), os.getgid()))
        assert b"".join(source.pieces()) == b"content"


@pytest.mark.parametrize(
    "change",
    [
        lambda path: write(path, b"longer content"),
        lambda path: write(path, b"short"),
        lambda path: write(path, b""),
        lambda path: write(path, b"CONTENT", mtime=MTIME + 1),
    ],
    ids=["longer", "shorter", "empty", "rewritten"],
)
@pytest.mark.parametrize("when", ["before", "after the first piece"])
def test_a_change_while_it_is_open_is_an_error(
    tmp_path: Path, change: Callable[[Path], object], when: str
) -> None:
    path = write(tmp_path / "a", b"content")
    with closing(opened(path)) as source:
        pieces = source.pieces()
        if when != "before":
            assert next(pieces) == b"content"
        change(path)
        with pytest.raises(CompressionError) as caught:
            list(pieces)
    assert str(caught.value) == f"{path} cannot be compressed: it was changed during this run"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkdir, "it is not a regular file"),
        (os.mkfifo, "it is not a regular file"),
        (lambda path: None, "it was removed"),
        (lambda path: os.symlink(path.name, path), "Too many levels of symbolic links"),
    ],
    ids=["folder", "FIFO", "missing", "loop"],
)
def test_an_original_that_cannot_be_opened_is_named(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "a"
    make(path)
    with pytest.raises(CompressionError) as caught:
        opened(path)
    assert str(caught.value) == f"{path} cannot be read: {reason}"


@pytest.mark.parametrize("call", ["os.open", "whitenoise_async.files.open_file.read_at"])
def test_a_disk_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = write(tmp_path / "a", b"content")

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def read() -> None:
        with closing(opened(path)) as source:
            list(source.pieces())

    monkeypatch.setattr(call, fail)
    with pytest.raises(CompressionError) as caught:
        read()
    monkeypatch.undo()
    assert str(caught.value) == f"{path} cannot be read: Input/output error"
