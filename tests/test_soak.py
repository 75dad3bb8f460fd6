"""What the soak calls flat."""

from __future__ import annotations

import pytest
from benchmarks.proc import Usage
from benchmarks.soak import judge
from benchmarks.soak.samples import Sample

BEFORE = Usage(50_000, 10, 17)
AFTER = Usage(60_000, 10, 17)
READERS = [(400, BEFORE, Usage(90_000, 10, 417)), (400, AFTER, Usage(91_000, 10, 417))]


def samples(*resident: int, threads: int = 10) -> list[Sample]:
    return [
        Sample(float(number), "mixed", kb, threads, 17) for number, kb in enumerate(resident)
    ] + [Sample(99.0, "other", 10**6, 1, 1)]


def faults(
    seen: list[Sample], after: Usage = AFTER, readers: list[tuple[int, Usage, Usage]] = READERS
) -> list[str]:
    return list(judge.faults(seen, "mixed", BEFORE, after, readers))


def test_what_stays_as_it_is_is_flat() -> None:
    assert faults(samples(*[50_000, 53_000] * 20)) == []


@pytest.mark.parametrize(
    ("resident", "growth"),
    [([1], 0), ([5, 5, 5, 5], 0), ([0, 100, 200, 300], 300), ([0, 0, 900, 0, 0, 0, 0, 0], 0)],
)
def test_growth_is_from_the_first_quarter_to_the_last(resident: list[int], growth: float) -> None:
    assert judge.growth_of(resident) == growth


def test_memory_that_grows_with_requests_is_named() -> None:
    (fault,) = faults(samples(*range(50_000, 60_000, 100)))
    assert fault.startswith("memory grew by 7500 KB in the course of phase 'mixed'")


def test_descriptors_left_open_are_counted() -> None:
    assert faults(samples(1), Usage(60_000, 10, 20)) == ["3 descriptors were left open"]
    assert faults(samples(1), Usage(60_000, 10, 16)) == []


def test_too_many_threads_at_any_moment_are_named() -> None:
    assert faults(samples(1, threads=41)) == ["there were 41 threads"]


def test_readers_that_cost_too_much_are_named() -> None:
    dear = [(400, BEFORE, Usage(150_000, 10, 417)), (400, AFTER, Usage(150_000, 10, 417))]
    assert faults(samples(1), readers=dear) == [
        "each of 400 stalled readers cost 250 KB",
        "each of 400 stalled readers cost 225 KB",
    ]


def test_readers_that_cost_more_each_time_are_named() -> None:
    more = [*READERS[:1], (400, AFTER, Usage(99_000, 10, 417))]
    assert faults(samples(1), readers=more) == [
        "400 stalled readers took 9000 KB more than as many before them"
    ]
