"""Write a file so that it appears complete, or not at all; read and compare what is there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from ..files.codings import WORKING_PREFIX
from ..files.open_file import flags_of
from .encoders import PIECE
from .errors import CompressionError
from .folders import Folder, is_root
from .locks import take

#: The end of a temporary file's name.
UNFINISHED = ".tmp"

# Bytes. Syncing each smaller variant by itself would take a third of a run's time: they are synced
# together at its end.
_UNSYNCED = 64 * 1024

#: Flags for a new file that no other process has open.
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags_of("O_NOINHERIT", "O_BINARY")


class Found(NamedTuple):
    """A regular file, and the digest of its content."""

    digest: str
    status: os.stat_result


def new_digest() -> hashlib.blake2b:
    """The digest that contents are compared by."""
    return hashlib.blake2b(digest_size=16)


def permissions(original: os.stat_result) -> int:
    """The mode of a file's variants.

    Set-user-ID, set-group-ID and sticky bits are for programs and folders.
    """
    return original.st_mode & 0o777


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; the system may take it in parts."""
    while data:
        data = data[os.write(descriptor, data) :]


def find(folder: Folder, name: str) -> Found | None:
    """Read a regular file that is no link; ``None`` if there is no readable one.

    :raises CompressionError: if reading fails.
    """
    digest = new_digest()
    try:
        with folder.reading(name) as descriptor:
            for piece in pieces_of(descriptor):
                digest.update(piece)
            return Found(digest.hexdigest(), os.fstat(descriptor))
    except FileNotFoundError:
        return None
    except OSError as error:
        path = folder.path_of(name)
        raise CompressionError(f"{path} cannot be read: {error.strerror}") from error


def pieces_of(descriptor: int) -> Iterator[bytes]:
    """Read an open file to its end."""
    while piece := os.read(descriptor, PIECE):
        yield piece


class Draft:
    """A file under a temporary name, in the folder where it will appear as ``name``.

    It is locked while it is written. A killed process leaves it without a lock, and the next run
    removes it.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._temporary = f"{WORKING_PREFIX}{os.urandom(8).hex()}{UNFINISHED}"
        self._descriptor = folder.open(self._temporary, NEW_FILE, 0o600)
        take(self._descriptor)
        self._open, self._published = True, False
        self._digest = new_digest()
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
        """The digest of the content so far."""
        return self._digest.hexdigest()

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Append."""
        write_all(self._descriptor, data)
        self._digest.update(data)
        self.size += len(data)

    def clear(self) -> None:
        """Start again with an empty file."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._digest, self.size = new_digest(), 0

    def sync(self) -> None:
        """Bring the content to the disk."""
        os.fsync(self._descriptor)

    def publish(
        self, mode: int, mtime_ns: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Give the file its mode, date and owner, and rename it to its final name.

        A large file reaches the disk before its name does. After a power cut, a small one that
        was not synced may be empty.
        """
        if self.size > _UNSYNCED:
            self.sync()
        # Not by name: in a folder where others may write, the name may by now be a link to a file
        # outside.
        by_name = os.name == "nt"
        file = self._folder.path_of(self._temporary) if by_name else self._descriptor
        if owner is not None and not has_owner(os.fstat(self._descriptor), owner):
            with suppress(OSError):  # the file system has no owners
                os.chown(file, *owner)
        if by_name:
            self._close()  # Windows renames no open file
        os.chmod(file, mode)
        if mtime_ns is not None:
            os.utime(file, ns=(mtime_ns, mtime_ns))
        self._folder.replace(self._temporary, self._name)
        self._published = True

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


def has_owner(status: os.stat_result, owner: tuple[int, int]) -> bool:
    """Whether a file has this user and group, or this process could not set them.

    Root sets them, so that a server which runs as the owner can read what root compressed.
    """
    return (status.st_uid, status.st_gid) == owner or not is_root()


def is_unfinished(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a temporary file of a draft."""
    name = entry.name
    is_named_so = name.startswith(WORKING_PREFIX) and name.endswith(UNFINISHED)
    return is_named_so and entry.is_file(follow_symlinks=False)


def remove_unfinished(folder: Folder, name: str) -> None:
    """Remove a draft that a killed process left. One that is being written stays."""
    with suppress(OSError), folder.reading(name) as descriptor:
        if take(descriptor):
            folder.unlink(name)
