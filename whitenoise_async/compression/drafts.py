"""Writing a file so that it appears whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from types import TracebackType

from ..codings import WORKING_PREFIX
from ..files import flags_of
from .encoders import PIECE
from .errors import CompressionError
from .locks import take
from .tree import UNFINISHED

# Bytes. To bring each small variant to the disk by itself would take a third of the time of a run:
# they are brought there together, at its end.
_WRITTEN_AT_ONCE = 64 * 1024

# Nobody has a draft open beside us, and nobody else may read what is not published.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags_of("O_CLOEXEC", "O_NOINHERIT", "O_BINARY")
_OURS_ALONE = 0o600

#: To open neither what a link leads to, nor a FIFO and wait for who is at its other end.
AS_IT_IS = flags_of("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC")


def new_digest() -> hashlib.blake2b:
    """What contents are compared by: as fast as the disk, and long enough for no two to meet."""
    return hashlib.blake2b(digest_size=16)


def open_as_it_is(path: str) -> int:
    """Open what is called so for reading, and not what it leads to; the caller closes it.

    :raises OSError: where that cannot be done, and for a link.
    """
    return os.open(path, os.O_RDONLY | AS_IT_IS)


def is_given(status: os.stat_result, owner: tuple[int, int]) -> bool:
    """Whether a file is a user's and a group's, or this process could not give it to them.

    Root can, and so has to: a server that runs as the owner could not read what is root's.
    """
    gives = getattr(os, "geteuid", lambda: -1)
    return (status.st_uid, status.st_gid) == owner or gives() != 0


def give(file: int | str, status: os.stat_result, owner: tuple[int, int]) -> None:
    """Give a file that is as ``status`` says to a user and a group, where that can be done."""
    if not is_given(status, owner):
        with suppress(OSError):  # as on a file system that knows no owners
            os.chown(file, *owner)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, where the system may take a part at a time.

    :raises OSError: where it cannot be written.
    """
    while data:
        data = data[os.write(descriptor, data) :]


def digest_of(path: str) -> str | None:
    """The digest of a variant's content; ``None`` where there is no readable regular file.

    A link is nobody's work but the user's, and has none.

    :raises CompressionError: where it cannot be read.
    """
    try:
        descriptor = open_as_it_is(path)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        digest = new_digest()
        while piece := os.read(descriptor, PIECE):
            digest.update(piece)
        return digest.hexdigest()
    except OSError as error:
        raise CompressionError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


class Draft:
    """A file under a temporary name in the folder where it belongs.

    It is locked while it is written: what a killed process left has no lock, and can be removed.
    """

    def __init__(self, path: str) -> None:
        """
        :param path: where it will appear.
        :raises OSError: where it cannot be made.
        """
        self._path = path
        name = f"{WORKING_PREFIX}{os.urandom(8).hex()}{UNFINISHED}"
        self._temporary = os.path.join(os.path.dirname(path), name)
        self._descriptor = os.open(self._temporary, _NEW, _OURS_ALONE)
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
                os.unlink(self._temporary)

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
        file = self._temporary if os.name == "nt" else self._descriptor
        if owner is not None:
            give(file, os.fstat(self._descriptor), owner)
        if os.name == "nt":
            self._close()  # Windows renames nothing that is open
        os.chmod(file, mode)
        os.utime(file, ns=(mtime_ns, mtime_ns))
        os.replace(self._temporary, self._path)
        self._published = True

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


def remove_unfinished(path: str) -> None:
    """Remove a draft that a killed process left; one that is being written is let be."""
    with suppress(OSError):
        descriptor = open_as_it_is(path)
        try:
            if take(descriptor):
                os.unlink(path)
        finally:
            os.close(descriptor)
