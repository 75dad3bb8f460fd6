"""Range requests (RFC 9110 §14): the bytes that a ``Range`` value selects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.ranges import (
    ByteRange,
    parse_range,
    unsatisfied_range,
)

SIZE = 1000
MAX_RANGES = 32  # as documented
LONG = 65_536
DIGITS = 5_000  # more than int() accepts

UNSATISFIABLE: list[tuple[int, int]] = []
IGNORED = None


@pytest.mark.parametrize(
    ("section", "value", "expected"),
    [
        ("14.1.2", "bytes=0-499", [(0, 500)]),
        ("14.1.2", "bytes=500-999", [(500, 1000)]),
        ("14.1.2", "bytes=0-0", [(0, 1)]),
        ("14.1.2", "bytes=999-999", [(999, 1000)]),
        ("14.1.2", "bytes=500-", [(500, 1000)]),
        ("14.1.2", "bytes=0-", [(0, 1000)]),
        ("14.1.2", "bytes=-1", [(999, 1000)]),
        ("14.1.2", "bytes=-500", [(500, 1000)]),
        ("14.1.2", "bytes=-1000", [(0, 1000)]),
        ("14.1.2", "bytes=0-1000", [(0, 1000)]),
        ("14.1.2", "bytes=-1001", [(0, 1000)]),
        ("14.1.2", "bytes=10-99999", [(10, 1000)]),
        ("14.1.2", "bytes=007-010", [(7, 11)]),
        ("14.1.2", f"bytes={'0' * DIGITS}7-9", [(7, 10)]),
        ("14.1.2", f"bytes=5-{'9' * DIGITS}", [(5, 1000)]),
        ("14.1.2", f"bytes=-{'9' * DIGITS}", [(0, 1000)]),
        # Unsatisfiable (RFC 9110 §15.5.17).
        ("14.1.2", "bytes=1000-", UNSATISFIABLE),
        ("14.1.2", "bytes=1000-1000", UNSATISFIABLE),
        ("14.1.2", "bytes=-0", UNSATISFIABLE),
        ("14.1.2", "bytes=-000", UNSATISFIABLE),
        ("14.1.2", "bytes=1000-,2000-3000,-0", UNSATISFIABLE),
        ("14.1.2", f"bytes={'9' * DIGITS}-", UNSATISFIABLE),
        ("14.1.2", f"bytes={'9' * DIGITS}-{'9' * DIGITS}", UNSATISFIABLE),
        # Several ranges.
        ("14.1.2", "bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("14.1.2", "bytes=500-600,601-999", [(500, 601), (601, 1000)]),
        ("14.2", "bytes=900-,0-9", [(900, 1000), (0, 10)]),
        ("14.2", "bytes=0-9,5-14", [(0, 10), (5, 15)]),
        ("14.1.2", "bytes=5-9,1000-", [(5, 10)]),
        ("14.1.2", "bytes=-0,5-9", [(5, 10)]),
        ("5.6.1", "bytes=0-1 ,\t3-4", [(0, 2), (3, 5)]),
        ("5.6.1.2", "bytes=,0-1,, 3-4,", [(0, 2), (3, 5)]),
        ("14.2", "bytes=" + ",".join(["0-0"] * MAX_RANGES), [(0, 1)] * MAX_RANGES),
        ("14.2", "bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1)), IGNORED),
        ("14.2", "bytes=" + ",".join(["0-"] * 10_000), IGNORED),
        ("14.2", "bytes=0-499,500-", [(0, 500), (500, 1000)]),
        ("14.2", "bytes=0-499,499-", IGNORED),
        ("14.2", "bytes=0-,0-0", IGNORED),
        ("14.2", "bytes=0-,5000-", [(0, 1000)]),
        # The range unit.
        ("14.1", "BYTES=0-0", [(0, 1)]),
        ("14.1", "Bytes=0-0", [(0, 1)]),
        ("14.2", "items=0-0", IGNORED),
        ("14.2", "byte=0-0", IGNORED),
        ("14.2", "=0-0", IGNORED),
        ("14.1.1", "bytes", IGNORED),
        ("14.1.1", "bytes 0-0", IGNORED),
        ("14.1.1", "bytes =0-0", IGNORED),
        ("14.1.1", "bytes:0-0", IGNORED),
        ("14.1.1", "", IGNORED),
        # Malformed values.
        ("14.1.1", "bytes=", IGNORED),
        ("14.1.1", "bytes=,", IGNORED),
        ("14.1.1", "bytes=5-3", IGNORED),
        ("14.1.1", "bytes=5000-3000", IGNORED),
        ("14.1.1", f"bytes={'9' * 19}-{'8' * 19}", IGNORED),
        ("14.1.1", f"bytes={'9' * DIGITS}-3", IGNORED),
        ("14.1.1", f"bytes={'9' * DIGITS}-{'8' * DIGITS}", IGNORED),
        ("14.1.1", "bytes=0-0,5-3", IGNORED),
        ("14.1.1", "bytes=0-0,x", IGNORED),
        ("14.1.1", "bytes=-", IGNORED),
        ("14.1.1", "bytes=--1", IGNORED),
        ("14.1.1", "bytes=1--1", IGNORED),
        ("14.1.1", "bytes=1-2-3", IGNORED),
        ("14.1.1", "bytes=0", IGNORED),
        ("14.1.1", "bytes=0-0;1-1", IGNORED),
        ("14.1.1", "bytes==0-0", IGNORED),
        ("14.1.1", "bytes=0 - 0", IGNORED),
        ("14.1.1", "bytes=0- 0", IGNORED),
        ("14.1.1", "bytes=a-b", IGNORED),
        ("14.1.1", "bytes=0x0-0xf", IGNORED),
        ("14.1.1", "bytes=+1-+2", IGNORED),
        ("14.1.1", "bytes=1-+2", IGNORED),
        ("14.1.1", "bytes=-+1", IGNORED),
        ("14.1.1", "bytes=1_0-2_0", IGNORED),
        ("14.1.1", "bytes=1.0-2.0", IGNORED),
        ("14.1.1", "bytes=1e1-", IGNORED),
        ("14.1.1", "bytes=\xb2-\xb3", IGNORED),
        ("14.1.1", "bytes=\u0661-\u0662", IGNORED),
        ("14.1.1", "bytes=-\uff11", IGNORED),
        ("5.6.3", "bytes=\xa00-0", IGNORED),
        ("14.1.1", "bytes=0-0\0", IGNORED),
        ("14.1.1", "bytes=" + "," * LONG, IGNORED),
        ("14.1.1", "bytes=" + " " * LONG, IGNORED),
        ("14.1.1", "bytes=" + "-" * LONG, IGNORED),
        ("14.1.1", 'W/"' * LONG, IGNORED),
    ],
    ids=lambda value: ascii(value[:30]) if isinstance(value, str) else "",
)  # fmt: skip
def test_a_value_selects_these_ranges(
    section: str, value: str, expected: list[tuple[int, int]] | None
) -> None:
    assert parse_range(value, SIZE) == expected, section


def test_a_one_byte_range_is_satisfiable() -> None:
    assert parse_range("bytes=0-0", 1) == parse_range("bytes=-1", 1) == [ByteRange(0, 1)]


@pytest.mark.parametrize(
    "value",
    [
        *("bytes=0-", "bytes=0-0", "bytes=0-99", "bytes=5-9,7-", "bytes=-0", "bytes=-00"),
        *("bytes=-1", "bytes=-5,0-", f"bytes=-{'9' * DIGITS}", "bytes=5-3", "bytes="),
    ],
    ids=lambda value: value[:30],
)
def test_a_range_of_an_empty_file_is_ignored(value: str) -> None:
    """RFC 9110 §14.2. A 416 would break the ``slice`` module of nginx, which requests ranges."""
    assert parse_range(value, 0) is None


def test_positions_in_a_very_large_file_are_exact() -> None:
    size = 10**18
    last = size - 1
    assert parse_range(f"bytes={last}-{last}", size) == [ByteRange(last, size)]
    assert parse_range(f"bytes=-{last}", size) == [ByteRange(1, size)]
    assert parse_range(f"bytes={size}-", size) == []


@pytest.mark.parametrize(
    ("part", "size", "length", "expected"),
    [
        (ByteRange(0, 500), 1234, 500, "bytes 0-499/1234"),
        (ByteRange(734, 1234), 1234, 500, "bytes 734-1233/1234"),
        (ByteRange(0, 1), 1, 1, "bytes 0-0/1"),
    ],
)
def test_a_range_has_a_content_range(
    part: ByteRange, size: int, length: int, expected: str
) -> None:
    """RFC 9110 §14.4."""
    assert (part.length, part.content_range(size)) == (length, expected)


def test_a_416_names_the_size_of_the_file() -> None:
    """RFC 9110 §14.4."""
    assert (unsatisfied_range(1234), unsatisfied_range(0)) == ("bytes */1234", "bytes */0")


latin_1 = st.text(st.characters(max_codepoint=0xFF))
range_like = st.text(st.sampled_from("0123456789-,- \t=x\xb2_+"), max_size=40).map(
    "bytes={}".format
)
sizes = st.integers(0, 30) | st.integers(0, 2**63 - 1)


@given(latin_1 | range_like, sizes)
def test_ranges_lie_inside_the_file_and_their_sum_does_not_exceed_it(value: str, size: int) -> None:
    ranges = parse_range(value, size)
    if ranges is None:
        return
    assert len(ranges) <= MAX_RANGES
    assert all(0 <= part.start < part.stop <= size for part in ranges)
    assert sum(part.length for part in ranges) <= size


spec_lists = st.lists(
    st.tuples(st.none() | st.integers(0, 40), st.none() | st.integers(0, 40)).filter(
        lambda spec: spec != (None, None)
    ),
    min_size=1,
    max_size=4,
)


def selected(first: int | None, last: int | None, size: int) -> list[int]:
    """The positions of the bytes that a range-spec selects (RFC 9110 §14.1.2)."""
    everything = list(range(size))
    if first is None:
        return everything[-last:] if last else []
    return everything[first:] if last is None else everything[first : last + 1]


@given(spec_lists, st.integers(1, 40))
def test_ranges_select_the_requested_bytes(
    specs: list[tuple[int | None, int | None]], size: int
) -> None:
    written = [
        f"{'' if first is None else first}-{'' if last is None else last}" for first, last in specs
    ]
    wanted = [each for first, last in specs if (each := selected(first, last, size))]
    backwards = any(
        first is not None and last is not None and last < first for first, last in specs
    )
    ranges = parse_range("bytes=" + ",".join(written), size)
    if backwards or sum(map(len, wanted)) > size:
        assert ranges is None
    else:
        assert ranges is not None
        assert [list(range(*part)) for part in ranges] == wanted
