"""URL paths: decode a path, remove the mount point, and build a ``Location``."""

from __future__ import annotations

# A query may contain these characters unescaped: those of RFC 3986 §3.4, those that browsers leave
# as they are, and "%", since the client has escaped the query already.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~[]{}|^\\`\""


def below_mount(path: str, root_path: str) -> str:
    """Remove the mount point from an ASGI ``path``, if it is there.

    The ASGI specification includes ``root_path`` in ``path``. Some servers (uvicorn) concatenate
    both as configured, so ``/api/`` gives ``/api//a.txt``. Others (hypercorn, daphne) leave
    ``root_path`` out.

    :param root_path: the mount point, with or without slashes at its ends.
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
    if path == mount or path.startswith(f"{mount}/"):
        return path[len(mount) :]
    return path


def below_mounts(path: str, root_path: str, outer: str) -> str:
    """Remove the mount point of an application that is mounted inside another one.

    Starlette appends its own mount points to the server's ``root_path``. If the server leaves
    ``root_path`` out of ``path``, only the part that Starlette appended is there.

    :param root_path: the whole mount point.
    :param outer: the mount point of the outer application.
    """
    below = below_mount(path, root_path)
    if below == path and root_path.startswith(outer):
        return below_mount(path, root_path[len(outer) :])
    return below


def with_mount(path: str, root_path: str) -> str:
    """Return the whole path of a request, whether or not ``path`` includes ``root_path``."""
    return _normalized(root_path) + below_mount(path, root_path)


def restore_slash(path_info: str, script_name: str) -> str:
    """Restore the leading slash of a WSGI ``PATH_INFO`` if it was removed with ``SCRIPT_NAME``.

    Some servers (gunicorn) remove ``SCRIPT_NAME`` as configured, so ``/api/`` leaves ``a.txt``.
    """
    if script_name.endswith("/") and not path_info.startswith("/"):
        return f"/{path_info}"
    return path_info


def _normalized(root_path: str) -> str:
    stripped = root_path.strip("/")
    return f"/{stripped}" if stripped else ""


# A number, which Python finds in bytes ten times as fast as it finds bytes.
_PERCENT = ord("%")


def has_encoded_slash(target: str | bytes | None, root_path: str = "") -> bool:
    """Whether the path of a request target contains ``%2F``, which is data (RFC 3986 §2.2).

    :param target: the target as the client sent it, with or without its query; ``None`` if the
        server does not expose it. ASGI servers pass bytes, and some in-process clients pass text.
    :param root_path: a mount point that the server may have put in front; it is not searched.
    """
    if not target:
        return False
    # Most paths have no escapes, so this test is enough for them.
    if not ("%" in target if isinstance(target, str) else _PERCENT in target):
        return False
    text = target if isinstance(target, str) else target.decode("latin-1")
    return "%2f" in text.partition("?")[0].removeprefix(root_path).lower()


def add_slash(path: str) -> str:
    """Return the relative reference (RFC 3986 §4.2) that leads from ``path`` to ``path/``.

    Only unreserved characters of the name remain: a colon would turn it into a scheme.
    """
    from urllib.parse import quote  # only redirects need it

    return quote(path.rpartition("/")[2], errors="replace") + "/"


def with_query(location: str, query: str) -> str:
    """Append a query, and percent-encode the characters that a URI or a header cannot contain."""
    if not query:
        return location
    from urllib.parse import quote

    return f"{location}?{quote(query, safe=_QUERY_SAFE, encoding='latin-1', errors='replace')}"
