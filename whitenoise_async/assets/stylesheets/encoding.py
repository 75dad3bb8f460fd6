"""Decodes style sheets as browsers do, so that encoding them again gives the same bytes."""

from __future__ import annotations

import codecs

from .errors import StyleSheetError

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
}
_UTF_16 = {"utf-16-be", "utf-16-le"}

# Python has no codec for these, and they are not in use.
_WITHOUT_CODEC = {"replacement", "x-user-defined"}

# The bytes that declare an encoding, and where their end is searched for (CSS Syntax §3.2).
_DECLARATION = b'@charset "'
_DECLARATION_END = b'";'
_DECLARATION_MAX = 1024  # bytes


def decode(content: bytes, charset: str | None = None) -> tuple[str, str]:
    """Decode a style sheet by the rules of CSS Syntax §3.2.

    A byte order mark decides, else ``charset``, else an ``@charset`` at the start, else it is
    UTF-8. A byte order mark stays in the text. Invalid bytes become lone surrogates (PEP 383).

    :param charset: the ``charset`` of the response's ``Content-Type``, if it has one.
    :return: the text, and the name of its encoding in Python, for :func:`encode`.
    :raises StyleSheetError: if the text, encoded again, would not give the same bytes.
    """
    encoding = _encoding_of(content, charset)
    try:
        text = content.decode(encoding, "surrogateescape")
        is_reversible = encode(text, encoding) == content
    except UnicodeError as error:
        raise StyleSheetError(f"it is not valid {encoding}: {error}") from error
    if not is_reversible:
        raise StyleSheetError(f"it has more than one {encoding} form, and would change")
    return text, encoding


def encode(text: str, encoding: str) -> bytes:
    """Encode the text of a style sheet.

    :param encoding: as :func:`decode` returned it.
    """
    return text.encode(encoding, "surrogateescape")


def _encoding_of(content: bytes, charset: str | None) -> str:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return encoding
    return _codec(charset or "") or _declared(content) or "utf-8"


def _declared(content: bytes) -> str | None:
    """The encoding that an ``@charset`` declares in the one form that counts."""
    if not content.startswith(_DECLARATION):
        return None
    label, end, _ = content[len(_DECLARATION) : _DECLARATION_MAX].partition(_DECLARATION_END)
    encoding = _codec(label.decode("latin-1")) if end else None
    # A declaration that can be read byte by byte is not in UTF-16 (CSS Syntax §3.2).
    return "utf-8" if encoding in _UTF_16 else encoding


def _codec(label: str) -> str | None:
    """Python's name of the encoding that browsers know by a label, such as "latin1"."""
    import webencodings

    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in _WITHOUT_CODEC:
        return None
    name: str = encoding.codec_info.name
    return name
