"""What a request's environ (PEP 3333) says of the fields on which an answer depends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .decisions import RawFields
from .http.fields import OWS, RequestFields
from .http.paths import has_encoded_slash

_KEYS = tuple(f"HTTP_{name.upper()}" for name in RequestFields._fields)


def relevant(environ: Mapping[str, Any]) -> RawFields:
    """The values of these fields, as they are; ``None`` for one that is not there."""
    return tuple(map(environ.get, _KEYS))


def read_fields(raw: RawFields) -> RequestFields:
    """The fields, from what :func:`relevant` returned."""
    values = cast("tuple[str | None, ...]", raw)
    return RequestFields(*(value if value is None else value.strip(OWS) for value in values))


def names_encoded_slash(environ: Mapping[str, Any]) -> bool:
    """Whether the client encoded a slash of the path, where the server says what it sent.

    ``PATH_INFO`` is decoded. Gunicorn has the request target in ``RAW_URI``; uWSGI, mod_wsgi and
    waitress have it in ``REQUEST_URI``.
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return has_encoded_slash(target, environ.get("SCRIPT_NAME", ""))
