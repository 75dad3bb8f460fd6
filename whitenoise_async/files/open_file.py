"""The few system calls that a request needs: open a regular file, and ask for its state."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader

from ..http.ranges import ByteRange, planned_length
from ..serving.representation import FileState
from ..support.logs import OneLineError, error_rate_limited
from .pread import read_at, read_page_cache, reads_page_cache


def flags_of(*names: str) -> int:
    """The flags of :func:`os.open` that are called so, of those that this system has."""
    return sum(getattr(os, name, 0) for name in names)


# O_NONBLOCK: to open a FIFO that took a file's place does not wait for a writer.
_FLAGS = os.O_RDONLY | flags_of("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")

_FOLDER = os.O_RDONLY | flags_of("O_CLOEXEC", "O_DIRECTORY")

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNSERVABLE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EISDIR,
        errno.ENXIO,
        errno.ENODEV,
    }
)


class UnavailableError(OneLineError):
    """A path where there is no file to serve.

    ``gone`` tells a file that was removed, which is nobody's fault, from one that is there and
    cannot be read or is no regular file.
    """

    def __init__(self, path: str, reason: str, *, gone: bool = False) -> None:
        super().__init__(f"{path} is not served: {reason}")
        self.reason = reason
        self.gone = gone


class FileSystemError(OneLineError):
    """The system failed at a file: the disk has a fault, or something has run out.

    Descriptors may, memory, or threads.
    """

    def __init__(self, path: str, error: Exception) -> None:
        self.reason = reason_of(error)
        super().__init__(f"{path} cannot be read now: {self.reason}")


class BrokenBodyError(OneLineError):
    """A body that has begun cannot be completed: its file became shorter, or unreadable.

    Raised to the server, which then cuts the connection: the client sees that something is missing.
    """

    def __init__(self, path: str, reason: str = "the file was truncated") -> None:
        super().__init__(f"{path} was sent in part: {reason}")
        error_rate_limited(f"{self}; the connection is cut")


class OpenFile:
    """A regular file, open for reading, and its state when it was opened.

    Reads name their offset, so that many answers may share one descriptor. It is closed when the
    last of its holders lets go; a read after that is an error, and never another file's bytes.
    """

    __slots__ = (
        *("_access", "_counting", "_descriptor", "_holders", "_to_close"),
        *("is_by_path", "path", "reads_at_once", "state"),
    )

    def __init__(
        self, descriptor: int, path: str, status: os.stat_result, *, is_by_path: bool = True
    ) -> None:
        """
        :param descriptor: the file's, from now on this object's to close.
        :param path: the file, absolute.
        :param status: what the descriptor said of itself.
        :param is_by_path: whether another one may open ``path`` in its place.
        """
        self._descriptor = descriptor
        self.path = path
        self.is_by_path = is_by_path
        self.state = state_of(status)
        self._access = _access_of(status)
        #: Whether :meth:`read_at_once` works: the file system is one that has the state of an open
        #: file in memory as well.
        self.reads_at_once = reads_page_cache(descriptor)
        self._counting = threading.RLock()  # a finalizer may come in between
        self._holders = 1
        # The descriptor until one caller takes it out. A list's pop() is atomic, so only one can. A
        # lock will not do: after a fork, the finalizer would wait for a thread that is not there.
        self._to_close = [descriptor]

    @property
    def is_open(self) -> bool:
        """Whether the descriptor is open: neither closed nor finalized."""
        return bool(self._to_close)

    def fileno(self) -> int:
        """The descriptor, for a server's sendfile; -1 when it is closed."""
        return self._descriptor

    def read(self, offset: int, size: int) -> bytes:
        """Read up to ``size`` bytes at ``offset``; nothing from the end of the file on.

        :raises FileSystemError: where the system fails.
        """
        # Held while it is read: who gives up a thread closes the file, and by the time that the
        # thread comes to read, or to seek, the descriptor could be another file's.
        held = self.share()
        try:
            return read_at(self._descriptor, size, offset)
        except (OSError, MemoryError) as error:
            raise FileSystemError(self.path, error) from error
        finally:
            held.close()

    def read_fully(self, offset: int, size: int) -> bytes:
        """Read ``size`` bytes at ``offset``, fewer only where the file ends.

        :raises FileSystemError: where the system fails.
        """
        data = self.read(offset, size)
        # Linux reads 2 GiB at the most in one call.
        while 0 < len(data) < size and (more := self.read(offset + len(data), size - len(data))):
            data += more
        return data

    def read_at_once(self, offset: int, size: int) -> bytes | None:
        """Read what the kernel has in its page cache, and never wait for the disk.

        :returns: up to ``size`` bytes; ``None`` where the first would have to be waited for, and
            where the system fails: :meth:`read` then says how.
        """
        held = self.share()  # as `read` does
        try:
            # Linux 5.9 and 5.10 may say nothing where they would have to wait: preadv2(2), BUGS.
            return read_page_cache(self._descriptor, size, offset) or None
        except (OSError, MemoryError):
            return None
        finally:
            held.close()

    def read_all(self) -> bytes | None:
        """The whole content, ``None`` where it changed while it was read.

        :raises FileSystemError: where the system fails.
        """
        return self.read_plan([ByteRange(0, self.state.size)])

    def read_plan(self, plan: Sequence[bytes | ByteRange]) -> bytes | None:
        """A whole body, ``None`` where the file changed while it was read.

        :param plan: bytes as they are, and ranges of the file.
        :raises FileSystemError: where the system fails.
        """
        body = b"".join(
            part if isinstance(part, bytes) else self.read_fully(part.start, part.length)
            for part in plan
        )
        return None if len(body) < planned_length(plan) or self.fault() else body

    def stream(self) -> BufferedReader:
        """A file object of its own, from the beginning; of one file, no two at a time."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.fdopen(os.dup(self._descriptor), "rb")

    def fault(self) -> str | None:
        """What was done to the file since it was opened that makes a body read from it a wrong one.

        As far as can be told: a file that became longer by an append is still right.
        """
        try:
            status = os.fstat(self._descriptor)
        except OSError as error:  # ESTALE, of a network file system
            return reason_of(error)
        if status.st_size < self.state.size:
            return "the file was truncated"
        return "the file was overwritten" if self._is_overwritten(status) else None

    def _is_overwritten(self, status: os.stat_result) -> bool:
        now, then = state_of(status), self.state
        if now.size == then.size and now.mtime_ns != then.mtime_ns:
            return True
        if now.ctime_ns == then.ctime_ns:
            return False
        # A write sets both dates to its own time. Here the date of the content was set back, as by
        # `cp -p`, or it never changed.
        if now.size > then.size and now.mtime_ns > then.ctime_ns:
            return False
        # A new link, a removal, other rights, another owner and a new name change `ctime` as well.
        return _access_of(status) == self._access and self._is_at_its_path(status)

    def _is_at_its_path(self, status: os.stat_result) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), status)
        except OSError:
            return False

    def is_untouched(self) -> bool:
        """Whether the file is in the same state still.

        Of a renamed folder, and of a link that leads elsewhere now, only the path can tell.
        """
        try:
            return state_of(os.fstat(self._descriptor)) == self.state
        except OSError:
            return False

    def share(self) -> OpenFile:
        """The same file for one more holder, who closes it as well."""
        with self._counting:
            self._holders += 1
        return self

    def close(self) -> None:
        """Let go of the file."""
        with self._counting:
            self._holders -= 1
            # Under the lock: a thread that shared the file just before the descriptor is closed
            # would read the file that has its number next.
            if self._holders <= 0:
                self._close_once()

    def __del__(self) -> None:
        # A task that is cancelled while a thread opens its file never gets to see the file. The
        # garbage collector finalizes the objects of a cycle in any order, so a holder may still
        # call `close` after this.
        if hasattr(self, "_to_close"):
            self._close_once()

    def _close_once(self) -> None:
        with suppress(IndexError):
            descriptor = self._to_close.pop()
            self._descriptor = -1  # the number may soon be another file's
            _close(descriptor)


def open_file(path: str) -> OpenFile:
    """Open the regular file ``path`` without ever waiting for a writer.

    :raises UnavailableError: where there is no readable regular file.
    :raises FileSystemError: where the system fails.
    """
    try:
        return _checked(os.open(path, _FLAGS), path)
    except OSError as error:
        raise explained(path, error) from error


def open_below(root: str, path: str) -> OpenFile:
    """Open ``path`` as :func:`open_file` does, and follow no link to a folder below ``root``.

    One folder is opened from the other, so that none can be replaced by a link between a check and
    its use. The file itself may be a link. Where the system has no such calls, on Windows, links
    are followed.

    :raises UnavailableError: where there is no readable regular file.
    :raises FileSystemError: where the system fails.
    """
    if os.open not in os.supports_dir_fd:
        return open_file(path)
    *folders, name = os.path.relpath(path, root).split(os.sep)
    opened: list[int] = []
    try:
        opened.append(os.open(root, _FOLDER))
        for folder in folders:
            opened.append(os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=opened[-1]))
        return _checked(os.open(name, _FLAGS, dir_fd=opened[-1]), path, is_by_path=False)
    except OSError as error:
        raise explained(path, error) from error
    finally:
        for descriptor in opened:
            _close(descriptor)


def _checked(descriptor: int, path: str, *, is_by_path: bool = True) -> OpenFile:
    try:
        status = os.fstat(descriptor)
        _require_regular(path, status)
        return OpenFile(descriptor, path, status, is_by_path=is_by_path)
    except BaseException:
        _close(descriptor)
        raise


def _close(descriptor: int) -> None:
    """Close what was only read: of an error there is nothing to be learnt, and nothing left open.

    A network file system may report one, of something else. The descriptor is free all the same.
    """
    with suppress(OSError):
        os.close(descriptor)


def read_state(path: str) -> FileState:
    """Ask for the state of the regular file ``path``; raises what :func:`open_file` raises."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise explained(path, error) from error
    _require_regular(path, status)
    return state_of(status)


def state_if_any(path: str) -> FileState | None:
    """The state of a regular file, ``None`` where there is none."""
    try:
        return read_state(path)
    except UnavailableError:
        return None


def _require_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnavailableError(path, "it is not a regular file")


def state_of(status: os.stat_result) -> FileState:
    """The state that ``status`` describes."""
    return FileState(
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        device=status.st_dev,
        inode=status.st_ino,
    )


def _access_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """The properties that can change, and ``ctime`` with them, while the content stays."""
    return status.st_nlink, status.st_mode, status.st_uid, status.st_gid


def reason_of(error: Exception) -> str:
    """What happened, in the system's words."""
    if isinstance(error, MemoryError):
        return os.strerror(errno.ENOMEM)
    return getattr(error, "strerror", None) or str(error)


def explained(path: str, error: OSError) -> UnavailableError | FileSystemError:
    """What an error at ``path`` means."""
    if error.errno in _GONE:
        return UnavailableError(path, "it was removed", gone=True)
    if error.errno in _UNSERVABLE:
        return UnavailableError(path, error.strerror or "it cannot be opened")
    return FileSystemError(path, error)
