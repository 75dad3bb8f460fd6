"""The representations of a file (RFC 9110 §3.2), and the headers of a 200 that sends one."""

from __future__ import annotations

from collections.abc import Sequence

from ..files.codings import DCZ, dictionary_of
from ..files.state import FileState
from ..http.dates import format_http_date
from ..http.fields import combined_field, with_vary
from ..http.negotiation import IDENTITY

#: Names and values of headers, in the order in which they are sent.
Headers = list[tuple[str, str]]

#: Headers that only the package can know. A value that add_headers_function sets is dropped. One
#: ETag for all codings, or a wrong length, breaks caches and connections. A digest (RFC 9530,
#: RFC 3230) differs for each coding, each range, and each state of the file.
RESERVED_HEADERS = frozenset(
    {
        *("accept-ranges", "content-length", "content-range", "transfer-encoding"),
        *("etag", "last-modified"),
        *("content-digest", "content-md5", "digest", "repr-digest", "unencoded-digest"),
    }
)


# Characters of a coding's token in an ETag: 16 digits of the dictionary tell deltas apart.
_CODING_IN_ETAG = len("dcz-") + 16


class Representation:
    """One representation of a file, and the headers of a 200 response that sends all of it."""

    __slots__ = (
        "coding",
        "dictionary",
        "etag",
        "headers",
        "is_dated",
        "last_modified",
        "path",
        "state",
    )

    def __init__(
        self,
        path: str,
        coding: str,
        state: FileState,
        etag: str,
        last_modified: int | None,
        headers: Sequence[tuple[str, str]],
        is_dated: bool,
        dictionary: str | None = None,
    ) -> None:
        """
        :param coding: its token, which for a delta also has the dictionary.
        :param last_modified: seconds since the epoch.
        :param is_dated: whether its date is meaningful. It is sent once it has come.
        :param dictionary: the SHA-256 of a delta's dictionary, in hexadecimal; ``None`` for every
            other one.
        """
        self.path = path
        self.coding = coding
        self.state = state
        self.etag = etag
        self.last_modified = last_modified
        self.headers = headers
        self.is_dated = is_dated
        self.dictionary = dictionary

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
    dated: Sequence[bool],
    tags: Sequence[str | None],
) -> list[Representation]:
    """Make the representations of one file.

    :param variants: path, content coding and state of each; identity first.
    :param file_headers: the headers that all of them share.
    :param dated: whether each one's date may be used, as :func:`are_dated` says.
    :param tags: the opaque tag of each one's ETag; ``None`` derives it from date and size.
    """
    shared = [header for header in file_headers if header[0].lower() not in RESERVED_HEADERS]
    if len(variants) > 1:
        shared = with_vary(shared, "Accept-Encoding")
        if any(coding.startswith(DCZ) for _, coding, _ in variants):
            from ..http.dictionaries import AVAILABLE_DICTIONARY  # few sites have deltas

            shared = with_vary(shared, AVAILABLE_DICTIONARY)
    return [
        _representation(path, coding, state, tag, shared, is_dated)
        for (path, coding, state), is_dated, tag in zip(variants, dated, tags, strict=True)
    ]


def _representation(
    path: str, coding: str, state: FileState, tag: str | None, shared: Headers, is_dated: bool
) -> Representation:
    etag = _etag(coding, tag, state, is_dated)
    last_modified = state.last_modified() if is_dated else None
    dictionary = None
    headers = list(shared)
    if coding != IDENTITY:
        # The file itself may have a coding, as an .svgz has: RFC 9110 §8.4 lists both.
        dictionary = dictionary_of(coding)
        inner = combined_field(shared, "Content-Encoding")
        headers = _without(shared, "content-encoding")
        token = DCZ if dictionary else coding
        headers.append(("Content-Encoding", f"{inner}, {token}" if inner else token))
    headers += [("Accept-Ranges", "bytes"), ("ETag", etag)]
    if last_modified is not None:
        headers.append(("Last-Modified", format_http_date(last_modified)))
    headers.append(("Content-Length", str(state.size)))
    return Representation(path, coding, state, etag, last_modified, headers, is_dated, dictionary)


def _etag(coding: str, tag: str | None, state: FileState, is_dated: bool) -> str:
    """A strong validator (RFC 9110 §8.8.3), different for each coding."""
    if not tag:
        changed = f"{state.mtime_ns:x}" if is_dated else f"{state.mtime_ns:x}-{state.ctime_ns:x}"
        tag = f"{changed}-{state.size:x}"
    return f'"{tag}"' if coding == IDENTITY else f'"{tag}-{coding[:_CODING_IN_ETAG]}"'


def _without(headers: Sequence[tuple[str, str]], name: str) -> Headers:
    return [header for header in headers if header[0].lower() != name]
