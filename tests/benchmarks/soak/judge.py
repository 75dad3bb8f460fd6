"""Whether what was seen is flat. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.proc import Usage
from benchmarks.soak.samples import Sample

#: KB for each stalled reader: what the project promises.
MOST_FOR_A_READER = 150

#: Threads of a server: the main one, sixteen for the disk under each of two roofs, the one that
#: closes what is idle, the one that adds roots, and some of the event loop's own.
MOST_THREADS = 40

# KB by which memory may grow between the first quarter of the judged requests and the last. What
# leaks 100 bytes for a request grows by 4 MB in a short run's 45,000, by 75 in a full one's.
_GROWTH = 4 * 1024

# KB by which as many stalled readers as before may take more. The memory of those who have gone is
# kept by the C library, for the next.
_MORE_AGAIN = 8 * 1024


def faults(
    samples: Sequence[Sample],
    phase: str,
    before: Usage,
    after: Usage,
    readers: Sequence[tuple[int, Usage, Usage]],
) -> Iterator[str]:
    """What is not flat, in words; nothing where all is.

    :param phase: the one whose memory has to stay as it is.
    :param before: what was used when all had been asked for once.
    :param after: what was used when all clients had gone.
    :param readers: how many stalled, what was used before, and while they did; the last as many as
        those before them.
    """
    growth = growth_of([each.resident for each in samples if each.phase == phase])
    if growth > _GROWTH:
        yield f"memory grew by {growth:.0f} KB in the course of phase {phase!r}"
    (_, _, first), (count, _, again) = readers[-2:]
    if again.resident - first.resident > _MORE_AGAIN:
        more = again.resident - first.resident
        yield f"{count} stalled readers took {more} KB more than as many before them"
    if after.descriptors > before.descriptors:
        yield f"{after.descriptors - before.descriptors} descriptors were left open"
    most = max(each.threads for each in samples)
    if most > MOST_THREADS:
        yield f"there were {most} threads"
    for count, idle, stalling in readers:
        each = for_a_reader(count, idle, stalling)
        if each > MOST_FOR_A_READER:
            yield f"each of {count} stalled readers cost {each:.0f} KB"


def growth_of(resident: Sequence[int]) -> float:
    """KB from the median of the first quarter to that of the last."""
    quarter = max(1, len(resident) // 4)
    return median(resident[-quarter:]) - median(resident[:quarter])


def for_a_reader(count: int, idle: Usage, stalling: Usage) -> float:
    """KB for each of ``count`` readers."""
    return (stalling.resident - idle.resident) / count
