"""The HTML page that lists the entries of a folder."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from ..support.logs import printable

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h1 { font-size: 1.4rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { padding: .25rem .5rem; text-align: left; white-space: nowrap }
th:first-child, td:first-child { overflow-wrap: anywhere; white-space: normal; width: 100% }
th:nth-child(2), td:nth-child(2) { text-align: right }
td { border-top: 1px solid #8884; font-variant-numeric: tabular-nums }
"""

_DIGEST = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: Headers of the page. The policy keeps a name that was not escaped from running as a script.
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", f"default-src 'none'; style-src 'sha256-{_DIGEST}'"),
    ("X-Content-Type-Options", "nosniff"),
)


class Listed(NamedTuple):
    """A file or folder on the page."""

    name: str
    size: int | None  # bytes; None for a folder
    modified: float  # seconds since the epoch


def render(url: str, entries: Iterable[Listed], *, has_parent: bool) -> str:
    """Return the page for a folder. Its links are relative, so it works below any prefix.

    :param url: the folder's path, decoded.
    :param has_parent: whether to link to the folder above.
    """
    title = f"Index of {escape(printable(url))}"
    rows = "\n".join(_rows(entries, has_parent))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<table>
<thead>
<tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col">Changed (UTC)</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def _rows(entries: Iterable[Listed], has_parent: bool) -> Iterator[str]:
    """Folders come first, then files, each by name."""
    if has_parent:
        yield '<tr><td><a href="../">Parent folder</a></td><td></td><td></td></tr>'
    ordered = sorted(entries, key=lambda each: (each.size is not None, each.name.casefold()))
    for name, size, modified in ordered:
        slash, shown = ("/", "") if size is None else ("", _size(size))
        # Only unreserved characters remain: a colon would turn the name into a scheme.
        link = f'<a href="{quote(name, safe="")}{slash}">{escape(printable(name))}{slash}</a>'
        yield f"<tr><td>{link}</td><td>{shown}</td><td>{_time(modified)}</td></tr>"


def _size(size: int) -> str:
    """A size with one decimal place, in units of 1000 bytes, as file managers show it."""
    if size < 1000:
        return f"{size} B"
    number = size / 1000
    for unit in ("kB", "MB", "GB"):
        if number < 999.95:
            return f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _time(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OSError, OverflowError, ValueError):  # a date that Python cannot represent
        return ""
    text = f"{moment:%Y-%m-%d %H:%M}"
    return f'<time datetime="{text}Z">{text}</time>'
