"""The figures of a run, saved and reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.report import NONE, measured_on, put_into, table
from tests.benchmarks.results import Results, Row
from tests.benchmarks.soak.judge import Observed, State, growth_of, kb_each
from tests.benchmarks.soak.run import Run
from tests.benchmarks.soak.watch import thinned

# The number of samples to save, each with the largest figures since the previous one.
_KEPT = 240


def row_of(title: str, run: Run, faults: Sequence[str]) -> Row:
    """The results of a run to save."""
    observed = run.observed
    return {
        "title": title,
        "measured": machine.today(),
        "answered": run.answered,
        "aborted": run.aborted,
        "changes": run.changes,
        "seconds": round(run.samples[-1].seconds),
        "states": {name: state._asdict() for name, state in _states(observed).items()},
        "most": {
            "resident": max(sample.resident for sample in run.samples),
            "threads": observed.most_threads,
            "descriptors": max(sample.descriptors for sample in run.samples),
        },
        "growth": {
            "In the second round's requests": round(growth_of(observed.second.mixed)),
            "From the first round to the second": (
                observed.second.end.resident - observed.first.end.resident
            ),
        },
        "waves": [
            {
                "readers": wave.readers,
                "kb_each": round(kb_each(wave, observed.second.end), 1),
                "queued_kb_each": round(wave.queued / 1024 / wave.readers, 1),
                "threads": wave.stalled.threads,
                "kb_more_again": again.stalled.resident - wave.stalled.resident,
            }
            for wave, again in zip(observed.waves, observed.again, strict=True)
        ],
        "faults": list(faults),
        "samples": [list(sample) for sample in thinned(run.samples, _KEPT)],
    }


def _states(observed: Observed) -> dict[str, State]:
    return {
        "start": observed.start,
        "after the first round": observed.first.end,
        "after the second round": observed.second.end,
        "at the end, after stalled readers": observed.end,
    }


def heading(results: Results) -> tuple[str, str]:
    """Title and subtitle of the chart."""
    settings = results["settings"]
    waves = " and ".join(f"{readers:,}" for readers in settings["stalled"])
    return (
        "A server under load",
        f"{settings['requests']:,} mixed requests, {settings['aborted']:,} aborted downloads,"
        f" {waves} stalled readers at once.",
    )


def write_page(page: Path, results: Results) -> None:
    """Put the results between their markers of the page."""
    put_into(page, "soak", {"soak": "\n".join(results_text(results))})


def results_text(results: Results) -> Iterator[str]:
    """The conditions of the measurement, and its results."""
    yield from measured_on(results)
    for row in results["rows"].values():
        yield ""
        yield from _told(row)


def _told(row: Row) -> Iterator[str]:
    seconds = row["seconds"]
    yield (
        f"{row['title']}: {row['answered']:,} requests and {row['aborted']:,} aborted downloads in"
        f" {seconds // 60} min {seconds % 60} s. During the run,"
        f" {row['changes']} roots were added, and files were replaced {row['changes']} times."
    )
    yield ""
    yield from table(
        ["", "MB", "threads", "descriptors", "tasks"],
        (
            [name, f"{state['resident'] / 1024:.1f}", *map(_figure, list(state.values())[1:])]
            for name, state in row["states"].items()
        ),
    )
    yield ""
    most = row["most"]
    yield (
        f"- Peak: {most['resident'] / 1024:.0f} MB, {most['threads']} threads,"
        f" {most['descriptors']:,} descriptors."
    )
    for when, kb in row["growth"].items():
        yield f"- {when}, memory grew by {kb:,} KB."
    for wave in row["waves"]:
        queued = wave.get("queued_kb_each")  # older results have none
        kernel = "" if queued is None else f" and {queued:,.0f} KB in the kernel,"
        yield (
            f"- {wave['readers']:,} stalled readers: {wave['kb_each']:.0f} KB each,{kernel}"
            f" {wave['threads']} threads; a second wave: {wave['kb_more_again'] / 1024:+.1f} MB."
        )
    yield from (f"- **Not right or not flat: {fault}.**" for fault in row["faults"])


def _figure(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"
