"""The headers that all representations of a file share: options, and the user's hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..http.fields import OWS, is_field_value, is_token, with_vary
from ..http.media_types import MediaTypes, content_type, is_text
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

if TYPE_CHECKING:
    from wsgiref.headers import Headers as HookHeaders

# Ten years, for a file that never changes under its URL.
_IMMUTABLE = "max-age=315360000, public, immutable"

# The same URL may be a page of the application, or a file, later.
_CACHE_CONTROL = {Fallback: "no-cache", NotFoundPage: "no-store"}

_Headers = list[tuple[str, str]]

_NO_MAX_AGE: FirstMatch[int | None] = FirstMatch(None)


class Hook:
    """A hook of the user's that is called as ``(static_file, url)``."""

    def __init__(self, name: str, call: Callable[[StaticFile, str], object]) -> None:
        """:param name: for errors."""
        self.name = name
        self.call = call


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
        made = [content_type_, *self.shared_by(file)]
        hook = None
        try:
            if isinstance(file, Substitute):
                made = _replaced(made, "Cache-Control", _CACHE_CONTROL[type(file)])
            elif isinstance(file, HashedFile | StoredFile):
                if self._hashed_are_immutable:
                    made = _immutable(made, media_type, file)
            elif self._is_immutable_file is not None:
                hook = self._is_immutable_file.name
                if self._is_immutable_file.call(file, url):
                    made = _immutable(made, media_type, file)
            if self._add_headers is not None:
                hook = "add_headers_function"
                made = _with_added(made, self._add_headers, path, url)
        except Exception as error:
            error_rate_limited(
                f"{hook} raised {type(error).__name__} for {path}; the request fails"
            )
            raise
        if not isinstance(file, Fallback):
            return made
        from ..http.navigation import NAVIGATION_FIELDS  # few applications have a fallback

        return with_vary(made, *NAVIGATION_FIELDS)


def shared_headers(allow_all_origins: bool, nosniff: bool) -> list[tuple[str, str]]:
    """The headers of every file and every redirect, whatever the file is."""
    headers = []
    if allow_all_origins:
        headers.append(("Access-Control-Allow-Origin", "*"))
    if nosniff:
        headers.append(("X-Content-Type-Options", "nosniff"))
    return headers


def _replaced(headers: _Headers, name: str, value: str) -> _Headers:
    """Return new headers, in which one replaces all of the same name."""
    return [*(header for header in headers if header[0] != name), (name, value)]


def _immutable(headers: _Headers, media_type: str, file: StaticFile) -> _Headers:
    """Return the headers of a file that never changes.

    A text file may become a dictionary for the delta to a later release (RFC 9842 §2.1). Browsers
    use only a dictionary that is fresh, as an immutable file always is.
    """
    headers = _replaced(headers, "Cache-Control", _IMMUTABLE)
    parts = _parts_of(file) if is_text(media_type) else None
    if parts is None:
        return headers
    from ..http.dictionaries import use_as_dictionary

    return [*headers, ("Use-As-Dictionary", use_as_dictionary(*parts))]


def _parts_of(file: StaticFile) -> tuple[str, str] | None:
    """The two parts of the file's URL around the hash; ``None`` if no hash was found."""
    if isinstance(file, HashedFile):
        before, _, after = file.url.rpartition(f".{file.hash}")
        return f"{before}.", after
    from ..support.name_hashes import split_any  # only names that a build tool made need it

    return split_any(file.plain_url)


def _with_added(
    headers: _Headers, add_headers: Callable[[HookHeaders, str, str], object], path: str, url: str
) -> _Headers:
    """Return the headers as the hook ``add_headers_function`` has changed them."""
    from wsgiref.headers import Headers as HookHeaders  # few applications have the hook

    changed = HookHeaders(headers)
    add_headers(changed, path, url)
    return [_checked(name, value) for name, value in changed.items()]


def _checked(name: str, value: str) -> tuple[str, str]:
    """Reject a header that no server could send, with an error that names it."""
    from wsgiref.util import is_hop_by_hop

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
