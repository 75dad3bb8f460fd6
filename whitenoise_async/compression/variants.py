"""One variant on the disk: what it is, and how it is written, adjusted and removed."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from ..files import FileSystemError, OpenFile, UnavailableError, open_file
from .drafts import Draft, give, is_given, open_as_it_is
from .encoders import Encoder, NotCompressedError
from .errors import CompressionError
from .originals import Source


@contextmanager
def naming(path: str, what: str) -> Iterator[None]:
    """Turn an ``OSError`` into one that names the file."""
    try:
        yield
    except OSError as error:
        raise CompressionError(f"{path} cannot be {what}: {error.strerror or error}") from error


def compress_into(draft: Draft, source: Source, encoder: Encoder) -> None:
    """Compress into a file that is not in its place yet.

    :raises CompressionError: where the original changes or cannot be read.
    :raises OSError: where nothing can be written.
    """
    for piece in encoder.compress(source.pieces(), source.size):
        draft.write(piece)


def belongs(path: str, source: Source, encoder: Encoder) -> bool | None:
    """Whether the file at ``path`` is the original, compressed; ``None`` where there is none."""
    try:
        with closing(open_file(path)) as variant:
            return _decompresses_to(variant, source, encoder)
    except UnavailableError:
        return None
    except FileSystemError as error:
        raise CompressionError(f"{path} cannot be read: {error.reason}") from error


def require_a_variant(path: str, source: Source, encoder: Encoder) -> None:
    """What is to be replaced, and is not ours, has to be a variant at least, of whatever.

    :raises CompressionError: where it is something else, which would be lost.
    """
    with suppress(UnavailableError), closing(open_file(path)) as variant, variant.stream() as file:
        if not variant.state.size:  # as after a power cut; nothing is lost
            return
        try:
            deque(encoder.decompress(file), maxlen=0)
        except NotCompressedError as error:
            raise CompressionError(
                f"{path} is not {encoder.token}, and was not made by this tool: move it away, it"
                f" is in the place of {source.path}, compressed"
            ) from error


def require_no_other(source: Source, encoder: Encoder) -> None:
    """Where nothing is written, a variant of an earlier state would go on being served.

    :raises CompressionError: where there is one that is not the original, compressed.
    """
    path = source.path + encoder.suffix
    if belongs(path, source, encoder) is False:
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


def adjust(path: str, source: Source) -> bool:
    """Give a variant its original's mode, date and owner; returns whether it had others.

    :raises OSError: where it cannot be done.
    """
    descriptor = open_as_it_is(path)
    try:
        status = os.fstat(descriptor)
        if is_adjusted(status, source):
            return False
        file = path if os.name == "nt" else descriptor
        give(file, status, source.owner)
        os.chmod(file, source.mode)
        os.utime(file, ns=(source.mtime_ns, source.mtime_ns))
        return True
    finally:
        os.close(descriptor)


def is_adjusted(variant: os.stat_result, source: Source) -> bool:
    """Whether a variant has its original's mode and date, and where that can be, its owner."""
    state = stat.S_IMODE(variant.st_mode), variant.st_mtime_ns
    return state == (source.mode, source.mtime_ns) and is_given(variant, source.owner)
