"""The representations of a file (RFC 9110 §3.2), and the headers of a 200 that sends one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from ..files.state import FileState
from ..http.dates import format_http_date
from ..http.fields import combined_field, vary_with
from ..http.negotiation import IDENTITY

#: Names and values of headers, in the order in which they are sent.
Headers = list[tuple[str, str]]

# Headers that only the package can know. A value that add_headers_function sets is dropped. One
# ETag for all codings, or a wrong length, breaks caches and connections. A digest (RFC 9530,
# RFC 3230) differs for each coding, each range, and each state of the file.
_RESERVED = frozenset(
    {
        *("accept-ranges", "content-length", "content-range", "transfer-encoding"),
        *("etag", "last-modified"),
        *("content-digest", "content-md5", "digest", "repr-digest", "unencoded-digest"),
    }
)


class Representation(NamedTuple):
    """One representation of a file, and the headers of a 200 response that sends all of it."""

    path: str
    coding: str
    state: FileState
    etag: str
    last_modified: int | None  # seconds since the epoch
    headers: Sequence[tuple[str, str]]
    #: Whether its date is meaningful. It is sent once it has come.
    is_dated: bool

    @property
    def size(self) -> int:
        """Length in bytes, as sent."""
        return self.state.size


def are_dated(states: Sequence[FileState]) -> list[bool]:
    """Whether each of a file's representations, identity first, has a meaningful date.

    If the file's own date is constant, its variants may have dates that depend on it.
    """
    identity, *variants = states
    if identity.has_constant_date():
        return [False] * len(states)
    return [True, *[not state.has_constant_date() for state in variants]]


def make_representations(
    variants: Sequence[tuple[str, str, FileState]],
    file_headers: Sequence[tuple[str, str]],
    tags: Sequence[str | None] = (),
    *,
    use_dates: bool = True,
) -> tuple[Representation, ...]:
    """Make the representations of one file.

    :param variants: path, content coding and state of each; identity first.
    :param file_headers: the headers that all of them share.
    :param tags: the opaque tag of each one's ETag. ``None`` derives it from date and size, and an
        empty sequence does so for all.
    :param use_dates: whether to use dates at all.
    """
    shared = [header for header in file_headers if header[0].lower() not in _RESERVED]
    if len(variants) > 1:
        vary = vary_with(combined_field(shared, "Vary"), "Accept-Encoding")
        shared = [*_without(shared, "vary"), ("Vary", vary)]
    dated = are_dated([state for _, _, state in variants])
    return tuple(
        _representation(path, coding, state, tag, shared, use_dates and is_dated)
        for (path, coding, state), is_dated, tag in zip_longest(variants, dated, tags)
    )


def _representation(
    path: str, coding: str, state: FileState, tag: str | None, shared: Headers, is_dated: bool
) -> Representation:
    etag = _etag(coding, tag or _default_tag(state, is_dated))
    last_modified = state.modified if is_dated and state.is_past() else None
    headers = list(shared)
    if coding != IDENTITY:
        # The file itself may have a coding, as an .svgz has: RFC 9110 §8.4 lists both.
        inner = combined_field(shared, "Content-Encoding")
        headers = _without(shared, "content-encoding")
        headers.append(("Content-Encoding", f"{inner}, {coding}" if inner else coding))
    headers += [("Accept-Ranges", "bytes"), ("ETag", etag)]
    if last_modified is not None:
        headers.append(("Last-Modified", format_http_date(last_modified)))
    headers.append(("Content-Length", str(state.size)))
    return Representation(path, coding, state, etag, last_modified, headers, is_dated)


def _default_tag(state: FileState, is_dated: bool) -> str:
    changed = f"{state.mtime_ns:x}" if is_dated else f"{state.mtime_ns:x}-{state.ctime_ns:x}"
    return f"{changed}-{state.size:x}"


def _etag(coding: str, tag: str) -> str:
    """A strong validator (RFC 9110 §8.8.3), different for each coding."""
    return f'"{tag}"' if coding == IDENTITY else f'"{tag}-{coding}"'


def _without(headers: Sequence[tuple[str, str]], name: str) -> Headers:
    return [header for header in headers if header[0].lower() != name]
