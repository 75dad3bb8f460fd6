"""Opens regular files, reads them at an offset, and notices when they change."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from io import BufferedReader

from .errors import FileSystemError, classify_error, reason_of
from .pread import read_at, read_page_cache, supports_page_cache_reads
from .state import require_regular, state_of


def flags_of(*names: str) -> int:
    """The flags of :func:`os.open` with these names, as far as this system has them."""
    return sum(getattr(os, name, 0) for name in names)


# O_NONBLOCK: opening a FIFO that has replaced a file must not wait for a writer.
# os.open() adds O_CLOEXEC (PEP 446).
_FLAGS = os.O_RDONLY | flags_of("O_NONBLOCK", "O_NOCTTY", "O_BINARY")

_DIRECTORY_FLAGS = os.O_RDONLY | flags_of("O_DIRECTORY")


class OpenFile:
    """A regular file that is open for reading, and its state when it was opened.

    Every read has an offset, so many responses can share one descriptor. It is closed when the last
    holder closes it. A later read is an error, and never returns another file's bytes.
    """

    __slots__ = (
        *("_counting", "_descriptor", "_holders", "_status", "_supports_nowait", "_to_close"),
        *("is_by_path", "may_grow", "path", "state"),
    )

    #: Whether it has a descriptor, and a path of this machine.
    is_local = True

    def __init__(
        self, descriptor: int, path: str, status: os.stat_result, *, is_by_path: bool
    ) -> None:
        """
        :param descriptor: the open file; this object closes it.
        :param path: the file, absolute.
        :param status: the result of ``os.fstat(descriptor)``.
        :param is_by_path: whether a server may open ``path`` itself and get this file.
        """
        self._descriptor = descriptor
        self.path = path
        self.is_by_path = is_by_path
        self.state = state_of(status)
        #: Whether a file that grew is believed to have the same first bytes, as after an append.
        self.may_grow = True
        self._status = status
        self._supports_nowait: bool | None = None  # not known yet
        self._counting = threading.RLock()  # a finalizer may interrupt the thread that holds it
        self._holders = 1
        # Holds the descriptor until someone closes it. A list's pop() is atomic, so only one caller
        # gets it. A lock is not enough: after a fork, the finalizer could wait for a lock that a
        # thread of the parent held.
        self._to_close = [descriptor]

    @property
    def supports_nowait(self) -> bool:
        """Whether :meth:`read_nowait` works.

        Such file systems keep the state of an open file in memory as well, so that asking for it
        does not wait for the disk either.
        """
        # Found out at the first use, since most files are read at once and closed.
        if self._supports_nowait is None:
            self._supports_nowait = supports_page_cache_reads(self._descriptor)
        return self._supports_nowait

    @property
    def is_open(self) -> bool:
        """Whether the descriptor is still open."""
        return bool(self._to_close)

    def fileno(self) -> int:
        """The descriptor, for a server's sendfile; -1 when it is closed."""
        return self._descriptor

    def read(self, offset: int, size: int) -> bytes:
        """Read up to ``size`` bytes at ``offset``; no bytes at the file's end.

        :raises FileSystemError: if the system fails.
        """
        # Hold the file while reading. A request that gives up on a thread closes its file; without
        # this, the thread might then read a descriptor that belongs to another file.
        held = self.share()
        try:
            return read_at(self._descriptor, size, offset)
        except (OSError, MemoryError) as error:
            raise FileSystemError(self.path, error) from error
        finally:
            held.close()

    def read_fully(self, offset: int, size: int) -> bytes:
        """Read ``size`` bytes at ``offset``, fewer only at the file's end.

        :raises FileSystemError: if the system fails.
        """
        data = self.read(offset, size)
        # Linux reads at most 2 GiB in one call.
        while len(data) < size and (more := self.read(offset + len(data), size - len(data))):
            data += more
        return data

    def read_nowait(self, offset: int, size: int) -> bytes | None:
        """Read what the page cache holds, and never wait for the disk.

        :returns: up to ``size`` bytes; ``None`` if the first byte is not in the page cache or the
            system fails. :meth:`read` then raises the error.
        """
        held = self.share()  # as in `read`
        try:
            # Linux 5.9 and 5.10 may return 0 bytes where they would wait: preadv2(2), BUGS.
            return read_page_cache(self._descriptor, size, offset) or None
        except (OSError, MemoryError):
            return None
        finally:
            held.close()

    def stream(self) -> BufferedReader:
        """An independent file object, at the beginning. Only one at a time can be read."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.fdopen(os.dup(self._descriptor), "rb")

    def change_since_open(self) -> str | None:
        """How the file changed since it was opened, if that makes a body read from it wrong.

        A file that grew by an append is still right: its first bytes are the same. But it may also
        have been overwritten by a longer one, so this is a change if :attr:`may_grow` is false.
        """
        try:
            status = os.fstat(self._descriptor)
        except OSError as error:  # ESTALE, on a network file system
            return reason_of(error)
        if state_of(status) == self.state:
            return None
        if status.st_size < self.state.size:
            return "the file was truncated"
        return "the file was overwritten" if self._is_overwritten(status) else None

    def _is_overwritten(self, status: os.stat_result) -> bool:
        now, then = state_of(status), self.state
        if now.size > then.size and not self.may_grow:
            return True
        if now.size == then.size and now.mtime_ns != then.mtime_ns:
            return True
        if now.ctime_ns == then.ctime_ns:
            return False
        # A write sets mtime and ctime to the same time. An mtime before the ctime at opening was
        # set back, as `cp -p` does, or did not change.
        if now.size > then.size and now.mtime_ns > then.ctime_ns:
            return False
        # A link, a removal, a rename, or new permissions or owners also change the ctime.
        same_permissions = _permissions_of(status) == _permissions_of(self._status)
        return same_permissions and self._is_at_its_path(status)

    def _is_at_its_path(self, status: os.stat_result) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), status)
        except OSError:
            return False

    def is_unchanged(self) -> bool:
        """Whether the file is in the state in which it was opened.

        A renamed folder, or a link with a new target, is noticed only by the path.
        """
        try:
            return state_of(os.fstat(self._descriptor)) == self.state
        except OSError:
            return False

    def share(self) -> OpenFile:
        """Return the same file for one more holder, who must close it too."""
        with self._counting:
            self._holders += 1
        return self

    def close(self) -> None:
        """Close the file for this holder."""
        with self._counting:
            self._holders -= 1
            # Under the lock. Otherwise a thread could share the file just before the descriptor is
            # closed, and then read the file that gets its number next.
            if self._holders <= 0:
                self._close_once()

    def __del__(self) -> None:
        # A cancelled task never receives the file that a thread opens for it. Holders may still
        # call `close` after this: the garbage collector finalizes a cycle's objects in any order.
        if getattr(self, "_to_close", None):
            self._close_once()

    def _close_once(self) -> None:
        with suppress(IndexError):
            descriptor = self._to_close.pop()
            self._descriptor = -1  # the number may soon be another file's
            _close(descriptor)


def open_file(path: str) -> OpenFile:
    """Open the regular file ``path``. Blocks on the disk, but never on a FIFO's writer.

    :raises UnavailableError: if there is no readable regular file.
    :raises FileSystemError: if the system fails.
    """
    try:
        return _checked(os.open(path, _FLAGS), path)
    except OSError as error:
        raise classify_error(path, error) from error


def open_below(root: str, path: str) -> OpenFile:
    """Open ``path`` as :func:`open_file` does, but follow no link to a folder below ``root``.

    Each folder is opened relative to its parent, so none can be replaced by a link between check
    and use. The file itself may be a link. Windows lacks these calls, and links are followed there.

    :raises UnavailableError: if there is no readable regular file.
    :raises FileSystemError: if the system fails.
    """
    if os.open not in os.supports_dir_fd:
        return open_file(path)
    *folders, name = os.path.relpath(path, root).split(os.sep)
    opened: list[int] = []
    try:
        opened.append(os.open(root, _DIRECTORY_FLAGS))
        for folder in folders:
            opened.append(os.open(folder, _DIRECTORY_FLAGS | os.O_NOFOLLOW, dir_fd=opened[-1]))
        return _checked(os.open(name, _FLAGS, dir_fd=opened[-1]), path, is_by_path=False)
    except OSError as error:
        raise classify_error(path, error) from error
    finally:
        for descriptor in opened:
            _close(descriptor)


def open_in(root: str | None, path: str) -> OpenFile:
    """Open ``path`` as :func:`open_below` does, or :func:`open_file` without a root."""
    return open_file(path) if root is None else open_below(root, path)


def _checked(descriptor: int, path: str, *, is_by_path: bool = True) -> OpenFile:
    try:
        status = os.fstat(descriptor)
        require_regular(path, status)
        return OpenFile(descriptor, path, status, is_by_path=is_by_path)
    except BaseException:
        _close(descriptor)
        raise


def _close(descriptor: int) -> None:
    """Close a descriptor that was only read, and ignore errors.

    A network file system may report an error of an earlier operation. The descriptor is closed all
    the same.
    """
    with suppress(OSError):
        os.close(descriptor)


def _permissions_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """The metadata that can change, and the ctime with it, while the content stays the same."""
    return status.st_nlink, status.st_mode, status.st_uid, status.st_gid
