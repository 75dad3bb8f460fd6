"""Which requests are navigations: a browser that opens a page at a URL."""

from __future__ import annotations

from .fields import OWS
from .negotiation import parse_weight

#: The request headers that decide.
NAVIGATION_FIELDS = ("Accept", "Sec-Fetch-Mode")

# As for Accept-Encoding, a value with more members counts as empty. Browsers send eight.
_MAX_MEDIA_RANGES = 100


def is_navigation(accept: str | None, sec_fetch_mode: str | None) -> bool:
    """Whether a request opens a page.

    Browsers say so in ``Sec-Fetch-Mode`` (Fetch Metadata), but only to trustworthy origins: not
    over plain HTTP, except to localhost. Without it, ``Accept`` must name ``text/html``. ``*/*``
    is not enough: scripts, fonts and API clients send it.

    :param accept: the value of the header, ``None`` if it is absent.
    :param sec_fetch_mode: the same.
    """
    if sec_fetch_mode is not None:
        return sec_fetch_mode.strip(OWS) == "navigate"
    return accept is not None and _names_html(accept)


def is_page_path(path: str) -> bool:
    """Whether ``path`` may be the path of a page: its last segment has no extension.

    No segment may begin with a dot: pages do not have such names, and scanners for ``/.git/config``
    would take any 200 for a leak. ``/.well-known/`` belongs to the site's metadata (RFC 8615).
    """
    return "/." not in path and "." not in path.rpartition("/")[2].rstrip(".")


def _names_html(accept: str) -> bool:
    if accept.count(",") >= _MAX_MEDIA_RANGES:
        return False
    return any(map(_is_html, accept.split(",")))


def _is_html(media_range: str) -> bool:
    """Whether a media range (RFC 9110 §12.5.1) is ``text/html`` with a weight above 0."""
    media_type, *parameters = (each.strip(OWS).lower() for each in media_range.split(";"))
    weights = [parse_weight(each) for each in parameters if each.startswith("q=")]
    return media_type == "text/html" and all(weights)
