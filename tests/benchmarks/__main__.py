"""``nox -s bench``: measure, print the tables, and save them on request."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    contenders,
    fairness,
    hashing,
    machine,
    plots,
    report,
    results,
    rows,
    stalled,
    startup,
    throughput,
)
from tests.benchmarks.command import DETAILS, DOCS, PAGE, among, interruptible, keep, run
from tests.benchmarks.console import say
from tests.benchmarks.load import wrk_is_missing
from tests.benchmarks.processes import output_of
from tests.benchmarks.servers import Place
from tests.benchmarks.settings import FULL, QUICK, Settings
from tests.benchmarks.site import make_site

KEPT = DOCS / "performance.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.render:
        _publish(results.load(KEPT))
        return 0
    if wrk_is_missing():
        say("wrk is not installed: install the package wrk (Debian: apt-get install wrk).")
        return 2
    settings = QUICK if options.quick else FULL
    with interruptible():
        found = _run(settings, options.rows, options.only)
    printed = [*report.summary_text(found), "", *report.details_text(found)]
    sys.stdout.write("\n".join(printed) + "\n")
    whole = not options.quick and options.only is None and options.rows == rows.NAMES
    if not whole and not options.write:
        return 0
    return keep(KEPT, found, rows.NAMES, _publish, whole=whole)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to try out")
    parser.add_argument("--rows", type=among(rows.NAMES), default=rows.NAMES, metavar="A,B")
    parser.add_argument("--only", type=among(contenders.NAMES), metavar="A,B")
    parser.add_argument(
        "--write", action="store_true", help="keep the rows of a run that is quick or partial, too"
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="measure nothing; write pages and chart from what is kept",
    )
    return parser


def _run(settings: Settings, wanted: Sequence[str], only: Sequence[str] | None) -> results.Results:
    found: results.Results = {
        "date": machine.today(),
        "machine": machine.describe(contenders.PACKAGES, ("wrk", "nginx")),
        "settings": settings._asdict(),
        "rows": {},
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Place(Path(name))
        make_site(place.site)
        output_of("capture", [str(place.site), str(place.responses)], place.folder)
        for row in wanted:
            found["rows"][row] = _row(place, row, settings, only)
    return found


def _row(place: Place, name: str, settings: Settings, only: Sequence[str] | None) -> dict[str, Any]:
    throughputs = {row.name: row for row in (*rows.ROWS, *rows.HASHED_ROWS)}
    fair = {row.name: row for row in rows.FAIRNESS_ROWS}
    if name == rows.STARTUP:
        title = f"Start-up, {settings.files:,} files and a .gz for each"
        names, away = _present(contenders.for_startup(), only, settings)
        measured = startup.measure(place, names, settings)
    elif name == rows.STARTUP_OPTIONS:
        title = f"Start-up with options, {settings.files:,} files and a .gz for each"
        names, away = _present(contenders.for_startup_options(), None, settings)
        measured = startup.measure(place, names, settings)
    elif name == rows.STALLED:
        title = f"{settings.readers} stalled readers of a 50 MB file, uvicorn"
        names, away = _present(contenders.for_stalled(), only, settings, "uvicorn")
        measured = stalled.measure(place, names, settings)
    elif name == rows.ASSETS:
        title = f"Hashes of {hashing.FILES:,} files, 100 MB"
        away = {}
        measured = hashing.measure(place, settings)
    elif name in fair:
        title = fair[name].title
        server = fair[name].server
        names, away = _present(contenders.for_stalled(), only, settings, server)
        measured = fairness.measure(place, fair[name], names, settings)
    else:
        row = throughputs[name]
        title = row.title
        is_hashed = row in rows.HASHED_ROWS
        of_row = contenders.for_hashed() if is_hashed else contenders.for_row(row)
        names, away = _present(of_row, only, settings, row.server)
        base = contenders.OURS if is_hashed else contenders.LIMIT
        measured = throughput.measure(place, row, names, settings, base)
    return {
        "title": title,
        "measured": machine.today(),
        "contenders": measured["contenders"],
        "left_out": {**away, **measured["left_out"]},
    }


def _present(
    names: Sequence[str],
    only: Sequence[str] | None,
    settings: Settings,
    server: str | None = None,
) -> tuple[list[str], dict[str, str]]:
    """The contenders that take part, and the reasons why others cannot."""
    if only is None:
        # nginx does not change with the project, so a quick run leaves it out.
        wanted = [name for name in names if settings is not QUICK or name != contenders.NGINX]
    else:
        wanted = [name for name in names if name in only or _is_measure(name, only)]
    absent = server and contenders.missing_server(server)
    away = {name: reason for name in wanted if (reason := absent or contenders.missing(name))}
    return [name for name in wanted if name not in away], away


def _is_measure(name: str, only: Sequence[str]) -> bool:
    """The base of the comparison: the limit, or the bare walk for the start."""
    return name == contenders.BARE_WALK and contenders.LIMIT in only


def _publish(found: results.Results) -> str:
    plots.draw(DOCS, found)
    report.write_pages(PAGE, DETAILS, found)
    return f", {PAGE.name}, {DETAILS.name} and the chart"


if __name__ == "__main__":
    run(main)
