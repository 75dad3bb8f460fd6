"""Compression Dictionary Transport (RFC 9842): a client holds a file that a delta was made from."""

from __future__ import annotations

import re

from .negotiation import parse_accept_encoding

#: The request header that names a client's dictionary.
AVAILABLE_DICTIONARY = "Available-Dictionary"

#: The coding of deltas (RFC 9842 §5): zstd with a dictionary.
DCZ = "dcz"

# A Byte Sequence with optional parameters (RFC 8941 §3.3.5 and §3.1.2).
_PARAMETER = r";[ ]*[a-z*][a-z0-9_.*-]*(?:=(?:\"(?:[ !#-[\]-~]|\\[\"\\])*\"|[^\s;,\"]+))?"
# The re module compiles the patterns at their first use, and keeps them.
_BYTE_SEQUENCE = rf"[ ]*:([A-Za-z0-9+/]*=*):(?:{_PARAMETER})*[ ]*"

_SHA256_SIZE = 32  # bytes

# Characters that some programs encode in a URL path and others do not. Several of them are also
# special in a URL pattern.
_AMBIGUOUS = r"[!$&'()*+,:;=@[\]|^`~]"
_STARS = r"\*+"


def parse_available_dictionary(value: str) -> str | None:
    """Parse an ``Available-Dictionary`` value (RFC 9842 §2.2).

    :returns: the SHA-256 of the client's dictionary, in hexadecimal; ``None`` for a malformed
        value, which RFC 8941 §4.2 asks to ignore.
    """
    # Only clients that hold a dictionary send the header.
    from base64 import b64decode
    from binascii import Error as Base64Error

    found = re.fullmatch(_BYTE_SEQUENCE, value)
    if found is None:
        return None
    try:
        # RFC 8941 §4.2.7 allows to omit the padding. More of it than is needed is ignored.
        digest = b64decode(found[1] + "==")
    except Base64Error:
        return None
    return digest.hex() if len(digest) == _SHA256_SIZE else None


def usable_dictionary(accept_encoding: str | None, available: str) -> str | None:
    """The dictionary against which a client can decode a delta.

    ``Accept-Encoding`` must name ``dcz`` with a weight above 0. ``*`` does not count: a client
    that does not know the coding may send it.

    :returns: the dictionary's SHA-256, in hexadecimal; ``None`` if the client takes no delta.
    """
    if accept_encoding is None or not parse_accept_encoding(accept_encoding).get(DCZ):
        return None
    return parse_available_dictionary(available)


def use_as_dictionary(before: str, after: str) -> str:
    """The value of ``Use-As-Dictionary`` (RFC 9842 §2.1) for a file with a hash in its name.

    Browsers keep one dictionary for each ``match``, compared as text. So the pattern contains all
    folders below the mount point. It begins with steps up to that point, so it is right below every
    mount point.

    The pattern has no groups. It has ``*`` in place of the hash, and of each character that may be
    encoded or not in the URL that the browser requests.

    :param before: the URL path before the hash, decoded, below the mount point.
    :param after: the URL path after the hash.
    """
    up = "../" * (before.count("/") - 1)
    pattern = f"{_pattern(before[1:])}*{_pattern(after)}"
    # A second "*" would be a modifier of the first one.
    return f'match="{up}{re.sub(_STARS, "*", pattern)}"'


def _pattern(text: str) -> str:
    """A URL pattern for a part of a path: ASCII, percent-encoded as browsers send it."""
    from urllib.parse import quote  # only variants that are deltas need it

    return "*".join(quote(part) for part in re.split(_AMBIGUOUS, text))
