"""The headers that all representations of a file share: options, and the user's hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from wsgiref.headers import Headers as HookHeaders
from wsgiref.util import is_hop_by_hop

from ..http.dictionaries import use_as_dictionary
from ..http.fields import OWS, is_field_value, is_token, with_vary
from ..http.media_types import MediaTypes, content_type, is_text
from ..http.navigation import NAVIGATION_FIELDS
from ..registry.entries import (
    Fallback,
    HashedFile,
    NotFoundPage,
    StaticFile,
    StoredFile,
    Substitute,
)
from ..support.globs import FirstMatch
from ..support.logs import error_rate_limited
from ..support.name_hashes import split_any

# Ten years, for a file that never changes under its URL.
_IMMUTABLE = "max-age=315360000, public, immutable"

# The same URL may be a page of the application, or a file, later.
_CACHE_CONTROL = {Fallback: "no-cache", NotFoundPage: "no-store"}


_NO_MAX_AGE: FirstMatch[int | None] = FirstMatch(None)


class Hook(NamedTuple):
    """A hook of the user's that is called as ``(static_file, url)``."""

    name: str  # for errors
    call: Callable[[StaticFile, str], object]


class FileHeaders:
    """Makes the headers of files. The hooks run once per file, at its first request."""

    def __init__(
        self,
        media_types: MediaTypes,
        charset: str | None,
        shared: Sequence[tuple[str, str]],
        is_immutable_file: Hook | None,
        add_headers: Callable[[HookHeaders, str, str], object] | None,
        max_age: FirstMatch[int | None] = _NO_MAX_AGE,
        *,
        hashed_are_immutable: bool = True,
    ) -> None:
        """
        :param charset: added to the media types that take one.
        :param shared: headers of every file and every redirect.
        :param add_headers: the hook ``add_headers_function``.
        :param max_age: seconds in ``Cache-Control``; ``None`` sends no such header.
        :param hashed_are_immutable: whether files at hashed URLs, and those of a store, are
            immutable.
        """
        self._media_types = media_types
        self._charset = charset
        self.shared = shared
        self._is_immutable_file = is_immutable_file
        self._add_headers = add_headers
        self._max_age = max_age
        self._hashed_are_immutable = hashed_are_immutable

    def shared_by(self, file: StaticFile) -> Sequence[tuple[str, str]]:
        """The headers that ``file`` and a redirect to it share."""
        ages = self._max_age
        seconds = ages.find(file.path_below_root) if ages.has_patterns else ages.default
        if seconds is None:
            return self.shared
        return [("Cache-Control", f"max-age={seconds}, public"), *self.shared]

    def make(self, file: StaticFile) -> Sequence[tuple[str, str]]:
        """Make the headers of ``file``. Runs the hooks.

        :raises ValueError: if ``add_headers_function`` set a header that cannot be sent.
        """
        path, url = file.path, file.plain_url
        media_type = self._media_types.media_type(path)
        content_type_ = ("Content-Type", content_type(media_type, self._charset))
        headers = HookHeaders([content_type_, *self.shared_by(file)])
        hook = None
        try:
            if isinstance(file, Substitute):
                headers["Cache-Control"] = _CACHE_CONTROL[type(file)]
            elif isinstance(file, HashedFile | StoredFile):
                if self._hashed_are_immutable:
                    _set_immutable(headers, media_type, _parts_of(file))
            elif self._is_immutable_file is not None:
                hook, is_immutable_file = self._is_immutable_file
                if is_immutable_file(file, url):
                    _set_immutable(headers, media_type, split_any(url))
            made = headers.items()
            if self._add_headers is not None:
                hook = "add_headers_function"
                self._add_headers(headers, path, url)
                made = [_checked(name, value) for name, value in headers.items()]
        except Exception as error:
            error_rate_limited(
                f"{hook} raised {type(error).__name__} for {path}; the request fails"
            )
            raise
        return with_vary(made, *NAVIGATION_FIELDS) if isinstance(file, Fallback) else made


def shared_headers(allow_all_origins: bool, nosniff: bool) -> list[tuple[str, str]]:
    """The headers of every file and every redirect, whatever the file is."""
    headers = []
    if allow_all_origins:
        headers.append(("Access-Control-Allow-Origin", "*"))
    if nosniff:
        headers.append(("X-Content-Type-Options", "nosniff"))
    return headers


def _parts_of(file: HashedFile | StoredFile) -> tuple[str, str] | None:
    """The two parts of the file's URL around the hash; ``None`` if no hash was found."""
    if isinstance(file, StoredFile):
        return split_any(file.url)
    before, _, after = file.url.rpartition(f".{file.hash}")
    return f"{before}.", after


def _set_immutable(headers: HookHeaders, media_type: str, url: tuple[str, str] | None) -> None:
    """Set the headers of a file that never changes.

    A text file may become a dictionary for the delta to a later release (RFC 9842 §2.1). Browsers
    use only a dictionary that is fresh, as an immutable file always is.

    :param url: the two parts of its URL around the hash; ``None`` if no hash was found.
    """
    headers["Cache-Control"] = _IMMUTABLE
    if url is not None and is_text(media_type):
        headers["Use-As-Dictionary"] = use_as_dictionary(*url)


def _checked(name: str, value: str) -> tuple[str, str]:
    """Reject a header that no server could send, with an error that names it."""
    value = value.strip(OWS)
    if not is_token(name):
        raise ValueError(f"add_headers_function set a header with an invalid name: {name!r}")
    if not is_field_value(value):
        raise ValueError(
            f"add_headers_function set {name} to {value!r}, which cannot be sent:"
            " a value is Latin-1 text without control characters"
        )
    if is_hop_by_hop(name) and name.lower() != "transfer-encoding":  # which is dropped later
        raise ValueError(
            f"add_headers_function set {name}, which only the server may set:"
            " it belongs to the connection"
        )
    return name, value
