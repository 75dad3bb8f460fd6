"""Bodies that a WSGI server takes, read from an open file while they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from ..files.open_file import BrokenBodyError, FileSystemError, OpenFile
from ..http.ranges import ByteRange

# Bytes that are read and handed on at a time, where the server does not send the file itself.
PIECE_SIZE = 256 * 1024


class Parts:
    """A body by its plan, read as it is sent."""

    def __init__(self, file: OpenFile, plan: Sequence[bytes | ByteRange]) -> None:
        self._file = file
        self._plan = plan
        self._to_close = [file]  # pop() is atomic: of two threads that close, one closes the file

    def __iter__(self) -> Iterator[bytes]:
        for part in self._plan:
            if isinstance(part, bytes):
                yield part
            else:
                reader = _Bounded(self._file, part)
                yield from iter(lambda: reader.read(PIECE_SIZE), b"")  # noqa: B023

    def close(self) -> None:
        """Close the file, when the answer is done or given up. Some servers do it twice."""
        with suppress(IndexError):
            self._to_close.pop().close()


class _Bounded:
    """A range of a file: never more of it, and an error where there is less."""

    def __init__(self, file: OpenFile, part: ByteRange) -> None:
        self._file = file
        self._offset, self._stop = part

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, all that are left if negative; nothing at the end."""
        offset, stop = self._offset, self._stop
        wanted = stop - offset if size < 0 else min(size, stop - offset)
        if not wanted:  # what was sent whole must not fail
            return b""
        self._offset = stop  # after an error there is nothing more to say
        try:
            data = self._file.read_fully(offset, wanted)
        except FileSystemError as error:
            raise BrokenBodyError(self._file.path, error.reason) from error
        if len(data) < wanted:
            raise BrokenBodyError(self._file.path)
        if stop == offset + wanted and (fault := self._file.fault()):
            raise BrokenBodyError(self._file.path, fault)
        self._offset = offset + wanted
        return data


class WholeFile(_Bounded):
    """What ``wsgi.file_wrapper`` is given: a file no longer than it was when it was opened."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__(file, ByteRange(0, file.state.size))
        self._to_close = [file]

    def fileno(self) -> int:
        """The descriptor, for sendfile."""
        return self._file.fileno()

    def tell(self) -> int:
        """Where it stands: mod_wsgi fails at what has a descriptor and does not say so."""
        return self._offset

    def close(self) -> None:
        """Close the file.

        :raises BrokenBodyError: where a server that used the descriptor may have sent less than it
            promised, or something else. Gunicorn's sendfile stops at the end of the file without a
            word, and would go on with the next answer.
        """
        try:
            file = self._to_close.pop()
        except IndexError:
            return
        # `read` has checked what it returned. A finalized file belongs to a body that was dropped.
        unread = self._offset == 0 < self._stop and file.is_open
        try:
            if unread and (fault := file.fault()):
                raise BrokenBodyError(file.path, fault)
        finally:
            file.close()
