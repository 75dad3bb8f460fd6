"""The plan of a response body: which bytes are literal, and which are read from the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..files.open_file import OpenFile
from ..http.ranges import ByteRange

_NOTHING = ByteRange(0, 0)


class BodyPart(NamedTuple):
    """Literal bytes, and the range of the file that follows them. Either may be empty."""

    literal: bytes
    range: ByteRange


class BodyPlan:
    """A body as literal bytes and ranges of one representation. It is never changed."""

    __slots__ = ("_parts", "file_length", "is_multipart", "is_whole_file", "length")

    def __init__(self, parts: Sequence[BodyPart] = (), *, is_whole_file: bool = False) -> None:
        """:param is_whole_file: whether the body is the representation, from start to end."""
        self._parts = parts
        self.is_whole_file = is_whole_file
        #: Whether it has several ranges, with literal bytes between them.
        self.is_multipart = len(parts) > 1
        #: Bytes of the body that are read from the file.
        self.file_length = 0
        #: Bytes of the body.
        self.length = 0
        for literal, (start, stop) in parts:
            self.file_length += stop - start
            self.length += len(literal) + stop - start

    @classmethod
    def of_file(cls, size: int) -> BodyPlan:
        """The plan of a body that is the whole representation, of ``size`` bytes."""
        return cls([BodyPart(b"", ByteRange(0, size))], is_whole_file=True)

    @classmethod
    def of_range(cls, part: ByteRange, size: int) -> BodyPlan:
        """The plan of a body that is one range of a representation of ``size`` bytes."""
        return cls([BodyPart(b"", part)], is_whole_file=part == (0, size))

    @classmethod
    def of_bytes(cls, literal: bytes) -> BodyPlan:
        """The plan of a body that needs no file."""
        return cls([BodyPart(literal, _NOTHING)])

    def __iter__(self) -> Iterator[BodyPart]:
        return iter(self._parts)

    @property
    def literal(self) -> bytes:
        """The body, if it needs no file."""
        return b"".join(part.literal for part in self._parts)

    def slice(self, data: bytes) -> bytes:
        """The body, cut from the content of the representation."""
        if self.is_whole_file:
            return data
        return b"".join(
            part.literal + data[part.range.start : part.range.stop] for part in self._parts
        )

    def read(self, file: OpenFile) -> bytes | None:
        """Read the body from the file; ``None`` if it changed during that. Blocks on the disk.

        :raises FileSystemError: if the system fails.
        """
        body = b"".join(
            [
                literal + file.read_fully(start, stop - start)
                for literal, (start, stop) in self._parts
            ]
        )
        return None if len(body) < self.length or file.change_since_open() else body


EMPTY = BodyPlan()
