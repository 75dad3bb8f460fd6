"""The results of scale in Markdown, and their place in docs/performance-details.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders import LIMIT, OURS
from tests.benchmarks.report import NONE, measured_on, own, put_into, table
from tests.benchmarks.results import Results
from tests.benchmarks.scale.listing import KINDS
from tests.benchmarks.scale.preload import REQUESTED
from tests.benchmarks.scale.queues import SEGMENTS

LISTING, IDLE, PRELOAD, QUEUES = "listing", "idle", "preload", "queues"


def write_page(page: Path, results: Results) -> None:
    """Put the results between their markers of the page."""
    put_into(page, "bench_scale", {"scale": "\n".join(text(results))})


def text(results: Results) -> Iterator[str]:
    """The conditions and the tables."""
    yield from measured_on(results)
    parts = {LISTING: _listing, IDLE: _idle, PRELOAD: _preload, QUEUES: _queues}
    for name, part in parts.items():
        if name in results["rows"]:
            yield ""
            yield from part(results["rows"][name], results["settings"])


def _listing(row: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    yield "Listed files. A ratio compares a request with the same request among 1,000 files:"
    yield ""
    head = ["", "number", "seconds", "walk, s", "bytes per file", "peak", "objects"]
    head += ["µs for a file", "ratio", "µs passed through", "ratio"]
    yield from table(
        head,
        (
            _listing_line(KINDS[kind], count, figures)
            for kind, by_count in row.items()
            for count, figures in by_count.items()
        ),
    )


def _listing_line(title: str, count: str, figures: dict[str, float]) -> list[str]:
    return [
        title,
        f"{int(count):,}",
        f"{figures['seconds']:.2f}",
        f"{figures['walk']:.2f}" if "file_us" in figures else NONE,
        f"{figures['resident']:.0f}",
        f"{figures['peak']:.0f}",
        f"{figures['traced']:.0f}" if figures["traced"] else NONE,
        *(
            f"{figures[key]:.{digits}f}" if key in figures else NONE
            for work in ("file", "passed")
            for key, digits in ((f"{work}_us", 1), (f"{work}_ratio", 2))
        ),
    ]


def _idle(row: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    yield f"{settings['connections']:,} idle connections, KB of memory for each:"
    yield ""
    yield from table(
        ["", OURS, "the bare application", "threads", "threads of the bare application"],
        (
            [
                server,
                own(OURS, f"{each[OURS]['kb_each']:.1f}"),
                f"{each[LIMIT]['kb_each']:.1f}",
                str(each[OURS]["threads"]),
                str(each[LIMIT]["threads"]),
            ]
            for server, each in row.items()
        ),
    )


def _preload(row: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    yield (
        "Memory of one of two gunicorn workers, in MB. “Own” memory is not shared. The last two"
        f" columns are after requests for {REQUESTED:,} different files:"
    )
    yield ""
    yield from table(
        ["files", "start", "PSS", "own", "PSS, then", "own, then"],
        (
            [f"{int(count):,}", way, *(f"{figure:.1f}" for figure in figures.values())]
            for count, ways in row.items()
            for way, figures in ways.items()
        ),
    )


def _queues(row: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{settings['readers']:,} stalled readers of a 50 MB file, uvicorn: KB in the kernel's send"
        " queue for each, by the segments of the connection:"
    )
    yield ""
    yield from table(
        ["", *SEGMENTS.values()],
        (
            [own(name, name), *(f"{each.get(title, 0):,.0f}" for title in SEGMENTS.values())]
            for name, each in row.items()
        ),
    )
