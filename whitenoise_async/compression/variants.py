"""Compare one variant on the disk with its original."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable
from contextlib import closing, suppress

from ..files.open_file import FileSystemError, OpenFile, UnavailableError
from .drafts import has_owner
from .encoders import Encoder, NotCompressedError
from .errors import CompressionError
from .originals import Source


def is_adjusted(variant: os.stat_result, source: Source) -> bool:
    """Whether a variant has its original's mode, date and, where it can be set, owner."""
    state = stat.S_IMODE(variant.st_mode), variant.st_mtime_ns
    return state == (source.mode, source.mtime_ns) and has_owner(variant, source.owner)


def matches_original(
    source: Source, encoder: Encoder, pieces: Iterable[bytes] | None = None
) -> bool | None:
    """Whether a variant decompresses to its original; ``None`` if there is no variant."""
    try:
        with closing(source.folder.open_file(source.name + encoder.suffix)) as variant:
            return _decompresses_to(variant, source.pieces() if pieces is None else pieces, encoder)
    except UnavailableError:
        return None
    except FileSystemError as error:
        path = source.path + encoder.suffix
        raise CompressionError(f"{path} cannot be read: {error.reason}") from error


def require_a_variant(source: Source, encoder: Encoder) -> None:
    """Require that a file of somebody else is a variant of some file before it is replaced."""
    with (
        suppress(UnavailableError),
        closing(source.folder.open_file(source.name + encoder.suffix)) as variant,
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
    """Require that no wrong variant is left where none is written: it would be served."""
    if matches_original(source, encoder) is False:
        raise CompressionError(
            f"{source.path}{encoder.suffix} is not {source.path}, compressed, and nothing that"
            " saves enough can be: remove it"
        )


def _decompresses_to(variant: OpenFile, pieces: Iterable[bytes], encoder: Encoder) -> bool:
    original = iter(pieces)
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
