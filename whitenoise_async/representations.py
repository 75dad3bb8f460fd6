"""A representation (RFC 9110 §3.2): one of a file's forms, with the metadata that goes with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from .http.dates import format_http_date
from .http.fields import combined_field, vary_with
from .http.negotiation import IDENTITY

#: Field lines in the order in which they are sent.
Headers = list[tuple[str, str]]

# What only we can know. A value that add_headers_function sets for one of these is dropped: one
# ETag for all codings, or a length that is not the body's, breaks caches and connections.
_OURS = frozenset(
    {
        "accept-ranges",
        "content-length",
        "content-range",
        "etag",
        "last-modified",
        "transfer-encoding",
    }
)


class FileState(NamedTuple):
    """The state of a file at one moment, from its descriptor or its path.

    States are equal only if they are of the same file, and it was not changed in between.
    """

    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch
    #: Nanoseconds since the epoch, of the last change to anything but the file's place among
    #: folders: what is written, renamed, replaced, removed, or given other rights has another.
    ctime_ns: int = 0
    #: A path may lead to another file of the same length and dates: images of file systems often
    #: give all their files one date. Both are 0 where a system has no such numbers.
    device: int = 0
    inode: int = 0

    def is_past(self) -> bool:
        """Whether the file was written at a time that can be said.

        RFC 9110 §8.8.2.1 forbids a date in the future; one before the epoch is a broken clock's.
        """
        return 0 <= self.mtime_ns // 1_000_000_000 <= time.time()


class Representation(NamedTuple):
    """One form of a file, and the header fields of a 200 answer that sends all of it."""

    path: str
    coding: str
    state: FileState
    etag: str
    last_modified: int | None  # seconds since the epoch
    headers: Sequence[tuple[str, str]]

    @property
    def size(self) -> int:
        """Length in bytes, as sent."""
        return self.state.size


def represent(
    forms: Sequence[tuple[str, str, FileState]],
    described: Sequence[tuple[str, str]],
    tags: Sequence[str | None] = (),
) -> tuple[Representation, ...]:
    """Make the representations of one file.

    :param forms: path, content coding and state of each; identity first.
    :param described: the fields that are the same for all of them.
    :param tags: for each form what its ETag is made of; ``None`` for its date and size, and none at
        all for that of every form.
    """
    shared = [field for field in described if field[0].lower() not in _OURS]
    if len(forms) > 1:
        vary = vary_with(combined_field(shared, "Vary"), "Accept-Encoding")
        shared = [*_without(shared, "vary"), ("Vary", vary)]
    return tuple(
        _representation(path, coding, state, tag or _tag(state), shared)
        for (path, coding, state), tag in zip_longest(forms, tags)
    )


def _representation(
    path: str, coding: str, state: FileState, tag: str, shared: Headers
) -> Representation:
    etag = _etag(coding, tag)
    last_modified = state.mtime_ns // 1_000_000_000 if state.is_past() else None
    headers = list(shared)
    if coding != IDENTITY:
        # The file itself may be coded already, as an .svgz is: RFC 9110 §8.4 lists both.
        inner = combined_field(shared, "Content-Encoding")
        headers = _without(shared, "content-encoding")
        headers.append(("Content-Encoding", f"{inner}, {coding}" if inner else coding))
    headers += [("Accept-Ranges", "bytes"), ("ETag", etag)]
    if last_modified is not None:
        headers.append(("Last-Modified", format_http_date(last_modified)))
    headers.append(("Content-Length", str(state.size)))
    return Representation(path, coding, state, etag, last_modified, headers)


def _tag(state: FileState) -> str:
    return f"{state.mtime_ns:x}-{state.size:x}"


def _etag(coding: str, tag: str) -> str:
    """A strong validator (RFC 9110 §8.8.3), which codings of one date and size do not share."""
    return f'"{tag}"' if coding == IDENTITY else f'"{tag}-{coding}"'


def _without(headers: Sequence[tuple[str, str]], name: str) -> Headers:
    return [field for field in headers if field[0].lower() != name]
