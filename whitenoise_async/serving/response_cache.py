"""What was decided once is not decided again: a memo of ``respond``, in the form an adapter sends.

``respond`` is a pure function of what is known of a file and of a few request fields, and browsers
send the same few values of them again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ..http.fields import RequestFields
from ..http.preconditions import is_strong_date
from ..http.ranges import ByteRange
from .representation import Headers
from .response import Request, Response, respond
from .snapshot import Known

#: A header field line as an adapter's server takes it.
Line = TypeVar("Line")

#: What an adapter has read of a request, in its own form.
RawFields = tuple["str | bytes | None", ...]

# Clients command what is in the memo, so there is a bound to their number and to each. A decision
# takes about 1 KB, but one of many ranges eight, which is made each time; a browser's fields are
# about 100 bytes.
_MAX_DECISIONS = 2048
_MAX_FIELDS_SIZE = 512


class Decision(Generic[Line]):
    """A response, with its headers encoded. They are shared: who sends them copies the list."""

    __slots__ = ("headers", "length", "plan", "status", "whole")

    def __init__(self, response: Response, encode: Callable[[Headers], list[Line]]) -> None:
        chosen = response.representation
        self.status = response.status
        self.headers = encode(response.headers)
        self.plan: Sequence[bytes | ByteRange] = response.body
        self.length = response.length  # bytes
        #: The body is the representation from its first byte to its last.
        self.whole = chosen is not None and response.body == (ByteRange(0, chosen.size),)


class FileDecision(Decision[Line]):
    """A decision about a file."""

    __slots__ = ("content", "representation")

    def __init__(
        self, response: Response, encode: Callable[[Headers], list[Line]], known: Known
    ) -> None:
        super().__init__(response, encode)
        self.representation = response.representation or known.representations[0]
        self.content = known.contents[self.representation.coding]

    def cut(self, data: bytes) -> bytes:
        """The body, ``data`` being the whole representation."""
        if self.whole:
            return data
        return b"".join(
            part if isinstance(part, bytes) else data[part.start : part.stop] for part in self.plan
        )


#: What a decision depends on: what is known of the file, the method, and the request's fields.
Key = tuple[Known, str, RawFields]


class Decisions(dict[Key, FileDecision[Line]]):
    """The memo: ``decisions[known, method, fields]`` decides what was not decided before.

    Threads may share it.
    """

    def __init__(
        self,
        encode: Callable[[Headers], list[Line]],
        read_fields: Callable[[RawFields], RequestFields],
        keeps: bool,
    ) -> None:
        """
        :param encode: makes header lines of the adapter's form.
        :param read_fields: reads the adapter's form of a request's fields.
        :param keeps: whether anybody will ask for the same again.
        """
        super().__init__()
        self._keeps = keeps
        self._encode = encode
        self._read_fields = read_fields
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Take a new lock, in a process that was just forked from one in which threads decided."""
        self._adding = threading.Lock()

    def __missing__(self, key: Key) -> FileDecision[Line]:
        """Decide."""
        known, method, raw = key
        fields = self._read_fields(raw)
        # A date that is refused in its own second counts in the next one.
        is_lasting = fields.if_range is None or all(
            each.last_modified is None or is_strong_date(each.last_modified)
            for each in known.representations
        )
        response = respond(known.representations, Request(method, fields))
        decision = FileDecision(response, self._encode, known)
        small = len(method) + sum(len(each) for each in raw if each) <= _MAX_FIELDS_SIZE
        if self._keeps and is_lasting and small and len(response.body) <= 1:
            with self._adding:
                if len(self) >= _MAX_DECISIONS:
                    del self[next(iter(self))]
                self[key] = decision
        return decision
