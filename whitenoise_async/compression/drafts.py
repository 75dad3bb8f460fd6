"""Writing a file so that it appears whole, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from ..files.codings import WORKING_PREFIX
from ..files.open_file import flags_of
from .encoders import PIECE
from .errors import CompressionError
from .folders import Folder, is_root
from .locks import take
from .tree import UNFINISHED

# Bytes. To bring each small variant to the disk by itself would take a third of the time of a run:
# they are brought there together, at its end.
_WRITTEN_AT_ONCE = 64 * 1024

# Nobody has a draft open beside us, and nobody else may read what is not published.
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags_of("O_NOINHERIT", "O_BINARY")
_OURS_ALONE = 0o600


def new_digest() -> hashlib.blake2b:
    """What contents are compared by: as fast as the disk, and long enough for no two to meet."""
    return hashlib.blake2b(digest_size=16)


def is_given(status: os.stat_result, owner: tuple[int, int]) -> bool:
    """Whether a file is a user's and a group's, or this process could not give it to them.

    Root can, and so has to: a server that runs as the owner could not read what is root's.
    """
    return (status.st_uid, status.st_gid) == owner or not is_root()


def permissions(original: os.stat_result) -> int:
    """The mode of a file's variants.

    Set-user-ID, set-group-ID and sticky bits are for programs and folders.
    """
    return original.st_mode & 0o777


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, where the system may take a part at a time.

    :raises OSError: where it cannot be written.
    """
    while data:
        data = data[os.write(descriptor, data) :]


def digest_of(folder: Folder, name: str) -> str | None:
    """The digest of a variant's content; ``None`` where there is no readable regular file.

    A link is nobody's work but the user's, and has none.

    :raises CompressionError: where it cannot be read.
    """
    digest = new_digest()
    try:
        for piece in pieces_of(folder, name):
            digest.update(piece)
    except FileNotFoundError:
        return None
    except OSError as error:
        path = folder.path_of(name)
        raise CompressionError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def pieces_of(folder: Folder, name: str) -> Iterator[bytes]:
    """Read a regular file that is no link.

    :raises FileNotFoundError: where there is no readable one.
    :raises OSError: where it cannot be read to its end.
    """
    try:
        descriptor = folder.open_as_it_is(name)
    except OSError as error:
        raise FileNotFoundError(error.errno, error.strerror) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while piece := os.read(descriptor, PIECE):
            yield piece
    finally:
        os.close(descriptor)


class Draft:
    """A file under a temporary name in the folder where it belongs.

    It is locked while it is written: what a killed process left has no lock, and can be removed.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        """
        :param folder: where it will appear.
        :param name: the name that it will have.
        :raises OSError: where it cannot be made.
        """
        self._folder = folder
        self._name = name
        self._temporary = f"{WORKING_PREFIX}{os.urandom(8).hex()}{UNFINISHED}"
        self._descriptor = folder.open(self._temporary, NEW_FILE, _OURS_ALONE)
        take(self._descriptor)
        self._digest = new_digest()
        self._open, self._published = True, False
        self.size = 0  # bytes

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
        if not self._published:
            with suppress(FileNotFoundError):
                self._folder.unlink(self._temporary)

    @property
    def digest(self) -> str:
        """Of what was written so far."""
        return self._digest.hexdigest()

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Append."""
        write_all(self._descriptor, data)
        self._digest.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """Bring what was written so far to the disk."""
        os.fsync(self._descriptor)

    def publish(self, mode: int, mtime_ns: int, owner: tuple[int, int] | None = None) -> None:
        """Let it appear in its place, in place of what is there.

        :param mode: permissions, as chmod takes them.
        :param mtime_ns: nanoseconds since the epoch.
        :param owner: user and group, where they may be set.

        A large one is on the disk before its name is. One that is written at once is there after
        a power cut as it was, or empty, if nobody has called :meth:`sync`.
        """
        if self.size > _WRITTEN_AT_ONCE:
            self.sync()
        # Not by its name: in a folder in which others may write, that may be a link by now, to a
        # file that is none of theirs.
        by_name = os.name == "nt"
        file = self._folder.path_of(self._temporary) if by_name else self._descriptor
        if owner is not None and not is_given(os.fstat(self._descriptor), owner):
            with suppress(OSError):  # as on a file system that knows no owners
                os.chown(file, *owner)
        if by_name:
            self._close()  # Windows renames nothing that is open
        os.chmod(file, mode)
        os.utime(file, ns=(mtime_ns, mtime_ns))
        self._folder.replace(self._temporary, self._name)
        self._published = True

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


def remove_unfinished(folder: Folder, name: str) -> None:
    """Remove a draft that a killed process left; one that is being written is let be."""
    with suppress(OSError):
        descriptor = folder.open_as_it_is(name)
        try:
            if take(descriptor):
                folder.unlink(name)
        finally:
            os.close(descriptor)
