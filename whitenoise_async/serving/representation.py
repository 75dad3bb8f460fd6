"""A representation (RFC 9110 §3.2): one of a file's forms, with the metadata that goes with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from ..http.dates import format_http_date
from ..http.fields import combined_field, vary_with
from ..http.negotiation import IDENTITY

#: Field lines in the order in which they are sent.
Headers = list[tuple[str, str]]

# What only we can know. A value that add_headers_function sets for one of these is dropped: one
# ETag for all codings, or a length that is not the body's, breaks caches and connections. A digest
# (RFC 9530, RFC 3230) differs for each coding, each range, and each state of the file.
_OURS = frozenset(
    {
        *("accept-ranges", "content-length", "content-range", "transfer-encoding"),
        *("etag", "last-modified"),
        *("content-digest", "content-md5", "digest", "repr-digest", "unencoded-digest"),
    }
)


# Seconds since the epoch: 1980-01-02. Packagers and build tools give every file one date, so that
# the same sources make the same package: 0 (Nix, OSTree), 1 (Guix), 1980-01-01 (ZIP's earliest).
_LAST_CONSTANT_DATE = 315_619_200


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

    @property
    def modified(self) -> int:
        """Seconds since the epoch."""
        return self.mtime_ns // 1_000_000_000

    def has_constant_date(self) -> bool:
        """Whether the date is one that does not change when the content does."""
        return self.modified <= _LAST_CONSTANT_DATE

    def is_past(self) -> bool:
        """Whether the date has come: RFC 9110 §8.8.2.1 forbids to send one in the future."""
        return self.modified <= time.time()


def are_dated(states: Sequence[FileState]) -> list[bool]:
    """Whether each of a file's representations, identity first, has a date that says something.

    Where the file's own date is constant, so may be what the dates of its variants depend on.
    """
    return [not (states[0].has_constant_date() or state.has_constant_date()) for state in states]


class Representation(NamedTuple):
    """One form of a file, and the header fields of a 200 answer that sends all of it."""

    path: str
    coding: str
    state: FileState
    etag: str
    last_modified: int | None  # seconds since the epoch
    headers: Sequence[tuple[str, str]]
    #: Its date says something, and is sent once it has come.
    is_dated: bool = True

    @property
    def size(self) -> int:
        """Length in bytes, as sent."""
        return self.state.size


def represent(
    forms: Sequence[tuple[str, str, FileState]],
    described: Sequence[tuple[str, str]],
    tags: Sequence[str | None] = (),
    *,
    dated: bool = True,
) -> tuple[Representation, ...]:
    """Make the representations of one file.

    :param forms: path, content coding and state of each; identity first.
    :param described: the fields that are the same for all of them.
    :param tags: for each form what its ETag is made of; ``None`` for its date and size, and none at
        all for that of every form.
    :param dated: whether dates count at all.
    """
    shared = [field for field in described if field[0].lower() not in _OURS]
    if len(forms) > 1:
        vary = vary_with(combined_field(shared, "Vary"), "Accept-Encoding")
        shared = [*_without(shared, "vary"), ("Vary", vary)]
    are = [dated and each for each in are_dated([state for _, _, state in forms])]
    return tuple(
        _representation(path, coding, state, tag or _tag(state, is_dated), shared, is_dated)
        for (path, coding, state), is_dated, tag in zip_longest(forms, are, tags)
    )


def _representation(
    path: str, coding: str, state: FileState, tag: str, shared: Headers, is_dated: bool
) -> Representation:
    etag = _etag(coding, tag)
    last_modified = state.modified if is_dated and state.is_past() else None
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
    return Representation(path, coding, state, etag, last_modified, headers, is_dated)


def _tag(state: FileState, is_dated: bool) -> str:
    changed = f"{state.mtime_ns:x}" if is_dated else f"{state.mtime_ns:x}-{state.ctime_ns:x}"
    return f"{changed}-{state.size:x}"


def _etag(coding: str, tag: str) -> str:
    """A strong validator (RFC 9110 §8.8.3), which codings of one date and size do not share."""
    return f'"{tag}"' if coding == IDENTITY else f'"{tag}-{coding}"'


def _without(headers: Sequence[tuple[str, str]], name: str) -> Headers:
    return [field for field in headers if field[0].lower() != name]
