"""The chart of scale: bytes and time per listed file, KB per connection, and MB per worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.contenders import LIMIT, OURS
from tests.benchmarks.results import Results
from tests.benchmarks.scale.listing import KINDS
from tests.benchmarks.scale.report import IDLE, LISTING, PRELOAD
from tests.benchmarks.svg import Bar, Panel, chart

_NAMES = dict(zip(KINDS, ("plain", "with a prefix", "with .gz and .br", "manifest"), strict=True))
_WAYS = ("own list", "--preload", "with gc.freeze")


def draw(results: Results) -> str:
    """The text of an SVG file."""
    rows = results["rows"]
    panels = [*_listing(rows.get(LISTING, {})), *_idle(rows.get(IDLE, {}))]
    panels += _preload(rows.get(PRELOAD, {}))
    return chart("Scale", "Shorter bars are better.", panels, 2)


def _listing(row: dict[str, Any]) -> Iterator[Panel]:
    if not row:
        return
    most = max(int(count) for by_count in row.values() for count in by_count)
    large = {_NAMES[kind]: by_count[str(most)] for kind, by_count in row.items()}
    yield _panel(f"{most:,} files: bytes per file", {k: v["resident"] for k, v in large.items()})
    ratios = {k: v["file_ratio"] for k, v in large.items() if "file_ratio" in v}
    title = f"A request among {most:,} files, ratio to 1,000"
    yield _panel(title, ratios, "{:.2f}")


def _idle(row: dict[str, Any]) -> Iterator[Panel]:
    for server, each in row.items():
        values = {OURS: each[OURS]["kb_each"], "bare application": each[LIMIT]["kb_each"]}
        yield _panel(f"{server}: KB per idle connection", values, "{:.1f}")


def _preload(row: dict[str, Any]) -> Iterator[Panel]:
    for count, ways in row.items():
        values = dict(zip(_WAYS, (each["own_requested"] for each in ways.values()), strict=True))
        yield _panel(f"{int(count):,} files: MB of a worker's own", values, "{:.1f}")


def _panel(title: str, values: dict[str, float], form: str = "{:.0f}") -> Panel:
    bars = [
        Bar(name, value, form.format(value), name != "bare application")
        for name, value in values.items()
    ]
    return Panel(title, bars, max(1e-9, *values.values()))
