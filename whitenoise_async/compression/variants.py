"""One variant on the disk: what it is, and how it is written, adjusted and removed."""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import closing, suppress

from ..files.errors import FileSystemError, UnavailableError
from ..files.open_file import OpenFile
from .drafts import Draft, is_given
from .encoders import Encoder, NotCompressedError
from .errors import CompressionError
from .originals import Source


def compress_into(draft: Draft, source: Source, encoder: Encoder) -> None:
    """Compress into a file that is not in its place yet.

    :raises CompressionError: where the original changes or cannot be read.
    :raises OSError: where nothing can be written.
    """
    for piece in encoder.compress(source.pieces(), source.size):
        draft.write(piece)


def belongs(source: Source, encoder: Encoder) -> bool | None:
    """Whether a variant is the original, compressed; ``None`` where there is none."""
    try:
        with closing(source.folder.open_file(source.name + encoder.suffix)) as variant:
            return _decompresses_to(variant, source, encoder)
    except UnavailableError:
        return None
    except FileSystemError as error:
        path = source.path + encoder.suffix
        raise CompressionError(f"{path} cannot be read: {error.reason}") from error


def require_a_variant(source: Source, encoder: Encoder) -> None:
    """What is to be replaced, and is not ours, has to be a variant at least, of whatever.

    :raises CompressionError: where it is something else, which would be lost.
    """
    name = source.name + encoder.suffix
    with (
        suppress(UnavailableError),
        closing(source.folder.open_file(name)) as variant,
        variant.stream() as file,
    ):
        if not variant.state.size:  # as after a power cut; nothing is lost
            return
        try:
            deque(encoder.decompress(file), maxlen=0)
        except NotCompressedError as error:
            raise CompressionError(
                f"{variant.path} is not {encoder.token}, and was not made by this tool: move it"
                f" away, it is in the place of {source.path}, compressed"
            ) from error


def require_no_other(source: Source, encoder: Encoder) -> None:
    """Where nothing is written, a variant of an earlier state would go on being served.

    :raises CompressionError: where there is one that is not the original, compressed.
    """
    path = source.path + encoder.suffix
    if belongs(source, encoder) is False:
        raise CompressionError(
            f"{path} is not {source.path}, compressed, and nothing that saves enough can be:"
            " remove it"
        )


def _decompresses_to(variant: OpenFile, source: Source, encoder: Encoder) -> bool:
    original = source.pieces()
    expected = b""
    with variant.stream() as file:
        try:
            for piece in encoder.decompress(file):
                while len(expected) < len(piece) and (more := next(original, b"")):
                    expected += more
                if not expected.startswith(piece):
                    return False
                expected = expected[len(piece) :]
        except NotCompressedError:
            return False
    return not expected and not next(original, b"")


def is_adjusted(variant: os.stat_result, source: Source) -> bool:
    """Whether a variant has its original's mode and date, and where that can be, its owner."""
    state = stat.S_IMODE(variant.st_mode), variant.st_mtime_ns
    return state == (source.mode, source.mtime_ns) and is_given(variant, source.owner)
