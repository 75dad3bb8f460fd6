"""Range requests (RFC 9110 §14), with bytes as the only unit."""

from __future__ import annotations

from typing import NamedTuple

from .fields import OWS

#: A request for more ranges than this gets the whole file, as RFC 9110 §14.2 allows. Each part of a
#: multipart response costs a read and some hundred bytes, so the number of parts is bounded.
MAX_RANGES = 32


class ByteRange(NamedTuple):
    """The bytes of a representation from ``start`` up to ``stop``, which is excluded."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the ``Content-Range`` value of this range (RFC 9110 §14.4).

        :param size: the size of the whole representation in bytes.
        """
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(value: str, size: int) -> list[ByteRange] | None:
    """Parse a ``Range`` value for a representation of ``size`` bytes.

    The server ignores a value with another unit, a syntax error, or more than :data:`MAX_RANGES`
    ranges. It also ignores ranges whose sum exceeds ``size``, and every range of an empty file:
    a 416 would break the ``slice`` module of nginx.

    :returns: the satisfiable ranges in the order of the request; an empty list if there is none,
        which means a 416; or ``None`` if the server ignores the value.
    """
    unit, _, range_set = value.partition("=")
    if unit.lower() != "bytes" or range_set.count(",") >= MAX_RANGES or not size:
        return None
    specs = [spec for spec in (part.strip(OWS) for part in range_set.split(",")) if spec]
    ranges = []
    for spec in specs:
        bounds = _bounds(spec, size)
        if bounds is None:
            return None
        if bounds.start < bounds.stop:
            ranges.append(bounds)
    if not specs or sum(part.length for part in ranges) > size:
        return None
    return ranges


def unsatisfied_range(size: int) -> str:
    """Return the ``Content-Range`` value of a 416 for a representation of ``size`` bytes."""
    return f"bytes */{size}"


def _bounds(spec: str, size: int) -> ByteRange | None:
    """Parse one range-spec (RFC 9110 §14.1.1) and limit it to ``size``.

    :returns: an empty range if the range-spec is unsatisfiable, or ``None`` if it is malformed.
    """
    first, hyphen, last = spec.partition("-")
    if not hyphen or not (_is_position(first) or (not first and last)):
        return None
    if last and not _is_position(last):
        return None
    if not first:
        return ByteRange(size - _limited(last, size), size)
    start = _limited(first, size)
    if not last:
        return ByteRange(start, size)
    if _order(first) > _order(last):
        return None
    return ByteRange(start, max(start, min(_limited(last, size) + 1, size)))


def _is_position(digits: str) -> bool:
    """Whether this is ``1*DIGIT`` in ASCII; ``int()`` also accepts ``+1`` and ``1_0``."""
    return digits.isascii() and digits.isdigit()


def _order(digits: str) -> tuple[int, str]:
    """Return a sort key for a number of any length; ``int()`` refuses more than 4,300 digits."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _limited(digits: str, size: int) -> int:
    """Return the smaller of the number in ``digits`` and ``size``."""
    return size if _order(digits) > _order(str(size)) else int(digits.lstrip("0") or "0")
