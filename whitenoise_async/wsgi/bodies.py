"""Response bodies for WSGI servers, read from an open file while they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from ..files.errors import FileSystemError, broken_body
from ..files.open_file import OpenFile
from ..http.ranges import ByteRange
from ..serving.body_plan import BodyPlan

# Bytes per piece, if the server does not send the file itself.
PIECE_SIZE = 256 * 1024


class FileBody:
    """A body by its plan, read as it is sent."""

    def __init__(self, file: OpenFile, plan: BodyPlan) -> None:
        self._file = file
        self._plan = plan
        self._to_close = [file]  # pop() is atomic: if two threads close, one closes the file

    def __iter__(self) -> Iterator[bytes]:
        for literal, part in self._plan:
            if literal:
                yield literal
            reader = _RangeReader(self._file, part)
            yield from iter(lambda: reader.read(PIECE_SIZE), b"")  # noqa: B023

    def close(self) -> None:
        """Close the file, when the response is complete or aborted. Some servers call it twice."""
        with suppress(IndexError):
            self._to_close.pop().close()


class _RangeReader:
    """Reads a range of a file: never more, and an error if there is less."""

    def __init__(self, file: OpenFile, part: ByteRange) -> None:
        self._file = file
        self._offset, self._stop = part

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, the whole rest if negative; no bytes at the end.

        :raises BrokenBodyError: if the file has become too short or unreadable, or was overwritten.
        """
        offset, stop = self._offset, self._stop
        wanted = stop - offset if size < 0 else min(size, stop - offset)
        if not wanted:  # a body that was sent completely must not fail
            return b""
        self._offset = stop  # after an error, every read returns nothing
        try:
            data = self._file.read_fully(offset, wanted)
        except FileSystemError as error:
            raise broken_body(self._file.path, error.reason) from error
        if len(data) < wanted:
            raise broken_body(self._file.path)
        if stop == offset + wanted and (change := self._file.change_since_open()):
            raise broken_body(self._file.path, change)
        self._offset = offset + wanted
        return data


class WholeFile(_RangeReader):
    """The file object for ``wsgi.file_wrapper``, no longer than the file was when it was opened."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__(file, ByteRange(0, file.state.size))
        self._to_close = [file]

    def fileno(self) -> int:
        """The descriptor, for sendfile."""
        return self._file.fileno()

    def tell(self) -> int:
        """The position: mod_wsgi requires it of an object that has a descriptor."""
        return self._offset

    def close(self) -> None:
        """Close the file.

        :raises BrokenBodyError: if a server that used the descriptor may have sent too little, or
            other bytes. Gunicorn's sendfile stops at the end of the file without an error, and
            would continue with the next response on the same connection.
        """
        try:
            file = self._to_close.pop()
        except IndexError:
            return
        # `read` has checked what it returned. The body of a finalized file was dropped.
        is_unread = self._offset == 0 < self._stop and file.is_open
        try:
            if is_unread and (change := file.change_since_open()):
                raise broken_body(file.path, change)
        finally:
            file.close()
