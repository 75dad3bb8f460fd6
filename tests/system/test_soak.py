"""The soak's rules: when memory counts as flat, and a response as right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.soak.changes import Versions, version_of
from tests.benchmarks.soak.judge import (
    Bounds,
    Observed,
    Round,
    State,
    Wave,
    faults,
    growth_of,
    kb_each,
)
from tests.benchmarks.soak.watch import Sample, thinned

BOUNDS = Bounds(growth=1000, reader=150, threads=17, kept_threads=0, descriptors=100)
START = State(30_000, 7, 15, 2)
IDLE = State(60_000, 23, 20, 2)
STALLED = State(100_000, 23, 420, 802)
AFTER = State(100_000, 23, 21, 2)
WAVE = Wave(400, STALLED, AFTER)
ROUND = Round([60_000, 60_500] * 20, IDLE)
OBSERVED = Observed(START, ROUND, ROUND, [WAVE], [WAVE], START, 24, 90, [], [])


def of(**changed: Any) -> list[str]:
    """The faults of a run that is flat except for some changes."""
    return faults(OBSERVED._replace(**changed), BOUNDS)


def test_a_steady_run_has_no_fault() -> None:
    assert of() == []


def test_each_wrong_response_and_each_line_of_the_log_is_a_fault_and_a_few_are_named() -> None:
    assert of(wrong=["GET /: status 500"]) == ["a wrong response: GET /: status 500"]
    assert of(log=list("abcdefg")) == [
        *(f"an unexpected line in the server's log: {line}" for line in "abcde"),
        "an unexpected line in the server's log: 2 more",
    ]


@pytest.mark.parametrize(
    ("samples", "growth"),
    [([1], 0), ([5] * 9, 0), ([0, 100, 200, 300, 400], 400), ([0, 0, 900, *[0] * 12, 7, 0, 0], 0)],
)
def test_growth_is_from_the_first_fifth_to_the_last_and_one_peak_is_none(
    samples: list[int], growth: float
) -> None:
    assert growth_of(samples) == growth


def test_memory_may_grow_in_the_first_round_but_not_in_the_second() -> None:
    growing = ROUND._replace(mixed=range(60_000, 65_000, 100))
    assert of(first=growing) == []
    assert of(second=growing) == [
        "memory grew by 4,000 KB in the course of the second round's requests, 1,000 KB are allowed"
    ]


def test_memory_that_the_second_round_adds_is_named() -> None:
    larger = ROUND._replace(end=IDLE._replace(resident=62_000))
    assert of(second=larger) == [
        "memory grew by 2,000 KB from one round to the next, 1,000 KB are allowed"
    ]
    assert of(first=larger) == []


def test_a_second_wave_of_readers_may_not_take_more() -> None:
    again = Wave(400, STALLED._replace(resident=101_500), AFTER)
    assert of(again=[again]) == [
        "memory grew by 1,500 KB when 400 readers stalled again, 1,000 KB are allowed"
    ]


def test_a_reader_is_counted_from_before_the_first_wave() -> None:
    assert kb_each(WAVE, IDLE) == 100
    dear = [Wave(400, STALLED._replace(resident=140_000), AFTER)]
    assert of(waves=dear, again=dear) == [
        "400 stalled readers cost 200 KB each, 150 KB are allowed"
    ]


def test_leftovers_of_a_wave_are_named() -> None:
    assert of(again=[Wave(400, STALLED, AFTER._replace(descriptors=415, tasks=3))]) == [
        "415 descriptors after 400 stalled readers hung up:"
        " 15 at the start, and 100 more are allowed",
        "3 tasks after 400 stalled readers hung up: 2 at the start, and 0 more are allowed",
    ]


def test_a_descriptor_for_the_file_of_each_stalled_reader_is_too_many() -> None:
    assert of(waves=[Wave(400, STALLED._replace(descriptors=815), AFTER)]) == [
        "815 descriptors while 400 readers were stalled: 15 at the start, and 500 more are allowed"
    ]


def test_threads_and_descriptors_are_bounded_while_there_is_work() -> None:
    assert of(most_threads=25, most_descriptors=116) == [
        "25 threads at the most: 7 at the start, and 17 more are allowed",
        "116 descriptors at the most with no reader stalled:"
        " 15 at the start, and 100 more are allowed",
    ]


def test_at_the_end_everything_is_back_to_the_start() -> None:
    assert of(end=State(200_000, 8, 16, 3)) == [
        "8 threads at the end: 7 at the start, and 0 more are allowed",
        "16 descriptors at the end: 15 at the start, and 0 more are allowed",
        "3 tasks at the end: 2 at the start, and 0 more are allowed",
    ]
    assert of(end=State(0, 6, 14, None)) == []
    pool = BOUNDS._replace(kept_threads=4)
    assert faults(OBSERVED._replace(end=START._replace(threads=11)), pool) == []


def test_a_version_may_be_served_until_the_next_is_complete_and_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    versions = Versions(late=5)
    assert (versions.oldest(), versions.newest) == (0, 0)
    assert versions.begin() == 1
    assert (versions.oldest(), versions.newest) == (0, 1)
    versions.done()
    assert versions.oldest() == 0
    now = 104.9
    assert versions.oldest() == 0
    now = 105.0
    assert versions.oldest() == 1


@pytest.mark.parametrize(
    ("body", "version"), [(b"12 /a.css\n...", 12), (b"", -1), (b"x", -1), (b"a 1", -1)]
)
def test_a_body_contains_its_version(body: bytes, version: int) -> None:
    assert version_of(body) == version


def test_samples_are_thinned_phase_by_phase_and_keep_their_peaks() -> None:
    samples = [Sample(float(n), "a", n, 1, 50 - n, None if n else 9) for n in range(10)]
    samples += [Sample(10.0, "b", 5, 2, 3, None)]
    assert list(thinned(samples, 2)) == [
        Sample(4.0, "a", 4, 1, 50, 9),
        Sample(9.0, "a", 9, 1, 45, None),
        Sample(10.0, "b", 5, 2, 3, None),
    ]
