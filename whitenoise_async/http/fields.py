"""The request headers that decide a response, and the syntax of header names and values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

#: Optional white space (RFC 9110 §5.6.3). ``str.strip()`` alone would also remove U+00A0.
OWS = " \t"

# RFC 9110 §5.6.2 and §5.5. A CR, LF or NUL would let a value start another header.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])")


class RequestFields(NamedTuple):
    """The values of the request headers that decide a response; ``None`` for an absent header.

    If a client sends a header several times, its values are joined by commas (RFC 9110 §5.3).
    """

    accept_encoding: str | None = None
    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_range: str | None = None
    range: str | None = None
    available_dictionary: str | None = None


_OPAQUE_TAG = re.compile("[!#-~]+")


def is_opaque_tag(text: str) -> bool:
    """Whether ``text`` may stand between the quotes of an entity-tag (RFC 9110 §8.8.3).

    The RFC also allows bytes above ASCII, which have no use in a tag and are refused here.
    """
    return _OPAQUE_TAG.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether ``text`` is a token (RFC 9110 §5.6.2), such as the name of a header or parameter."""
    return _TOKEN.fullmatch(text) is not None


def is_field_value(text: str) -> bool:
    """Whether ``text`` is a valid header value (RFC 9110 §5.5).

    A valid value is Latin-1 text without control characters and without surrounding white space.
    """
    return _FIELD_VALUE.fullmatch(text) is not None


def vary_with(vary: str | None, name: str) -> str:
    """Return the ``Vary`` value (RFC 9110 §12.5.5) ``vary`` with the header ``name`` added."""
    if vary is None or not vary.strip(OWS):
        return name
    listed = {member.strip(OWS).lower() for member in vary.split(",")}
    return vary if listed & {name.lower(), "*"} else f"{vary}, {name}"


def with_vary(headers: Iterable[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    """Return a new list of ``headers``, with a ``Vary`` that names ``names`` as well."""
    headers = list(headers)
    vary = combined_field(headers, "Vary")
    for name in names:
        vary = vary_with(vary, name)
    others = [header for header in headers if header[0].lower() != "vary"]
    return others if vary is None else [*others, ("Vary", vary)]


def combined_field(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the value of the header ``name``, or ``None`` if it is absent or empty.

    Names are compared without case. The values of repeated headers are joined by commas
    (RFC 9110 §5.3).
    """
    wanted = name.lower()
    return ", ".join(value for field, value in headers if field.lower() == wanted) or None
