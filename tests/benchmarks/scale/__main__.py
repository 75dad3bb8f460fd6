"""``nox -s bench_scale``: many files, many connections, and workers that share a list."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import machine, results
from tests.benchmarks.command import DETAILS, DOCS, among, interruptible, keep, run
from tests.benchmarks.contenders import PACKAGES
from tests.benchmarks.processes import output_of
from tests.benchmarks.scale import idle, listing, plot, preload, queues, report
from tests.benchmarks.scale.settings import FULL, QUICK, Settings
from tests.benchmarks.servers import Place
from tests.benchmarks.site import make_site

KEPT = DOCS / "performance-scale.json"
CHART = DOCS / "performance-scale.svg"

ROWS: dict[str, Callable[[Place, Settings], dict[str, Any]]] = {
    report.LISTING: lambda place, settings: listing.measure(place.folder, settings),
    report.IDLE: idle.measure,
    report.PRELOAD: lambda place, settings: preload.measure(place.folder, settings),
    report.QUEUES: queues.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and save them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s bench_scale --", description=__doc__)
    names = tuple(ROWS)
    parser.add_argument("--quick", action="store_true", help="few files; writes nothing")
    parser.add_argument("--rows", type=among(names), default=names, metavar="A,B")
    parser.add_argument("--render", action="store_true", help="write page and chart from the file")
    options = parser.parse_args(arguments)
    if options.render:
        _publish(results.load(KEPT))
        return 0
    with interruptible(), tempfile.TemporaryDirectory(prefix="bench-") as name:
        found = _run(Path(name), QUICK if options.quick else FULL, options.rows)
    sys.stdout.write("\n".join(report.text(found)) + "\n")
    if options.quick:
        return 0
    return keep(KEPT, found, names, _publish, whole=options.rows == names)


def _run(folder: Path, settings: Settings, rows: Sequence[str]) -> results.Results:
    place = Place(folder)
    make_site(place.site)
    output_of("capture", [str(place.site), str(place.responses)], folder)
    return {
        "date": machine.today(),
        "machine": machine.describe(PACKAGES | {"django"}),
        "settings": settings._asdict(),
        "rows": {name: ROWS[name](place, settings) for name in rows},
    }


def _publish(found: results.Results) -> str:
    report.write_page(DETAILS, found)
    CHART.write_text(plot.draw(found), encoding="utf-8")
    return f", {DETAILS.name} and {CHART.name}"


if __name__ == "__main__":
    run(main)
