"""The headers of a current Chrome's request for a script of a page."""

from __future__ import annotations

from collections.abc import Mapping

_CHROME = "156"

HEADERS: Mapping[str, str] = {
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{_CHROME}.0.0.0 Safari/537.36"
    ),
    "sec-ch-ua": (f'"Not:A-Brand";v="8", "Chromium";v="{_CHROME}", "Google Chrome";v="{_CHROME}"'),
    "sec-ch-ua-mobile": "?0",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "script",
    "Referer": "http://127.0.0.1/",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}


def conditions(etag: str, last_modified: str | None) -> dict[str, str]:
    """The headers that a browser adds if it has a response with these validators."""
    headers = {"If-None-Match": etag}
    if last_modified is not None:
        headers["If-Modified-Since"] = last_modified
    return headers
