"""The chart of docs/performance.md."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.contenders import LIMIT, NGINX, OURS
from tests.benchmarks.results import Results, throughput
from tests.benchmarks.svg import Bar, Panel, chart

CHART = "performance-throughput.svg"


def draw(folder: Path, results: Results) -> None:
    """Write the chart, if there are figures for it."""
    text = throughput_chart(results)
    if text is not None:
        (folder / CHART).write_text(text, encoding="utf-8")


def throughput_chart(results: Results) -> str | None:
    """The text of the SVG file; ``None`` without a row of throughput."""
    # nginx has a column in the table. Its bar would make all others too short to compare.
    ratios = {
        row["title"]: {
            name: each["ratio"]
            for name, each in row["contenders"].items()
            if name not in (LIMIT, NGINX) and each["ratio"] is not None
        }
        for row in throughput(results)
    }
    panels = [
        Panel(title, _falling(each), max(1.05, *each.values()), line=1)
        for title, each in ratios.items()
        if each
    ]
    if not panels:
        return None
    subtitle = "Requests per second, as a ratio to the limit. Longer bars are better."
    return chart("Throughput", subtitle, panels, 2, "the limit: the same answers from memory")


def _falling(ratios: dict[str, float]) -> list[Bar]:
    ordered = sorted(ratios.items(), key=lambda item: -item[1])
    return [Bar(name, ratio, f"{ratio:.2f}", name == OURS) for name, ratio in ordered]
