"""Caches encoded responses: browsers send the same few values of the same headers repeatedly.

``respond`` is a pure function of a snapshot and a few request headers, so its result can be reused.
"""

from __future__ import annotations

import threading
from typing import Generic, Protocol, TypeVar

from ..http.fields import RequestFields
from ..http.preconditions import is_strong_date
from .representation import Headers
from .response import Request, Response, not_found_page, respond
from .snapshot import Snapshot

#: A header as an adapter's server takes it.
Line = TypeVar("Line")

#: The request headers that an adapter has read, in its own form.
RawFields = tuple["str | bytes | None", ...]

# Clients control the keys, so the number and size of entries are bounded. A response takes about
# 1 KB, but one with many ranges 8 KB, and is not kept; a browser's headers take about 100 bytes.
MAX_RESPONSES = 2048
MAX_FIELDS_SIZE = 512


class WireFormat(Protocol[Line]):
    """How an adapter's server represents headers."""

    def encode(self, headers: Headers) -> list[Line]:
        """Encode response headers for the server."""

    def read_fields(self, raw: RawFields) -> RequestFields:
        """Decode the request headers that the adapter has read."""


class EncodedResponse(Generic[Line]):
    """A response with encoded headers. Senders must copy the header list, which is shared."""

    __slots__ = ("headers", "plan", "status")

    def __init__(self, response: Response, wire_format: WireFormat[Line]) -> None:
        self.status = response.status
        self.headers = wire_format.encode(response.headers)
        self.plan = response.body


class EncodedFileResponse(EncodedResponse[Line]):
    """A response about a file."""

    __slots__ = ("content", "representation")

    def __init__(
        self, response: Response, wire_format: WireFormat[Line], snapshot: Snapshot
    ) -> None:
        super().__init__(response, wire_format)
        self.representation = response.representation or snapshot.representations[0]
        self.content = snapshot.contents[self.representation.coding]


#: A response depends on the snapshot of the file, the method, and the request's headers.
Key = tuple[Snapshot, str, RawFields]


class ResponseCache(dict[Key, EncodedFileResponse[Line]]):
    """``cache[snapshot, method, raw]`` returns the response, and makes it if necessary.

    Threads may share it.
    """

    def __init__(self, wire_format: WireFormat[Line], *, keep: bool) -> None:
        """:param keep: whether to keep responses at all."""
        super().__init__()
        self._keep = keep
        self._wire_format = wire_format
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self._lock = threading.Lock()

    def __missing__(self, key: Key) -> EncodedFileResponse[Line]:
        """Make the response."""
        snapshot, method, raw = key
        fields = self._wire_format.read_fields(raw)
        # A date that If-Range refuses within its own second is accepted in the next one.
        is_final = fields.if_range is None or all(
            each.last_modified is None or is_strong_date(each.last_modified)
            for each in snapshot.representations
        )
        decide = not_found_page if snapshot.is_not_found_page else respond
        response = decide(snapshot.representations, Request(method, fields))
        encoded = EncodedFileResponse(response, self._wire_format, snapshot)
        size = len(method) + sum(map(len, filter(None, raw)))
        if self._keep and is_final and size <= MAX_FIELDS_SIZE and not response.body.is_multipart:
            with self._lock:
                if len(self) >= MAX_RESPONSES:
                    del self[next(iter(self))]
                self[key] = encoded
        return encoded
