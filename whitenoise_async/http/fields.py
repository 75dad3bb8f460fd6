"""The fields this package reads from a request, and the syntax of those it writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

#: Optional white space, RFC 9110 §5.6.3. ``str.strip()`` alone would also take U+00A0 and its kind.
OWS = " \t"

# RFC 9110 §5.6.2 and §5.5. CR, LF and NUL in a value would end the field.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])")


class RequestFields(NamedTuple):
    """The request fields on which an answer depends; ``None`` where the request has none.

    A field that is sent more than once holds its values joined by commas (RFC 9110 §5.3).
    """

    accept_encoding: str | None = None
    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_range: str | None = None
    range: str | None = None


_OPAQUE_TAG = re.compile("[!#-~]+")


def is_opaque_tag(text: str) -> bool:
    """Whether ``text`` can stand between the quotes of an entity-tag (RFC 9110 §8.8.3).

    The octets beyond ASCII, which that allows as well, are of use to nobody.
    """
    return _OPAQUE_TAG.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether ``text`` is a token (RFC 9110 §5.6.2), as field names and parameter names are."""
    return _TOKEN.fullmatch(text) is not None


def is_field_value(text: str) -> bool:
    """Whether ``text`` can stand as a field's value (RFC 9110 §5.5).

    That is Latin-1 text without controls, and without white space around it.
    """
    return _FIELD_VALUE.fullmatch(text) is not None


def vary_with(vary: str | None, name: str) -> str:
    """The ``Vary`` value (RFC 9110 §12.5.5) that adds the field ``name`` to the value ``vary``."""
    if vary is None or not vary.strip(OWS):
        return name
    listed = {member.strip(OWS).lower() for member in vary.split(",")}
    return vary if listed & {name.lower(), "*"} else f"{vary}, {name}"


def combined_field(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The value of the field ``name`` (compared without case), ``None`` where there is none.

    Several lines of one field are one list (RFC 9110 §5.3).
    """
    wanted = name.lower()
    return ", ".join(value for field, value in headers if field.lower() == wanted) or None
