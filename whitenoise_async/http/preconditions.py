"""Conditional requests, RFC 9110 §13: four preconditions and the order in which they count."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from enum import Enum, auto

from .dates import parse_http_date
from .fields import RequestFields

# entity-tag, RFC 9110 §8.8.3. A comma may stand inside the quotes; ``W/`` is case-sensitive.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ENTITY_TAG = re.compile(_TAG)
# A list may have empty members (RFC 9110 §5.6.1.2).
_LIST_MEMBER = re.compile(rf"[ \t,]*({_TAG})[ \t]*(?:,|\Z)")

#: What a list holds beyond so many entity-tags is not read: 64 KB of them take 9 ms. A cache sends
#: one for each representation that it keeps of a URL.
MAX_TAGS = 1000


class Outcome(Enum):
    """What the preconditions say of a GET or HEAD request."""

    PROCEED = auto()
    NOT_MODIFIED = auto()  # 304
    FAILED = auto()  # 412


def evaluate(fields: RequestFields, etag: str, last_modified: int | None) -> Outcome:
    """Evaluate a GET or HEAD request's preconditions in the order of RFC 9110 §13.2.2.

    :param fields: the request's fields.
    :param etag: the selected representation's entity-tag, with its quotes.
    :param last_modified: seconds since the epoch; ``None`` for a representation without that date.
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
    """Whether ``If-Range`` (RFC 9110 §13.1.5) lets the request's ``Range`` count.

    Entity-tags are compared strongly. A date must be equal, and a strong validator.

    :param now: seconds since the epoch; the clock's if absent.
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
    """Whether the second ``last_modified`` is over: within it, the file may change once more.

    RFC 9110 §8.8.2.2 wants a ``Date`` that is at least one second later.
    """
    return last_modified + 1 <= (time.time() if now is None else now)


def parse_entity_tags(value: str) -> Iterator[str]:
    """Yield the entity-tags listed in ``value``, :data:`MAX_TAGS` at the most.

    From a malformed member on, nothing is read.
    """
    position = 0
    for _ in range(MAX_TAGS):
        found = _LIST_MEMBER.match(value, position)
        if found is None:
            return
        yield found[1]
        position = found.end()


def _if_match(value: str, etag: str) -> bool:
    """§13.1.1, strong comparison."""
    return value == "*" or any(_strongly_equal(tag, etag) for tag in parse_entity_tags(value))


def _if_unmodified_since(value: str, last_modified: int | None) -> bool:
    """§13.1.4. Without a valid date on both sides the field counts for nothing."""
    date = parse_http_date(value)
    return date is None or last_modified is None or last_modified <= date


def _if_none_match(value: str, etag: str) -> bool:
    """§13.1.2, weak comparison: proxies that compress on the way weaken our tags."""
    return value != "*" and all(_opaque(tag) != _opaque(etag) for tag in parse_entity_tags(value))


def _if_modified_since(value: str, last_modified: int | None) -> bool:
    """§13.1.3. Without a valid date on both sides the field counts for nothing."""
    date = parse_http_date(value)
    return date is None or last_modified is None or last_modified > date


def _strongly_equal(tag: str, etag: str) -> bool:
    """§8.8.3.2: equal, and neither is weak."""
    return tag == etag and not tag.startswith("W/")


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
