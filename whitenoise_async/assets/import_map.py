"""Import maps: which URL a browser loads for the URL that a JavaScript module imports."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .markup import Markup, element

# In a script element, "</script" ends the script, and "<!--" may change how the parser finds the
# end (HTML Standard, "Restrictions for contents of script elements"). Outside JSON strings none of
# these characters occurs. U+2028 and all other characters that are not ASCII are escaped too.
_ESCAPES = str.maketrans({"<": r"\u003C", ">": r"\u003E", "&": r"\u0026"})

# Characters that RFC 3986 permits in a path, and that browsers do not percent-encode there (URL
# Standard, "path percent-encode set"). Many functions encode them all the same.
_LEFT_BY_BROWSERS = re.compile("%(?:21|24|2[6-9A-C]|3[ABD]|40|7E)", re.IGNORECASE)


def import_map_element(
    imports: Mapping[str, str], integrity: Mapping[str, str], nonce: str | None = None
) -> Markup:
    """Return the ``script`` element of an import map. The same map always gives the same element.

    A page has one import map. It must come before the first module script and before the first
    ``modulepreload``: Firefox 153 ignores a later map, and a second one.

    :param imports: the URL to load, for each URL that modules import. Each begins with ``/`` or
        with a scheme: other keys name no file, but bare modules.
    :param integrity: the value of an ``integrity`` attribute, for each URL to load. Browsers that
        do not support this part of the map ignore it.
    :param nonce: the nonce of the page's Content Security Policy, which the element needs because
        it is an inline script.
    :returns: an empty string if both mappings are empty.
    """
    if not imports and not integrity:
        return Markup()
    spelled = {key: url for given, url in imports.items() for key in _spellings(given)}
    content = json.dumps(
        {"imports": spelled, "integrity": dict(integrity)}, separators=(",", ":"), sort_keys=True
    )
    return element("script", content.translate(_ESCAPES), type="importmap", nonce=nonce)


def _spellings(url: str) -> set[str]:
    """The spellings of a URL under which modules may import it.

    Browsers compare URLs as strings, and decode nothing: ``import "./@lit/a.js"`` finds a key with
    ``@``, not one with ``%40``.
    """
    return {url, _LEFT_BY_BROWSERS.sub(lambda found: chr(int(found[0][1:], 16)), url)}
