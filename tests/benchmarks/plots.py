"""The two charts of docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.benchmarks import rows
from tests.benchmarks.contenders import LIMIT, NGINX, OURS
from tests.benchmarks.results import Results, throughput
from tests.benchmarks.svg import Bar, Panel, chart


def draw(folder: Path, results: Results) -> None:
    """Write the charts that have figures."""
    for name, text in (
        ("performance-throughput.svg", _throughput(results)),
        ("performance-cost.svg", _cost(results)),
    ):
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")


def _throughput(results: Results) -> str | None:
    # nginx is in the table only: in the chart its bar would dwarf the others.
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
    subtitle = (
        "Requests a second as a ratio to the limit: the same answers from memory. More is better."
    )
    return chart("Throughput", subtitle, panels, 2, "the limit")


def _falling(ratios: dict[str, float]) -> list[Bar]:
    ordered = sorted(ratios.items(), key=lambda item: -item[1])
    return [Bar(name, ratio, f"{ratio:.2f}", name == OURS) for name, ratio in ordered]


def _cost(results: Results) -> str | None:
    panels = [*_startup_panels(results), *_stalled_panels(results)]
    if not panels:
        return None
    return chart("Start-up and stalled readers", "Less is better.", panels, 1)


def _startup_panels(results: Results) -> list[Panel]:
    row = results["rows"].get(rows.STARTUP)
    if row is None:
        return []
    seconds = [(name, each["median"], f"{each['median']:.2f} s") for name, each in _items(row)]
    memory = [
        (name, each["median_memory_kb"], f"{each['median_memory_kb'] / 1024:.1f} MB")
        for name, each in _items(row)
    ]
    return [
        _rising(f"{row['title']}: time", seconds, 70),
        _rising(f"{row['title']}: memory", memory, 70),
    ]


def _stalled_panels(results: Results) -> list[Panel]:
    row = results["rows"].get(rows.STALLED)
    if row is None:
        return []
    told = [
        (
            name,
            each["median"],
            f"{each['median']:.0f} KB each, {each['threads']} threads,"
            f" {each['left_open']} descriptors left open",
        )
        for name, each in _items(row)
    ]
    return [_rising(row["title"], told, 370)]


def _items(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(row["contenders"].items())


def _rising(title: str, figures: list[tuple[str, float, str]], room: int) -> Panel:
    ordered = sorted(figures, key=lambda figure: figure[1])
    bars = [Bar(name, max(value, 0), label, name == OURS) for name, value, label in ordered]
    return Panel(title, bars, max(1e-9, *(bar.value for bar in bars)), room)
