"""Values of the ``Link`` header that let browsers load a file before the page asks for it.

The rules are those of the HTML Standard, "Processing Link headers" and "Link type preload".
"""

from __future__ import annotations

# Media types by prefix, and the destination for ``as=``. Browsers reuse a preloaded response only
# for a request with the same destination (HTML Standard, "consume a preloaded resource"). Each
# destination accepts only these media types ("match preload type").
_DESTINATIONS = {
    "text/javascript": "script",
    "application/javascript": "script",
    "text/css": "style",
    "text/vtt": "track",
    "font/": "font",
    # The other font types (MIME Sniffing Standard §4.6).
    "application/font-": "font",
    "application/vnd.ms-fontobject": "font",
    "application/vnd.ms-opentype": "font",
    "image/": "image",
    # These two are not among HTML's preload destinations, so most browsers ignore such a link. With
    # another destination they would load the file twice, because a media element cannot reuse it.
    "audio/": "audio",
    "video/": "video",
}

# A preload is reused only for a request in the same mode (HTML Standard, "preload key"). Browsers
# request modules and fonts with CORS, also for the same origin, and fetch() does so by default. A
# track has a mode of its own, which no preload has, unless its media element has the attribute
# crossorigin.
_ALWAYS_CORS = ("script", "font", "fetch", "track")

# Subresource Integrity applies to these destinations only.
_CHECKED = ("script", "style")


def link_value(
    url: str,
    media_type: str,
    integrity: str,
    nonce: str | None = None,
    *,
    is_cross_origin: bool,
) -> str:
    """Return one value of a ``Link`` header (RFC 8288 §3).

    Scripts are preloaded for use as modules, but not with ``rel=modulepreload``: Firefox 153
    ignores the import map of a page whose headers contain this relation. Chromium 156 reuses the
    preloaded script for the module. Firefox takes it from its cache, if the file may be cached.

    :param url: the percent-encoded URL of the file.
    :param media_type: its media type. Parameters such as ``charset`` are left out.
    :param integrity: the value of an ``integrity`` attribute for the file. Only values for scripts
        and style sheets contain it: browsers check the integrity of no other file.
    :param nonce: the nonce of the page's Content Security Policy.
    :param is_cross_origin: whether the file has another origin than the page. A page must then load
        its style sheet with the attribute ``crossorigin``.
    """
    essence = media_type.partition(";")[0].strip().lower()
    destination = _destination(essence)
    # A media type contains a slash, so it must be a quoted string (RFC 9110 §5.6.6).
    parameters = ["rel=preload", f"as={destination}", f'type="{essence}"']
    if destination in _CHECKED:
        parameters.append(f'integrity="{integrity}"')
    # Without CORS, the response of another origin is opaque, and its integrity cannot be checked.
    if destination in _ALWAYS_CORS or (is_cross_origin and destination in _CHECKED):
        parameters.append("crossorigin")
    if nonce is not None:
        parameters.append(f'nonce="{nonce}"')
    return "; ".join([f"<{url}>", *parameters])


def _destination(essence: str) -> str:
    """The destination of requests for a media type; ``fetch`` for data that scripts request."""
    return next(
        (name for prefix, name in _DESTINATIONS.items() if essence.startswith(prefix)), "fetch"
    )
