"""How ASGI servers represent headers and paths."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, cast

from ..http.fields import OWS, RequestFields
from ..http.paths import below_mounts, with_mount
from ..serving.representation import Headers
from ..serving.response_cache import RawFields

Scope = MutableMapping[str, Any]

#: A header, as ASGI servers take it.
Line = tuple[bytes, bytes]

_FIELDS = {name.replace("_", "-").encode(): name for name in RequestFields._fields}


class ASGIFormat:
    """Header names are in lower case, names and values are bytes."""

    def encode(self, headers: Headers) -> list[Line]:
        """Encode response headers."""
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]

    def read_fields(self, raw: RawFields) -> RequestFields:
        """Decode what :func:`relevant_headers` returned. Repeated headers are joined."""
        lines: dict[str, list[str]] = {}
        names_and_values = iter(cast("tuple[bytes, ...]", raw))
        for name, value in zip(names_and_values, names_and_values, strict=True):
            lines.setdefault(_FIELDS[name], []).append(value.decode("latin-1").strip(OWS))
        return RequestFields(**{field: ", ".join(texts) for field, texts in lines.items()})


ASGI_FORMAT = ASGIFormat()


def relevant_headers(headers: Iterable[Line]) -> tuple[bytes, ...]:
    """The headers on which a response depends: names and values alternate."""
    relevant: list[bytes] = []
    for name, value in headers:
        if name in _FIELDS:
            relevant += name, value
    return tuple(relevant)


def url_of(scope: Scope) -> str:
    """The decoded path below the mount point."""
    mount = scope.get("root_path")
    if not mount:
        return cast("str", scope["path"])
    return below_mounts(scope["path"], mount, scope.get("app_root_path") or "")


def repeatable_headers(scope: Scope) -> Scope:
    """Return ``scope``, or a copy of it, with headers that can be read twice.

    ASGI allows any iterable, and the application may have to read it too. Changes must not leak to
    outer middleware.
    """
    if isinstance(scope["headers"], list | tuple):
        return scope
    return {**scope, "headers": list(map(tuple, scope["headers"]))}


def target_of(scope: Scope) -> tuple[str, str]:
    """The request's whole path, and its query as Latin-1 text."""
    path = scope["path"]
    if mount := scope.get("root_path"):
        path = with_mount(path, mount)
    return path, scope.get("query_string", b"").decode("latin-1")
