"""The media type of a file, by its name, and the value of ``Content-Type`` for it.

Python's ``mimetypes`` module is not used: it also reads files of the machine, so its results differ
between machines.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

from .media_type_table import BY_EXTENSION

#: The media type of a file with an unknown name (RFC 2046 §4.5.1).
DEFAULT = "application/octet-stream"

#: Media types by file name, in lower case. The extensions of these names do not decide.
BY_NAME: dict[str, str] = {
    # Apple's associated domains: the file contains JSON, and must have no extension.
    "apple-app-site-association": "application/json",
    # Adobe's cross-domain policy: under the meta-policy "by-content-type", Flash Player accepts the
    # file only with this media type.
    "crossdomain.xml": "text/x-cross-domain-policy",
}

# RFC 9110 §5.6.2 (token), §5.6.4 (quoted-string, without obs-text) and §5.6.6 (parameters).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED_STRING = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_PARAMETER = rf"[ \t]*;[ \t]*({_TOKEN})=(?:{_TOKEN}|{_QUOTED_STRING})"
# The re module compiles the patterns at their first use, and keeps them.
_MEDIA_TYPE = rf"{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*"

_LEGACY_JAVASCRIPT = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
    }
)

# Text without the prefix of text: RFC 8259, RFC 7303, and structured syntax suffixes (RFC 6839).
_TEXT_TYPES = frozenset({"application/json", "application/xml"})
_TEXT_SUFFIXES = ("+json", "+xml")


def check_media_type(value: str) -> None:
    """Check that ``value`` is a media type, such as ``text/html; charset=utf-8``.

    It consists of ``type/subtype`` and any number of ``; name=value`` parameters, in ASCII
    (RFC 9110 §8.3.1). The RFC lets recipients accept an empty parameter, as in ``text/plain;``.
    Here it is an error.

    :raises ValueError: if it is not a media type. The message contains it.
    """
    if not re.fullmatch(_MEDIA_TYPE, value):
        raise ValueError(
            f"{value!r} is not a media type: it must be type/subtype, such as 'text/html', with"
            " only well-formed '; name=value' parameters after it (RFC 9110 section 8.3.1)."
        )


def content_type(media_type: str, charset: str | None) -> str:
    """Return the value of ``Content-Type`` for a media type.

    Only media types that define the parameter get a charset: ``text/*``, and the obsolete names of
    JavaScript (RFC 9239 §6). JSON defines none (RFC 8259 §11). An XML file of another type declares
    its own encoding, which the parameter would override (RFC 7303 §3).

    :param media_type: a media type that :func:`check_media_type` accepts. If it has a charset, it
        is returned unchanged.
    :param charset: a token such as ``utf-8``; ``None`` adds no charset.
    """
    if charset is None:
        return media_type
    essence = essence_of(media_type)
    if not essence.startswith("text/") and essence not in _LEGACY_JAVASCRIPT:
        return media_type
    if "charset" in map(str.lower, re.findall(_PARAMETER, media_type)):
        return media_type
    return f'{media_type}; charset="{charset}"'


def is_text(media_type: str) -> bool:
    """Whether files of a media type are text: documents, scripts, style sheets, data."""
    essence = essence_of(media_type)
    return (
        essence.startswith("text/")
        or essence.endswith(_TEXT_SUFFIXES)
        or essence in _TEXT_TYPES
        or essence in _LEGACY_JAVASCRIPT
    )


def essence_of(media_type: str) -> str:
    """The ``type/subtype`` of a media type, in lower case (WHATWG MIME Sniffing §2.2)."""
    return media_type.partition(";")[0].rstrip().lower()


class MediaTypes:
    """Media types by file name, from the user's table and the tables of this package."""

    __slots__ = ("_extra",)

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        """
        :param extra: the user's table of media types. A key is an extension with its dot
            (``".foo"``, ``".tar.gz"``) or a whole file name (``"LICENSE"``, ``".htaccess"``), in
            upper or lower case.
        :raises ValueError: if a value is not a media type.
        """
        self._extra: dict[str, str] = {}
        for key, media_type in (extra or {}).items():
            check_media_type(media_type)
            self._extra[key.lower()] = media_type

    def media_type(self, path: str) -> str:
        """Return the media type of a file.

        The user's table comes first, then those of this package. Each is searched for the whole
        name, then for its extensions, from the longest (``.tar.gz``) to the shortest (``.gz``).
        Names that only begin with a dot, such as ``.htaccess`` and ``.css``, have no extension.
        Case does not matter.

        :param path: a file name, or a path with ``/`` or the platform's separators.
        :returns: :data:`DEFAULT` if no table has the name.
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
