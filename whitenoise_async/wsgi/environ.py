"""What a request's environ (PEP 3333) says of the fields on which an answer depends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..http.fields import OWS, RequestFields
from ..http.paths import has_encoded_slash
from ..serving.response_cache import RawFields

_KEYS = tuple(f"HTTP_{name.upper()}" for name in RequestFields._fields)


def relevant(environ: Mapping[str, Any]) -> RawFields:
    """The values of these fields, as they are; ``None`` for one that is not there."""
    return tuple(map(environ.get, _KEYS))


def read_fields(raw: RawFields) -> RequestFields:
    """The fields, from what :func:`relevant` returned."""
    values = cast("tuple[str | None, ...]", raw)
    return RequestFields(*(value if value is None else value.strip(OWS) for value in values))


def hides_errors(environ: Mapping[str, Any]) -> bool:
    """Whether the server keeps a connection open after a body that broke off.

    mod_wsgi does. Its daemon process cannot tell Apache that a body is incomplete, and Apache then
    sends the next response where the client expects the rest.
    """
    return "mod_wsgi.version" in environ


#: Ends the connection after a body, so that a client sees where it broke off. PEP 3333 leaves this
#: field to servers, and this one obeys it.
CLOSES = ("Connection", "close")


def names_encoded_slash(environ: Mapping[str, Any]) -> bool:
    """Whether the client encoded a slash of the path, where the server says what it sent.

    ``PATH_INFO`` is decoded. Gunicorn has the request target in ``RAW_URI``; uWSGI, mod_wsgi and
    waitress have it in ``REQUEST_URI``.
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    return has_encoded_slash(target, environ.get("SCRIPT_NAME", ""))
