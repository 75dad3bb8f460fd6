"""Tells which URLs of a style sheet may lead to a file of the site."""

from __future__ import annotations

import re
from urllib.parse import unquote

# The URL standard removes these: https://url.spec.whatwg.org/#concept-basic-url-parser
_AT_ENDS = "".join(map(chr, range(0x21)))
_ANYWHERE = str.maketrans("", "", "\t\n\r")

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")

# The rest begins with the query or the fragment.
_PATH_AND_REST = re.compile("([^?#]*)(.*)")


def split_url(url: str) -> tuple[str, str] | None:
    """Split a relative URL that may lead to a file into its path and the rest.

    :param url: a URL as browsers read it from a style sheet, without CSS escapes.
    :return: the path, percent-decoded, and the query and fragment as they are:
        ``"../a%20b.png?v=1#x"`` gives ``("../a b.png", "?v=1#x")``. ``None`` for a URL that has a
        scheme or a host, is absolute, has no path, or leads to a folder. ``None`` also if the path
        is not UTF-8, or has a backslash, which browsers read as a slash, or an encoded slash,
        which is no slash (RFC 3986 §2.2).
    """
    url = url.strip(_AT_ENDS).translate(_ANYWHERE)
    if url.startswith("/") or _SCHEME.match(url):
        return None
    path, rest = _PATH_AND_REST.fullmatch(url).groups()  # type: ignore[union-attr]  # always matches
    if "\\" in path or "%2f" in path.lower():
        return None
    try:
        path = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    leads_to_folder = path.rpartition("/")[2] in ("", ".", "..")
    return None if leads_to_folder else (path, rest)
