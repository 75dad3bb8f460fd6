"""The media type of a file, by its name, and the ``Content-Type`` field value made from it.

The answers come from tables in this package only: the machine's ``mime.types`` files and Python's
``mimetypes`` module have no say in them.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

from .media_type_table import BY_EXTENSION

DEFAULT = "application/octet-stream"
"""The media type of a file about which nothing is known (RFC 2046 section 4.5.1)."""

BY_NAME: dict[str, str] = {
    # Apple's associated domains: JSON, in a file that must have no extension.
    "apple-app-site-association": "application/json",
    # Adobe's cross-domain policy: under the meta-policy "by-content-type", Flash Player takes the
    # file under this media type only.
    "crossdomain.xml": "text/x-cross-domain-policy",
}
"""Media types by whole file name, in lower case, for names whose extension does not tell."""

# RFC 9110 section 5.6.2 (token), 5.6.4 (quoted-string, without obs-text) and 5.6.6 (parameters).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED_STRING = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_PARAMETER = rf"[ \t]*;[ \t]*({_TOKEN})=(?:{_TOKEN}|{_QUOTED_STRING})"
_PARAMETERS = re.compile(_PARAMETER)
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*")

_LEGACY_JAVASCRIPT = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
    }
)


def check_media_type(value: str) -> None:
    """Check that a string can stand in a ``Content-Type`` field.

    It is to be ``type/subtype``, two tokens, and any number of ``; name=value`` parameters, whose
    values are tokens or quoted strings, all of it ASCII without control characters other than
    a tab (RFC 9110 sections 8.3.1 and 5.6).  An empty parameter (``text/plain;``), which
    the grammar has for what a recipient may meet, is refused.

    :param value: the media type, with its parameters if it has any.
    :raises ValueError: for what is not a media type; the message names it.
    """
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a media type: it must be type/subtype, such as 'text/html', with"
            " only well-formed '; name=value' parameters after it (RFC 9110 section 8.3.1)."
        )


def content_type(media_type: str, charset: str | None) -> str:
    """Return the ``Content-Type`` field value for a media type.

    The charset parameter goes to the media types that define it: every ``text/*``, and the
    obsolete names of JavaScript under ``application/`` (RFC 9239 section 6).  JSON defines none
    (RFC 8259 section 11), and an XML file outside ``text/`` declares its own encoding, which the
    parameter would overrule (RFC 7303 section 3).

    :param media_type: a media type that :func:`check_media_type` takes.
    :param charset: the value of the parameter, a token such as ``utf-8``; ``None`` adds none.
    :returns: the media type, followed by ``; charset="..."`` where that is called for. A media type
        that has a charset parameter already is returned as it is.
    """
    if charset is None:
        return media_type
    essence = media_type.partition(";")[0].rstrip().lower()
    if not essence.startswith("text/") and essence not in _LEGACY_JAVASCRIPT:
        return media_type
    if any(match[1].lower() == "charset" for match in _PARAMETERS.finditer(media_type)):
        return media_type
    return f'{media_type}; charset="{charset}"'


class MediaTypes:
    """Media types by file name: the user's table first, then the tables of this package.

    :param extra: the user's table, or ``None``. A key is an extension with its dot (``".foo"``,
        ``".tar.gz"``) or a whole file name (``"LICENSE"``, ``".htaccess"``), in any case; a value
        is a media type, with its parameters if it has any.
    :raises ValueError: for a value that is not a media type.
    """

    __slots__ = ("_extra",)

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        self._extra: dict[str, str] = {}
        for key, media_type in (extra or {}).items():
            check_media_type(media_type)
            self._extra[key.lower()] = media_type

    def media_type(self, path: str) -> str:
        """Return the media type of a file.

        Only the last component of the path counts, without regard to case.  It is looked up in
        the user's table, then in those of this package; in each, the whole name comes first, then
        its extensions from the longest (``.tar.gz``) to the shortest (``.gz``).  Leading dots
        belong to the stem: ``.htaccess`` and ``.css`` have no extension.

        :param path: a file name, or a path with ``/`` or the platform's separators.
        :returns: the media type as the table has it, or :data:`DEFAULT`.
        """
        name = os.path.basename(path).lower()
        stem = name.lstrip(".")
        extensions = [stem[index:] for index, character in enumerate(stem) if character == "."]
        for key in (name, *extensions):
            if key in self._extra:
                return self._extra[key]
        if name in BY_NAME:
            return BY_NAME[name]
        for extension in extensions:
            if extension in BY_EXTENSION:
                return BY_EXTENSION[extension]
        return DEFAULT
