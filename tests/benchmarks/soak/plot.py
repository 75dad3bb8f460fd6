"""The chart of a soak: what the server used over time, with the phases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby

from benchmarks.soak.samples import Sample
from benchmarks.svg import STYLE, WIDTH

_LEFT, _RIGHT, _HEAD = 76, 24, 116
_NAMES = 76  # where the first row of the phases' names stands
_WIDE = 6.4  # of a letter, about
_ROW, _GAP = 116, 40
_POINTS = 700  # of a line, at the most
_LINES = """
.line { fill: none; stroke: #0969da; stroke-width: 1.6; stroke-linejoin: round; }
.band { fill: #0969da; opacity: 0.06; }
.small { font-size: 11px; }
@media (prefers-color-scheme: dark) {
  .line { stroke: #4493f8; }
  .band { fill: #4493f8; opacity: 0.10; }
}
"""

_ROWS: Sequence[tuple[str, Callable[[Sample], float]]] = (
    ("Memory, MB", lambda sample: sample.resident / 1024),
    ("Descriptors", lambda sample: sample.descriptors),
    ("Threads", lambda sample: sample.threads),
)


def draw(title: str, subtitle: str, samples: Sequence[Sample]) -> str:
    """The text of an SVG file."""
    height = _HEAD + len(_ROWS) * (_ROW + _GAP) + 16
    end = max(samples[-1].seconds, 1e-9)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}{_LINES}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        _text("text head", 24, 34, title),
        _text("soft", 24, 55, subtitle),
        *_phases(samples, end, height - 36),
    ]
    for number, (name, value) in enumerate(_ROWS):
        top = _HEAD + 22 + number * (_ROW + _GAP)
        parts += _row(name, [(each.seconds, value(each)) for each in samples], end, top)
    return "\n".join([*parts, *_times(end, height - 14), "</svg>\n"])


def _x(seconds: float, end: float) -> float:
    return _LEFT + seconds / end * (WIDTH - _LEFT - _RIGHT)


def _phases(samples: Sequence[Sample], end: float, bottom: float) -> Iterator[str]:
    """A band for every other phase, and above each its name, in a row that has room for it."""
    taken: list[float] = []  # where each row ends
    phases = [
        (name, [each.seconds for each in group])
        for name, group in groupby(samples, key=lambda sample: sample.phase)
        if name != "between"
    ]
    for number, (name, seconds) in enumerate(phases):
        left, right = _x(seconds[0], end), _x(seconds[-1], end)
        if number % 2 == 0:
            yield (
                f'<rect class="band" x="{left:.1f}" y="{_HEAD}" width="{right - left:.1f}"'
                f' height="{bottom - _HEAD:g}"/>'
            )
        wide = _WIDE * len(name)
        begin = min(left, WIDTH - _RIGHT - wide)
        row = next((i for i, stop in enumerate(taken) if stop <= begin), len(taken))
        taken[row : row + 1] = [begin + wide + 8]
        yield _text("soft small", begin, _NAMES + 12 * row, name)


def _row(name: str, points: Sequence[tuple[float, float]], end: float, top: float) -> Iterator[str]:
    most = max(value for _, value in points) * 1.08 or 1.0
    bottom = top + _ROW
    yield _text("text title", _LEFT, top - 6, name)
    for share in (0, 0.5, 1):
        y = bottom - share * _ROW / 1.08
        yield f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text("soft small", _LEFT - 8, y + 4, f"{share * most / 1.08:,.0f}", "end")
    step = max(1, len(points) // _POINTS)
    line = " ".join(
        f"{_x(seconds, end):.1f},{bottom - value / most * _ROW:.1f}"
        for seconds, value in points[::step]
    )
    yield f'<polyline class="line" points="{line}"/>'


def _times(end: float, y: float) -> Iterator[str]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        label = f"{share * end:.0f} s"
        yield _text("soft small", _x(share * end, end), y, label, "end" if share == 1 else "middle")


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
    )
