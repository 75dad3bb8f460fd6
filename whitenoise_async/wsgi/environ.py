"""Reads a request's environ (PEP 3333): its path, and the headers on which a response depends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..http.fields import OWS, RequestFields
from ..http.paths import has_encoded_slash, restore_slash
from ..serving.representation import Headers
from ..serving.response_cache import RawFields

_KEYS = tuple(f"HTTP_{name.upper()}" for name in RequestFields._fields)

#: A header that ends the connection after a body, so that the client sees if the body is cut.
#: PEP 3333 reserves it for servers, but mod_wsgi obeys it.
CONNECTION_CLOSE = ("Connection", "close")


class WSGIFormat:
    """Header names and values are native strings, as the package has them."""

    def encode(self, headers: Headers) -> Headers:
        """Return ``headers``."""
        return headers

    def read_fields(self, raw: RawFields) -> RequestFields:
        """Decode what :func:`relevant_headers` returned."""
        values = cast("tuple[str | None, ...]", raw)
        return RequestFields(*[value and value.strip(OWS) for value in values])


WSGI_FORMAT = WSGIFormat()


def relevant_headers(environ: Mapping[str, Any]) -> RawFields:
    """The values of the headers on which a response depends; ``None`` for a missing one."""
    return tuple(map(environ.get, _KEYS))


def decode_path(value: str) -> str | None:
    """Decode a path. PEP 3333 decodes its bytes as Latin-1, but the client meant UTF-8.

    :returns: ``None`` if the bytes are not UTF-8, so that they name no listed file.
    """
    if value.isascii():
        return value
    try:
        return _decode(value, "strict")
    except UnicodeDecodeError:
        return None


def _decode(value: str, errors: str) -> str:
    try:
        encoded = value.encode("latin-1")
    except UnicodeEncodeError:
        # No server does this. In-process transports, such as httpx's, pass text that they decoded.
        return value
    return encoded.decode("utf-8", errors)


def url_of(environ: Mapping[str, Any]) -> str | None:
    """The decoded path below the mount point; ``None`` if it is not UTF-8."""
    path = environ.get("PATH_INFO", "")
    if path[:1] != "/":
        path = restore_slash(path, environ.get("SCRIPT_NAME", ""))
    # Most paths are ASCII, and need no decoding.
    return path if path.isascii() else decode_path(path)


def mount_of(environ: Mapping[str, Any]) -> str:
    """The decoded mount point. Bytes that are not UTF-8 become lone surrogates (PEP 383)."""
    name: str = environ.get("SCRIPT_NAME", "")
    return name if name.isascii() else _decode(name, "surrogateescape")


def target_of(environ: Mapping[str, Any]) -> tuple[str, str]:
    """The request's path, or the mount point if there is none, and its query."""
    path = environ.get("PATH_INFO") or environ.get("SCRIPT_NAME", "").rstrip("/")
    return decode_path(path) or "/", environ.get("QUERY_STRING", "")


def hides_errors(environ: Mapping[str, Any]) -> bool:
    """Whether the server keeps a connection open after a body that was cut.

    mod_wsgi does. Its daemon process cannot tell Apache that a body is incomplete, and Apache then
    sends the next response where the client expects the rest.
    """
    return "mod_wsgi.version" in environ


def has_encoded_slash_in(environ: Mapping[str, Any]) -> bool:
    """Whether the client encoded a slash in the path, if the server passes the original path.

    ``PATH_INFO`` is decoded. Gunicorn has the request target in ``RAW_URI``; uWSGI, mod_wsgi and
    waitress have it in ``REQUEST_URI``.
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    # Most targets have no escapes.
    if not target or "%" not in target:
        return False
    return has_encoded_slash(target, environ.get("SCRIPT_NAME", ""))
