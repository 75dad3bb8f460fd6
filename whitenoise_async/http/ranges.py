"""Range requests: bytes only, RFC 9110 §14."""

from __future__ import annotations

from typing import NamedTuple

from .fields import OWS

#: More ranges than this in one request are ignored (RFC 9110 §14.2): each part of a multipart
#: answer costs a read and some hundred bytes of its own, which a client must not command at will.
MAX_RANGES = 32


class ByteRange(NamedTuple):
    """Bytes of a representation, from ``start`` up to but not including ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes the range holds."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """The ``Content-Range`` value of this range of ``size`` bytes (RFC 9110 §14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(value: str, size: int) -> list[ByteRange] | None:
    """Read a ``Range`` value for a representation of ``size`` bytes.

    :returns: the satisfiable ranges in the order asked for, an empty list when there is none (416),
        or ``None`` where the server ignores the field: another unit, malformed, more than
        :data:`MAX_RANGES`, ranges that add up to more than the representation, or an empty
        representation, for which a 416 would say nothing new and breaks nginx's ``slice``.
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
    """The ``Content-Range`` value of a 416 answer for a representation of ``size`` bytes."""
    return f"bytes */{size}"


def _bounds(spec: str, size: int) -> ByteRange | None:
    """One range-spec (RFC 9110 §14.1.1), cut to ``size``.

    Empty where it is unsatisfiable, ``None`` where it is malformed.
    """
    first, hyphen, last = spec.partition("-")
    if not hyphen or not (_is_position(first) or (not first and last)):
        return None
    if last and not _is_position(last):
        return None
    if not first:
        return ByteRange(max(0, size - _cut(last, size)), size)
    start = _cut(first, size)
    if not last:
        return ByteRange(start, size)
    if _order(first) > _order(last):
        return None
    return ByteRange(start, max(start, min(_cut(last, size) + 1, size)))


def _is_position(digits: str) -> bool:
    """1*DIGIT, in ASCII: ``int()`` alone would take ``+1``, ``1_0`` and other alphabets' digits."""
    return digits.isascii() and digits.isdigit()


def _order(digits: str) -> tuple[int, str]:
    """A key that orders numbers of any length: ``int()`` refuses more than 4,300 digits."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _cut(digits: str, size: int) -> int:
    """The number, or ``size`` where it is larger."""
    return size if _order(digits) > _order(str(size)) else int(digits.lstrip("0") or "0")
