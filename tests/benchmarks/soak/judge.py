"""Judges whether the use of a run was flat: pure functions on its samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

_SHOWN = 5  # examples of the faults of one kind


class State(NamedTuple):
    """The resources that the server process uses at a moment."""

    resident: int  # KB
    threads: int
    descriptors: int
    tasks: int | None  # None if it is unknown


class Wave(NamedTuple):
    """Readers that stalled together."""

    readers: int
    stalled: State
    after: State  # when they have hung up
    queued: int = 0  # bytes in the kernel's send queues while they were stalled


class Round(NamedTuple):
    """Mixed requests and aborted downloads."""

    mixed: Sequence[int]  # KB, as sampled while mixed requests were answered
    end: State


class Observed(NamedTuple):
    start: State  # after the first response
    first: Round
    second: Round  # the same load again
    waves: Sequence[Wave]  # after both rounds
    again: Sequence[Wave]  # after each wave of readers
    end: State  # when all clients have disconnected
    most_threads: int
    most_descriptors: int  # while no reader was stalled
    wrong: Sequence[str]  # responses
    log: Sequence[str]  # lines that the server was not expected to write


class Bounds(NamedTuple):
    growth: int  # additional KB of memory that the second round may use
    reader: float  # KB of memory for each stalled reader
    threads: int  # beyond those of the start, while there is work for them
    kept_threads: int  # beyond those of the start, permanently: a server's own pool
    descriptors: int  # beyond those of the start, the connections of stalled readers not counted


def growth_of(samples: Sequence[int]) -> float:
    """How much the last fifth of the samples is above the first, by their medians."""
    fifth = max(1, len(samples) // 5)
    return median(samples[-fifth:]) - median(samples[:fifth])


def kb_each(wave: Wave, idle: State) -> float:
    """KB of memory for each reader of a wave.

    :param idle: the use before the first wave. The C library reuses the memory of a wave for the
        next, which would seem free if it were compared with the use between them.
    """
    return (wave.stalled.resident - idle.resident) / wave.readers


def faults(observed: Observed, bounds: Bounds) -> list[str]:
    """The faults of a run: growth and wrong responses."""
    return [
        *_listed("a wrong response", observed.wrong),
        *_listed("an unexpected line in the server's log", observed.log),
        *_of_memory(observed, bounds),
        *_of_readers(observed, bounds),
        *_at_work(observed, bounds),
        *_left_over(observed, bounds),
    ]


def _listed(what: str, found: Sequence[str]) -> Iterator[str]:
    for each in found[:_SHOWN]:
        yield f"{what}: {each}"
    if len(found) > _SHOWN:
        yield f"{what}: {len(found) - _SHOWN:,} more"


def _of_memory(observed: Observed, bounds: Bounds) -> Iterator[str]:
    """The first round brings the process to its size. The second must not enlarge it."""
    first, second = observed.first, observed.second
    grown = [
        ("in the course of the second round's requests", growth_of(second.mixed)),
        ("from one round to the next", second.end.resident - first.end.resident),
    ]
    for wave, again in zip(observed.waves, observed.again, strict=True):
        more = again.stalled.resident - wave.stalled.resident
        grown.append((f"when {again.readers:,} readers stalled again", more))
    for when, kb in grown:
        if kb > bounds.growth:
            yield f"memory grew by {kb:,.0f} KB {when}, {bounds.growth:,} KB are allowed"


def _of_readers(observed: Observed, bounds: Bounds) -> Iterator[str]:
    for wave in observed.waves:
        each = kb_each(wave, observed.second.end)
        if each > bounds.reader:
            yield (
                f"{wave.readers:,} stalled readers cost {each:.0f} KB each,"
                f" {bounds.reader:g} KB are allowed"
            )
    for wave in (*observed.waves, *observed.again):
        stalled, after, start = wave.stalled, wave.after, observed.start
        during = f"while {wave.readers:,} readers were stalled"
        allowed = wave.readers + bounds.descriptors
        yield from _above(during, "descriptors", stalled.descriptors, start.descriptors, allowed)
        later = f"after {wave.readers:,} stalled readers hung up"
        yield from _above(
            later, "descriptors", after.descriptors, start.descriptors, bounds.descriptors
        )
        yield from _above(later, "tasks", after.tasks, start.tasks)


def _at_work(observed: Observed, bounds: Bounds) -> Iterator[str]:
    start = observed.start
    yield from _above(
        "at the most", "threads", observed.most_threads, start.threads, bounds.threads
    )
    yield from _above(
        "at the most with no reader stalled",
        "descriptors",
        observed.most_descriptors,
        start.descriptors,
        bounds.descriptors,
    )


def _left_over(observed: Observed, bounds: Bounds) -> Iterator[str]:
    start, end = observed.start, observed.end
    yield from _above("at the end", "threads", end.threads, start.threads, bounds.kept_threads)
    yield from _above("at the end", "descriptors", end.descriptors, start.descriptors)
    yield from _above("at the end", "tasks", end.tasks, start.tasks)


def _above(
    when: str, what: str, now: int | None, start: int | None, allowed: int = 0
) -> Iterator[str]:
    if now is not None and start is not None and now > start + allowed:
        yield f"{now:,} {what} {when}: {start:,} at the start, and {allowed:,} more are allowed"
