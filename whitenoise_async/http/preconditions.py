"""Conditional requests (RFC 9110 §13): four preconditions, their order, and ``If-Range``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from enum import Enum, auto

from .dates import parse_http_date
from .fields import RequestFields

# An entity-tag (RFC 9110 §8.8.3) may contain a comma. ``W/`` is case-sensitive.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAG = re.compile(_TAG)
# A list may contain empty members (RFC 9110 §5.6.1.2).
_LIST_MEMBER = re.compile(rf"[ \t,]*({_TAG})[ \t]*(?:,|\Z)")

#: The rest of a longer list is ignored, since 64 KB of entity-tags take 9 ms to parse. A cache
#: sends one tag for each representation of a URL that it has stored.
MAX_TAGS = 1000


class Outcome(Enum):
    """The result of the preconditions of a GET or HEAD request."""

    PROCEED = auto()
    NOT_MODIFIED = auto()  # 304
    FAILED = auto()  # 412


def evaluate(fields: RequestFields, etag: str, last_modified: int | None) -> Outcome:
    """Evaluate the preconditions of a GET or HEAD request in the order of RFC 9110 §13.2.2.

    :param fields: the headers of the request.
    :param etag: the entity-tag of the selected representation, with its quotes.
    :param last_modified: its modification date in seconds since the epoch, or ``None`` if the
        representation has no date.
    """
    if fields.if_match is not None:
        if not _if_match(fields.if_match, etag):
            return Outcome.FAILED
    elif fields.if_unmodified_since is not None and not _if_unmodified_since(
        fields.if_unmodified_since, last_modified
    ):
        return Outcome.FAILED
    if fields.if_none_match is not None:
        if not _if_none_match(fields.if_none_match, etag):
            return Outcome.NOT_MODIFIED
    elif fields.if_modified_since is not None and not _if_modified_since(
        fields.if_modified_since, last_modified
    ):
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_applies(
    if_range: str | None, etag: str, last_modified: int | None, now: float | None = None
) -> bool:
    """Whether the server honors ``Range`` under this ``If-Range`` (RFC 9110 §13.1.5).

    Entity-tags are compared strongly. A date must be equal, and a strong validator.

    :param if_range: the value of the header, or ``None`` if it is absent.
    :param etag: as in :func:`evaluate`.
    :param last_modified: as in :func:`evaluate`.
    :param now: the current time in seconds since the epoch; by default, the clock's.
    """
    if if_range is None:
        return True
    if _ENTITY_TAG.fullmatch(if_range):
        return _strongly_equal(if_range, etag)
    return (
        last_modified is not None
        and parse_http_date(if_range) == last_modified
        and is_strong_date(last_modified, now)
    )


def is_strong_date(last_modified: int, now: float | None = None) -> bool:
    """Whether the date ``last_modified`` is a strong validator (RFC 9110 §8.8.2.2).

    It is strong once at least one second has passed. Until then, the file may change again
    without a change of its date.

    :param last_modified: seconds since the epoch.
    :param now: the current time in seconds since the epoch; by default, the clock's.
    """
    return last_modified + 1 <= (time.time() if now is None else now)


def parse_entity_tags(value: str) -> Iterator[str]:
    """Yield the entity-tags in ``value`` up to the first malformed member.

    At most :data:`MAX_TAGS` are yielded.
    """
    position = 0
    for _ in range(MAX_TAGS):
        found = _LIST_MEMBER.match(value, position)
        if found is None:
            return
        yield found[1]
        position = found.end()


def _if_match(value: str, etag: str) -> bool:
    """Whether ``If-Match`` holds (§13.1.1, strong comparison)."""
    return value == "*" or any(_strongly_equal(tag, etag) for tag in parse_entity_tags(value))


def _if_unmodified_since(value: str, last_modified: int | None) -> bool:
    """Whether ``If-Unmodified-Since`` holds (§13.1.4). It is ignored unless both dates exist."""
    date = parse_http_date(value)
    return date is None or last_modified is None or last_modified <= date


def _if_none_match(value: str, etag: str) -> bool:
    """Whether ``If-None-Match`` holds (§13.1.2, weak comparison).

    Proxies that compress a response make its tag weak, and clients send that tag back.
    """
    return value != "*" and all(_opaque(tag) != _opaque(etag) for tag in parse_entity_tags(value))


def _if_modified_since(value: str, last_modified: int | None) -> bool:
    """Whether ``If-Modified-Since`` holds (§13.1.3). It is ignored unless both dates exist."""
    date = parse_http_date(value)
    return date is None or last_modified is None or last_modified > date


def _strongly_equal(tag: str, etag: str) -> bool:
    """Whether both tags are equal and neither is weak (§8.8.3.2)."""
    return tag == etag and not tag.startswith("W/")


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
