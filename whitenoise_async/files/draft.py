"""Write a file so that it appears complete, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from types import TracebackType

from ..support.locks import take
from .codings import WORKING_PREFIX
from .folder import Folder, is_root
from .open_file import flags_of

#: The end of a draft's temporary name.
UNFINISHED = ".tmp"

# Bytes. Syncing each smaller file by itself takes a third of a compression run's time. The caller
# syncs them together.
_UNSYNCED = 64 * 1024

#: Flags for a new file that no other process has open.
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags_of("O_BINARY")


def permissions(original: os.stat_result) -> int:
    """The mode of a file's variants.

    Set-user-ID, set-group-ID and sticky bits are for programs and folders.
    """
    return original.st_mode & 0o777


def has_owner(status: os.stat_result, owner: tuple[int, int]) -> bool:
    """Whether a file has this user and group, or this process could not set them.

    Root sets them, so that a server that runs as the owner can read what root wrote.
    """
    return (status.st_uid, status.st_gid) == owner or not is_root()


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``. The system may take it in parts."""
    while data:
        data = data[os.write(descriptor, data) :]


class Draft:
    """A file under a temporary name, in the folder where it will appear as ``name``.

    It is locked while it is written. A killed process leaves it without a lock, and
    :func:`remove_unfinished` removes it.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._temporary = f"{WORKING_PREFIX}{os.urandom(8).hex()}{UNFINISHED}"
        self._descriptor = folder.open(self._temporary, NEW_FILE)
        take(self._descriptor)
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

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        write_all(self._descriptor, data)
        self.size += len(data)

    def sync(self) -> None:
        """Flush the content to the disk."""
        os.fsync(self._descriptor)

    def publish(
        self, mode: int, mtime_ns: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Set the file's mode, date and owner, and rename it to its final name.

        A large file reaches the disk before it is renamed. After a power cut, a small file that
        was not synced may be empty.
        """
        if self.size > _UNSYNCED:
            self.sync()
        # By descriptor: in a folder where others may write, the temporary name may by now be a link
        # to a file elsewhere. Windows has no such calls, and it renames no open file.
        by_name = os.name == "nt"
        file = self._folder.path_of(self._temporary) if by_name else self._descriptor
        if owner is not None and not has_owner(os.fstat(self._descriptor), owner):
            with suppress(OSError):  # the file system has no owners
                os.chown(file, *owner)
        if by_name:
            self._close()
        os.chmod(file, mode)
        if mtime_ns is not None:
            os.utime(file, ns=(mtime_ns, mtime_ns))
        self._folder.replace(self._temporary, self._name)
        self._published = True

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


def is_unfinished(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a draft under its temporary name."""
    has_name = entry.name.startswith(WORKING_PREFIX) and entry.name.endswith(UNFINISHED)
    return has_name and entry.is_file(follow_symlinks=False)


def remove_unfinished(folder: Folder, name: str) -> None:
    """Remove a draft that a killed process left. A draft that is being written stays."""
    with suppress(OSError), folder.reading(name) as descriptor:
        if take(descriptor):
            folder.unlink(name)
