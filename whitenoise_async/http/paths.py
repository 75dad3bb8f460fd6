"""From a server's idea of a path to the URL path below our mount point, and to a Location."""

from __future__ import annotations

from urllib.parse import quote

# What may stand unescaped in a query (RFC 3986 §3.4), and "%" itself: the client has escaped it.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~[]{}|^\\`\""


def below_mount(path: str, root_path: str) -> str:
    """Take the mount point off an ASGI ``path``.

    The ASGI specification has ``path`` include ``root_path``. Servers add it in front of what the
    client sent (uvicorn), as it was configured: ``/api/`` gives ``/api//a.txt``. Others leave it
    out (hypercorn, daphne), and then there is nothing to take off.
    """
    if path.startswith(root_path):
        below = path[len(root_path) :]
        if below.startswith("/"):
            return below
        if root_path.endswith("/"):
            return f"/{below}"
        if not below:
            return below
    mount = _normalized(root_path)
    if mount and (path == mount or path.startswith(f"{mount}/")):
        return path[len(mount) :]
    return path


def below_mounts(path: str, root_path: str, outer: str) -> str:
    """The same for an application that is mounted in another one, whose mount point is ``outer``.

    Starlette appends its own mount points to ``root_path``. Where the server's ``path`` leaves the
    outer one out, it has only the inner part.
    """
    below = below_mount(path, root_path)
    if below == path and outer and root_path.startswith(outer):
        return below_mount(path, root_path[len(outer) :])
    return below


def with_mount(path: str, root_path: str) -> str:
    """The whole path of a request, whether or not the ASGI ``path`` includes ``root_path``."""
    return _normalized(root_path) + below_mount(path, root_path)


def restore_slash(path_info: str, script_name: str) -> str:
    """Restore the slash at the start of a WSGI ``PATH_INFO`` where ``SCRIPT_NAME`` has taken it.

    Servers cut ``SCRIPT_NAME`` off as it was configured: ``/api/`` leaves ``a.txt`` (gunicorn).
    """
    if script_name.endswith("/") and not path_info.startswith("/"):
        return f"/{path_info}"
    return path_info


def _normalized(root_path: str) -> str:
    stripped = root_path.strip("/")
    return f"/{stripped}" if stripped else ""


def has_encoded_slash(target: str | bytes | None, root_path: str = "") -> bool:
    """Whether the path of a request target has an encoded slash, which is data (RFC 3986 §2.2).

    :param target: as the client sent it, with or without its query; ``None`` where the server does
        not say. ASGI has bytes, and some in-process clients text.
    :param root_path: the mount point that the server may have put in front of it.
    """
    if not target:
        return False
    text = target if isinstance(target, str) else target.decode("latin-1")
    # Most paths have no escapes, and are not looked at closer.
    return "%" in text and "%2f" in text.partition("?")[0].removeprefix(root_path).lower()


def add_slash(path: str) -> str:
    """A relative reference (RFC 3986 §4.2) from ``path`` to the same path with a slash at its end.

    Everything but unreserved characters is escaped: a bare colon would make the name a scheme.
    """
    return quote(path.rpartition("/")[2], safe="", errors="replace") + "/"


def with_query(location: str, query: str) -> str:
    """Append the request's query; what cannot stand in a field value is percent-encoded."""
    if not query:
        return location
    return f"{location}?{quote(query, safe=_QUERY_SAFE, encoding='latin-1', errors='replace')}"
