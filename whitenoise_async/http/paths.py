"""From a server's idea of a path to the URL path below our mount point, and to a Location."""

from __future__ import annotations

from urllib.parse import quote

# What may stand unescaped in a query (RFC 3986 §3.4), and "%" itself: the client has escaped it.
_QUERY_SAFE = "%!$&'()*+,;=:@/?-._~[]{}|^\\`\""


def decode_environ_path(value: str) -> str | None:
    """Undo what PEP 3333 does to a path: bytes as Latin-1 text, where the client meant UTF-8.

    :returns: the text, or ``None`` where the bytes are not UTF-8 and so can name no listed file.
    """
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeEncodeError:
        # No server's: in-process transports, httpx's for one, hand over what they have decoded.
        return value
    except UnicodeDecodeError:
        return None


def below_mount(path: str, root_path: str) -> str:
    """Take the mount point off an ASGI ``path``.

    The ASGI specification has ``path`` include ``root_path``; servers and frameworks that are older
    than this rule leave it out, and then there is nothing to take off.
    """
    mount = root_path.rstrip("/")
    if mount and (path == mount or path.startswith(mount + "/")):
        return path[len(mount) :]
    return path


def with_mount(path: str, root_path: str) -> str:
    """The whole path of a request, whether or not the ASGI ``path`` includes ``root_path``."""
    return root_path.rstrip("/") + below_mount(path, root_path)


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
