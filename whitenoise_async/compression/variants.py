"""Read one variant from the disk, and compare it with its original."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import partial
from typing import NamedTuple

from ..files.content import digest_of, pieces_of
from ..files.draft import has_owner
from ..files.errors import UnavailableError
from ..files.folder import Folder
from ..files.open_file import OpenFile
from .encoders import Encoder, NotCompressedError
from .errors import CompressionError, naming
from .originals import OpenOriginal
from .record import Made


class Found(NamedTuple):
    """A variant on the disk."""

    digest: str  # of its content
    status: os.stat_result


def find_variant(folder: Folder, name: str) -> Found | None:
    """Read a variant; ``None`` if there is no readable regular file, or if it is a link.

    :raises CompressionError: if reading fails.
    """
    with (
        naming(folder.path_of(name), "read"),
        suppress(FileNotFoundError),
        folder.reading(name) as descriptor,
    ):
        digest = digest_of(pieces_of(partial(os.read, descriptor)))
        return Found(digest, os.fstat(descriptor))
    return None


def is_result(found: Found | None, made: Made | None) -> bool:
    """Whether a variant is as it was recorded."""
    return found is not None and made is not None and found.digest == made.digest


def has_metadata(variant: os.stat_result, original: OpenOriginal) -> bool:
    """Whether a variant has its original's mode, date and, if it can be set, owner."""
    mode_and_date = stat.S_IMODE(variant.st_mode), variant.st_mtime_ns
    return mode_and_date == (original.mode, original.mtime_ns) and has_owner(
        variant, original.owner
    )


def matches_original(
    original: OpenOriginal, encoder: Encoder, pieces: Iterable[bytes] | None = None
) -> bool | None:
    """Whether a variant decompresses to its original; ``None`` if there is no variant.

    :param pieces: the original's content, if it is not to be read by this function.
    """
    with naming(original.path + encoder.suffix, "read"):
        try:
            variant = original.folder.open_file(original.name + encoder.suffix)
        except UnavailableError:
            return None
        with closing(variant):
            pieces = original.pieces() if pieces is None else pieces
            return _decompresses_to(variant, pieces, encoder)


def require_variant(original: OpenOriginal, encoder: Encoder) -> None:
    """Require a file of another tool to be a variant of some file before it is replaced."""
    with (
        suppress(UnavailableError),
        closing(original.folder.open_file(original.name + encoder.suffix)) as variant,
        variant.stream() as file,
    ):
        if not variant.state.size:  # as after a power cut; nothing is lost
            return
        try:
            deque(encoder.decompress(file), maxlen=0)
        except NotCompressedError as error:
            raise CompressionError(
                variant.path,
                f"{variant.path} is not a {encoder.token} file, and this tool did not write it:"
                f" move it away, so that the variant of {original.path} can be written",
            ) from error


def require_no_other(original: OpenOriginal, encoder: Encoder) -> None:
    """Require that no wrong variant stays where none is written, because it would be served."""
    if matches_original(original, encoder) is False:
        variant = original.path + encoder.suffix
        raise CompressionError(
            variant,
            f"{variant} does not match {original.path}, and compressing {original.path} would not"
            f" save enough: remove {variant}",
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
