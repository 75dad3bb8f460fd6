"""Open originals, and their variants: read, checked for changes, compared."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import NamedTuple

from ..files.content import digest_of, new_digest, pieces_of, pieces_of_file
from ..files.draft import has_owner, permissions
from ..files.errors import UnavailableError
from ..files.folder import Folder, parent_of
from ..files.open_file import OpenFile
from ..files.state import state_of
from .encoders import Encoder
from .errors import CompressionError, naming
from .record import Made


class OpenOriginal:
    """An open original, in a folder that stays open. :meth:`close` closes the file."""

    def __init__(self, folder: Folder, name: str, digest: str | None = None) -> None:
        """Open a file, or the file that a link leads to.

        :param digest: of its content, if it was read before.
        :raises CompressionError: if it cannot be opened.
        """
        self.folder = folder
        self.name = name
        self.path = folder.path_of(name)
        self._digest = digest
        with naming(self.path, "read"):
            #: The open file.
            self.file = folder.open_file(name)
        #: Bytes, when it was opened.
        self.size = self.file.state.size

    @property
    def metadata(self) -> tuple[int, int, tuple[int, int]]:
        """Of its variants: permissions, nanoseconds since the epoch, and user and group."""
        status = os.fstat(self.file.fileno())
        return permissions(status), self.file.state.mtime_ns, (status.st_uid, status.st_gid)

    @property
    def digest(self) -> str:
        """The digest of its content. Reads the file if it was not read before."""
        if self._digest is None:
            self.require_unchanged()
        assert self._digest is not None
        return self._digest

    def pieces(self) -> Iterator[bytes]:
        """Its content, from the beginning.

        :raises CompressionError: if it cannot be read, or has changed since it was first read.
        """
        digest, at = new_digest(), 0
        with naming(self.path, "read"):
            for piece in pieces_of_file(self.file):
                at += len(piece)
                digest.update(piece)
                yield piece
        now, then = state_of(os.fstat(self.file.fileno())), self.file.state
        before, self._digest = self._digest, digest.hexdigest()
        unchanged = (at, now.size, now.mtime_ns) == (then.size, then.size, then.mtime_ns)
        if not unchanged or before not in (None, self._digest):
            message = f"{self.path} cannot be compressed: it was changed during this run"
            raise CompressionError(self.path, message)

    def require_unchanged(self) -> None:
        """Read it again, and raise what :meth:`pieces` raises."""
        deque(self.pieces(), maxlen=0)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@contextmanager
def opened_below(root: Folder, path: str, digest: str | None = None) -> Iterator[OpenOriginal]:
    """Open the original ``path`` below ``root``.

    :param digest: of its content, if it was read before.
    :raises CompressionError: if it cannot be read.
    """
    with (
        naming(root.path_of(path), "read"),
        parent_of(root, path) as (folder, name),
        closing(OpenOriginal(folder, name, digest)) as opened,
    ):
        yield opened


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
    *mode_and_date, owner = original.metadata
    found = [stat.S_IMODE(variant.st_mode), variant.st_mtime_ns]
    return found == mode_and_date and has_owner(variant, owner)


def matches_original(
    original: OpenOriginal, encoder: Encoder, pieces: Iterable[bytes]
) -> bool | None:
    """Whether a variant decompresses to its original; ``None`` if there is no variant.

    :param pieces: the original's content.
    """
    with naming(original.path + encoder.suffix, "read"):
        try:
            variant = original.folder.open_file(original.name + encoder.suffix)
        except UnavailableError:
            return None
        with closing(variant):
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
        except encoder.errors as error:
            raise CompressionError(
                variant.path,
                f"{variant.path} is not a {encoder.token} file, and this tool did not write it:"
                f" move it away, so that the variant of {original.path} can be written",
            ) from error


def require_no_other(original: OpenOriginal, encoder: Encoder) -> None:
    """Require that no wrong variant stays where none is written, because it would be served."""
    if matches_original(original, encoder, original.pieces()) is False:
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
        except encoder.errors:
            return False
    return not expected and not next(original, b"")
