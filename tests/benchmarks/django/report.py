"""The results in Markdown, and their place in docs/performance-details.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.contenders import ASGI, WSGI
from tests.benchmarks.django.contenders import CONTENDERS, WHITENOISE
from tests.benchmarks.django.rows import CALLS, FAIRNESS_ROWS, HOPS, ROWS
from tests.benchmarks.losses import faster_peers, shorter_delays
from tests.benchmarks.report import (
    NONE,
    fairness_table,
    measured_on,
    own,
    put_into,
    remarks,
    table,
    throughput_table,
)
from tests.benchmarks.results import Results, Row

# Load average of an idle machine with two cores.
_IDLE = 0.7

# Events of sys.setprofile.
_KINDS = {"Python": "call", "C": "c_call"}


def write_page(page: Path, results: Results) -> None:
    """Put the results between their markers of the page."""
    put_into(page, "bench_django", {"django": "\n".join(results_text(results))})


def results_text(results: Results) -> Iterator[str]:
    """The conditions of the measurement, and the tables."""
    settings = results["settings"]
    measured = [row for name, row in results["rows"].items() if name in ROWS]
    yield from measured_on(results, f"; wrk {results['machine']['wrk']}")
    yield (
        f"Rounds: {settings['rounds']}, of {settings['seconds']:g} s for each contender after"
        f" {settings['warmup']:g} s of warm-up."
    )
    if results["load"] > _IDLE:
        yield ""
        yield (
            f"**Other work ran on the machine: {results['load']} processes at the start. Ratios of"
            " requests may be off by a third; counts of calls are not affected.**"
        )
    yield from throughput_table(measured, tuple(CONTENDERS), WHITENOISE)
    fair = [row for name, row in results["rows"].items() if name in FAIRNESS_ROWS]
    for row in fair:
        yield from fairness_table(row)
    if CALLS in results["rows"]:
        yield from _calls_table(results["rows"][CALLS])
    if HOPS in results["rows"]:
        yield from _hops_table(results["rows"][HOPS])
    yield from remarks(results)
    ahead = [
        *(sentence for row in measured for sentence in faster_peers(row)),
        *(sentence for row in fair for sentence in shorter_delays(row)),
    ]
    if ahead:
        yield ""
        yield "Where we lose:"
        yield ""
        yield from (f"- {sentence}" for sentence in ahead)


def _calls_table(row: Row) -> Iterator[str]:
    yield ""
    yield f"{row['title']}:"
    yield ""
    counted = row["contenders"]
    yield from table(
        ["", *(f"{interface.upper()}, {kind}" for interface in (ASGI, WSGI) for kind in _KINDS)],
        (
            [own(name, name)]
            + [
                f"{each[interface][_KINDS[kind]]:,.0f}"
                for interface in (ASGI, WSGI)
                for kind in _KINDS
            ]
            for name, each in counted.items()
        ),
    )


def _hops_table(row: Row) -> Iterator[str]:
    yield ""
    yield f"{row['title']}:"
    yield ""
    counted = {name: each["hops"] for name, each in row["contenders"].items()}
    works = dict.fromkeys(work for hops in counted.values() for work in hops)
    yield from table(
        ["", *(own(name, name) for name in counted)],
        (
            [work, *(f"{hops[work]:,}" if work in hops else NONE for hops in counted.values())]
            for work in works
        ),
    )
