"""Bar charts as SVG: panels of labeled bars, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

WIDTH = 920
MARGIN = 24
_GAP = 28
_PITCH = 20  # from one bar to the next
_BAR = 13
_TITLE = 26
_NAME = 148  # room for a bar's name
_LABEL = 46  # room for its value
HEAD = 74  # room for the chart's title

# The card has its own background, since a page may be dark while the system prefers light.
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.card { fill: #ffffff; stroke: #d1d9e0; }
.text { fill: #1f2328; }
.soft { fill: #59636e; }
.head { font-size: 17px; font-weight: 600; }
.title, .own { font-weight: 600; }
.name, .label { text-anchor: end; }
.axis { stroke: #d1d9e0; }
.peer { fill: #9aa7b5; }
.ours { fill: #0969da; }
.limit { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 4 3; }
.told { fill: #bc4c00; }
@media (prefers-color-scheme: dark) {
  .card { fill: #151b23; stroke: #3d444d; }
  .text { fill: #f0f6fc; }
  .soft { fill: #a3adb8; }
  .axis { stroke: #3d444d; }
  .peer { fill: #737c87; }
  .ours { fill: #4493f8; }
  .limit { stroke: #f0883e; }
  .told { fill: #f0883e; }
}
"""


class Bar(NamedTuple):
    name: str
    value: float
    label: str
    ours: bool


class Panel(NamedTuple):
    title: str
    bars: Sequence[Bar]
    scale: float  # the value of the longest bar
    line: float | None = None  # a value that is marked


def chart(
    title: str, subtitle: str, panels: Sequence[Panel], columns: int, line: str | None = None
) -> str:
    """The text of an SVG file."""
    width = (WIDTH - 2 * MARGIN - (columns - 1) * _GAP) / columns
    parts: list[str] = []
    top = float(HEAD)
    for first in range(0, len(panels), columns):
        beside = panels[first : first + columns]
        for column, panel in enumerate(beside):
            parts += _panel(panel, MARGIN + column * (width + _GAP), top, width)
        top += max(_height(panel) for panel in beside) + _GAP
    return card(title, subtitle, top - _GAP + MARGIN, [*([_key(line)] if line else []), *parts])


def card(title: str, subtitle: str, height: float, parts: Sequence[str], style: str = "") -> str:
    """The text of an SVG file: ``parts`` below a title, on a background.

    :param style: additional style rules.
    """
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}"'
            f' width="{WIDTH}" height="{height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}{style}</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}"'
            ' rx="8"/>',
            label("text head", MARGIN, 34, title),
            label("soft", MARGIN, 55, subtitle),
            *parts,
            "</svg>\n",
        ]
    )


def _key(line: str) -> str:
    """The legend of the marked line, at the right end of the head."""
    return (
        f'<text class="told" x="{WIDTH - MARGIN}" y="34" text-anchor="end">{escape(line)}</text>'
        f'<line class="limit" x1="{WIDTH - MARGIN - 30}" x2="{WIDTH - MARGIN}" y1="50" y2="50"/>'
    )


def _height(panel: Panel) -> float:
    return _TITLE + _PITCH * len(panel.bars)


def _panel(panel: Panel, left: float, top: float, width: float) -> Iterator[str]:
    start = left + _NAME
    unit = (width - _NAME - _LABEL) / panel.scale
    bottom = top + _height(panel)
    yield label("text title", left, top + 12, panel.title)
    for number, bar in enumerate(panel.bars):
        y = top + _TITLE + number * _PITCH
        length = max(bar.value * unit, 1)
        kind = "ours" if bar.ours else "peer"
        own = " own" if bar.ours else ""
        yield label(f"text name{own}", start - 8, y + 11, bar.name)
        yield (
            f'<rect class="{kind}" x="{start:g}" y="{y:g}" width="{length:.1f}" height="{_BAR}"'
            ' rx="2"/>'
        )
        # In a column of their own the labels never meet the marked line.
        yield label(f"text label{own}", left + width, y + 11, bar.label)
    yield upright("axis", start, top + _TITLE - 4, bottom - 3)
    if panel.line is not None:
        yield upright("limit", start + panel.line * unit, top + _TITLE - 4, bottom - 3)


def upright(kind: str, x: float, top: float, bottom: float) -> str:
    """An upright line."""
    return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>'


def label(kind: str, x: float, y: float, words: str) -> str:
    """A line of text."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:g}">{escape(words)}</text>'
