"""The few system calls that a request needs: open a regular file, and ask for its state."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader

from .http.ranges import ByteRange
from .logs import logger
from .representations import FileState

# O_NONBLOCK: to open a FIFO that took a file's place does not wait for a writer.
_FLAGS = os.O_RDONLY
for _flag in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _flag, 0)

#: Bytes that are read and handed on at a time.
CHUNK_SIZE = 64 * 1024

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNSERVABLE = frozenset(
    {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV}
)


class UnavailableError(Exception):
    """A path where there is no file to serve.

    ``gone`` tells a file that was removed, which is nobody's fault, from one that is there and
    cannot be read or is no regular file.
    """

    def __init__(self, path: str, reason: str, *, gone: bool = False) -> None:
        super().__init__(f"{path} is not served: {reason}")
        self.reason = reason
        self.gone = gone


class FileSystemError(Exception):
    """The system failed at a file: descriptors or memory have run out, or the disk has a fault."""

    def __init__(self, path: str, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"{path} cannot be read now: {self.reason}")


class BrokenBodyError(Exception):
    """A body that has begun cannot be completed: its file became shorter, or unreadable.

    Raised to the server, which then cuts the connection: the client sees that something is missing.
    """

    def __init__(self, path: str, reason: str = "the file was truncated") -> None:
        super().__init__(f"{path} was sent in part: {reason}")
        logger.error("%s; the connection is cut", self)


class OpenFile:
    """A regular file, open for reading, and its state when it was opened.

    ``file`` is buffered for its lock: closing waits for a read that another thread is still in, so
    that the descriptor's number is never used again under that read.
    """

    __slots__ = ("file", "path", "state")

    def __init__(self, file: BufferedReader, path: str, state: FileState) -> None:
        self.file = file
        self.path = path
        self.state = state

    def peek(self, offset: int, size: int) -> bytes:
        """Read ``size`` bytes at ``offset`` of a file from which nothing has been read yet.

        :raises FileSystemError: where the system fails.
        """
        # On the bare descriptor: a server may hand it to sendfile, which knows nothing of buffers.
        descriptor = self.file.fileno()
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            data = os.read(descriptor, size)
            os.lseek(descriptor, 0, os.SEEK_SET)
        except OSError as error:
            raise FileSystemError(self.path, error) from error
        return data

    def read(self, part: ByteRange) -> bytes:
        """Read a range of the file at once; what comes is shorter where the file has become so.

        :raises FileSystemError: where the system fails.
        """
        try:
            self.file.seek(part.start)
            return self.file.read(part.length)
        except OSError as error:
            raise FileSystemError(self.path, error) from error

    def fault(self) -> str | None:
        """What was done to the file since it was opened that makes a body read from it a wrong one.

        As far as can be told: one that is longer now is taken for one that was appended to.
        """
        now = _state_of(os.fstat(self.file.fileno()))
        if now.size < self.state.size:
            return "the file was truncated"
        overwritten = now.size == self.state.size and now != self.state
        return "the file was overwritten" if overwritten else None

    def close(self) -> None:
        """Close the file; it may be closed already."""
        self.file.close()

    # A task that is cancelled while a thread opens its file never gets to see the file.
    __del__ = close


def open_file(path: str) -> OpenFile:
    """Open the regular file ``path`` without ever waiting for a writer.

    :raises UnavailableError: where there is no readable regular file.
    :raises FileSystemError: where the system fails.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _explained(path, error) from error
    try:
        state = _state(path, os.fstat(descriptor))
        return OpenFile(os.fdopen(descriptor, "rb"), path, state)
    except BaseException:
        os.close(descriptor)
        raise


def read_state(path: str) -> FileState:
    """Ask for the state of the regular file ``path``; raises what :func:`open_file` raises."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise _explained(path, error) from error
    return _state(path, status)


def _state(path: str, status: os.stat_result) -> FileState:
    if not stat.S_ISREG(status.st_mode):
        raise UnavailableError(path, "it is not a regular file")
    return _state_of(status)


def _state_of(status: os.stat_result) -> FileState:
    return FileState(status.st_size, status.st_mtime_ns)


def _explained(path: str, error: OSError) -> Exception:
    if error.errno in _GONE:
        return UnavailableError(path, "it was removed", gone=True)
    if error.errno in _UNSERVABLE:
        return UnavailableError(path, error.strerror or "it cannot be opened")
    return FileSystemError(path, error)
