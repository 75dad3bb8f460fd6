"""The chart of a run: the resources of the server process over time, and the phases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, groupby
from textwrap import wrap
from typing import NamedTuple

from tests.benchmarks.soak.watch import Sample
from tests.benchmarks.svg import MARGIN, WIDTH, card, label

_LEFT, _RIGHT = 76, WIDTH - MARGIN
_NAMES = 80  # where the first row of the phases' names stands
_ROW = 15
_LETTERS = 140  # of a row
_PANEL, _GAP = 100, 40
_ABOVE = 1.1  # of the largest value: the top of a panel

_STYLE = """
.curve { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; }
.band { fill: #818b98; opacity: 0.13; }
.small { font-size: 11px; white-space: pre; }
.unit { text-anchor: end; }
.middle { text-anchor: middle; }
@media (prefers-color-scheme: dark) { .curve { stroke: #4493f8; } }
"""


class _Curve(NamedTuple):
    title: str
    values: Sequence[float]


class _Span(NamedTuple):
    name: str
    left: float
    right: float


def draw(title: str, subtitle: str, samples: Sequence[Sample]) -> str:
    """The text of an SVG file."""
    seconds = [sample.seconds for sample in samples]
    unit = (_RIGHT - _LEFT) / seconds[-1]
    xs = [_LEFT + each * unit for each in seconds]
    spans = list(_spans(samples, xs))
    names = list(_names(spans))
    top = float(_NAMES + _ROW * len(names) + 4)
    curves = list(_curves(samples))
    bottom = top + len(curves) * (_PANEL + _GAP)
    parts = [*names, *_bands(spans, top, bottom)]
    for number, curve in enumerate(curves):
        parts += _panel(curve, xs, top + number * (_PANEL + _GAP) + _GAP)
    parts += _times(seconds[-1], unit, bottom + 18)
    return card(title, subtitle, bottom + 18 + MARGIN, parts, _STYLE)


def _curves(samples: Sequence[Sample]) -> Iterator[_Curve]:
    yield _Curve("Resident memory, MB", [each.resident / 1024 for each in samples])
    yield _Curve("Descriptors", [each.descriptors for each in samples])
    yield _Curve("Threads", [each.threads for each in samples])
    tasks = [each.tasks for each in samples]
    if None not in tasks:
        yield _Curve("Tasks of the event loop", [each or 0 for each in tasks])


def _spans(samples: Sequence[Sample], xs: Sequence[float]) -> Iterator[_Span]:
    left = float(_LEFT)
    numbered = zip(samples, xs, strict=True)
    for name, group in groupby(numbered, key=lambda pair: pair[0].phase):
        *_, (_, right) = group
        yield _Span(name, left, right)
        left = right


def _names(spans: Sequence[_Span]) -> Iterator[str]:
    """The names of the phases, by the numbers in their bands."""
    names = [f"{number}: {span.name}" for number, span in enumerate(spans, 1)]
    unbroken = "  ".join(name.replace(" ", "\N{NO-BREAK SPACE}") for name in names)
    for row, line in enumerate(wrap(unbroken, _LETTERS)):
        yield label("soft small", MARGIN, _NAMES + _ROW * row, line.replace("  ", "   "))


def _bands(spans: Sequence[_Span], top: float, bottom: float) -> Iterator[str]:
    for number, span in enumerate(spans, 1):
        if number % 2:
            yield (
                f'<rect class="band" x="{span.left:.1f}" y="{top:g}"'
                f' width="{span.right - span.left:.1f}" height="{bottom - top:g}"/>'
            )
        yield label("text small middle", (span.left + span.right) / 2, top + 13, str(number))


def _panel(curve: _Curve, xs: Sequence[float], top: float) -> Iterator[str]:
    bottom, most = top + _PANEL, max(curve.values)
    scale = _PANEL / (most * _ABOVE)
    yield label("text title", _LEFT, top - 10, curve.title)
    step = _step(most)
    for value in range(0, int(most * _ABOVE) + 1, step):
        y = bottom - value * scale
        yield f'<line class="axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield label("soft small unit", _LEFT - 8, y + 4, f"{value:,}")
    points = " ".join(
        f"{x:.1f},{bottom - value * scale:.1f}" for x, value in zip(xs, curve.values, strict=True)
    )
    yield f'<polyline class="curve" points="{points}"/>'


def _step(most: float) -> int:
    """From one line of a panel to the next: four lines above the lowest, or fewer."""
    step = 1
    for factor in cycle((2, 2.5, 2)):
        if most * _ABOVE < 5 * step:
            break
        step = int(step * factor)
    return step


def _times(end: float, unit: float, y: float) -> Iterator[str]:
    step = next(step for step in (10, 30, 60, 120, 300, 600, 3600) if end / step <= 12)
    for seconds in range(0, int(end) + 1, step):
        yield label("soft small middle", _LEFT + seconds * unit, y, f"{seconds} s")
