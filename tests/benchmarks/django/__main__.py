"""``nox -s bench_django``: measure, print the tables, and save them on request."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import fairness, machine, results, settings, throughput
from tests.benchmarks.command import DETAILS, DOCS, among, interruptible, keep, run
from tests.benchmarks.console import reason_of, say
from tests.benchmarks.contenders import ASGI, LIMIT, WSGI, missing_of, missing_server
from tests.benchmarks.django import report
from tests.benchmarks.django.contenders import CONTENDERS, VERSIONS, WHITENOISE
from tests.benchmarks.django.rows import CALLS, FAIRNESS_ROWS, HOPS, NAMES, ROWS
from tests.benchmarks.load import wrk_is_missing
from tests.benchmarks.processes import output_of
from tests.benchmarks.servers import Place
from tests.benchmarks.site import make_site

KEPT = DOCS / "performance-django.json"

# Twelve rows: with five rounds they would take half an hour.
FULL = settings.FULL._replace(rounds=3, warmup=0.3)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.render:
        _publish(results.load(KEPT))
        return 0
    if wrk_is_missing():
        say("wrk is not installed: install the package wrk (Debian: apt-get install wrk).")
        return 2
    with interruptible():
        found = _run(settings.QUICK if options.quick else FULL, options.rows)
    sys.stdout.write("\n".join(report.results_text(found)) + "\n")
    whole = not options.quick and options.rows == NAMES
    if not whole and not options.write:
        return 0
    return keep(KEPT, found, NAMES, _publish, whole=whole)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench_django --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to try out")
    parser.add_argument("--rows", type=among(NAMES), default=NAMES, metavar="A,B")
    parser.add_argument(
        "--write", action="store_true", help="keep the rows of a run that is quick or partial, too"
    )
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; the page from what is kept"
    )
    return parser


def _run(chosen: settings.Settings, wanted: Sequence[str]) -> results.Results:
    found: results.Results = {
        "date": machine.today(),
        "machine": machine.describe(VERSIONS, ("wrk",)),
        "settings": chosen._asdict(),
        "load": round(os.getloadavg()[0], 1),
        "rows": {},
    }
    away = {
        name: reason
        for name, each in CONTENDERS.items()
        if each.package and (reason := missing_of([each.package]))
    }
    names = [name for name in CONTENDERS if name not in away]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Place(Path(folder), "tests.benchmarks.django.target:application")
        make_site(place.site)
        output_of("capture", [str(place.site), str(place.responses)], place.folder)
        for row in wanted:
            if row in _COUNTS:
                measured = _COUNTS[row](place, names)
            else:
                measured = _row(place, row, names, chosen)
            left_out = {**away, **measured.pop("left_out")}
            found["rows"][row] = {"measured": machine.today(), **measured, "left_out": left_out}
    return found


def _row(
    place: Place, name: str, names: Sequence[str], chosen: settings.Settings
) -> dict[str, Any]:
    fair = FAIRNESS_ROWS.get(name)
    row = fair or ROWS[name]
    if reason := missing_server(row.server):
        return {"title": row.title, "contenders": {}, "left_out": dict.fromkeys(names, reason)}
    if fair:
        peers = [each for each in names if each != LIMIT]
        return {"title": row.title, **fairness.measure(place, fair, peers, chosen)}
    return {"title": row.title, **throughput.measure(place, ROWS[name], names, chosen, WHITENOISE)}


def _calls(place: Place, names: Sequence[str]) -> dict[str, Any]:
    def count(name: str) -> dict[str, Any]:
        return {
            interface: _printed(place, "calls_probe", name, interface) for interface in (ASGI, WSGI)
        }

    title = "Calls of functions for a warm request of 2 KB"
    return {"title": title, **_counted([each for each in names if each != LIMIT], count)}


def _hops(place: Place, names: Sequence[str]) -> dict[str, Any]:
    title = "Thread hops of a warm request under ASGI"
    return {
        "title": title,
        **_counted(names, lambda name: {"hops": _printed(place, "hops_probe", name)}),
    }


def _counted(names: Sequence[str], count: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name in names:
        try:
            counted[name] = {"invalid": [], **count(name)}
        except (RuntimeError, ValueError) as error:
            left_out[name] = reason_of(error)
    return {"contenders": counted, "left_out": left_out}


def _printed(place: Place, probe: str, name: str, *arguments: str) -> Any:
    printed = output_of(f"django.{probe}", [name, *arguments, str(place.site)], place.folder)
    # Django warns of bodies that are not made for ASGI. The result is on the last line.
    line = printed.splitlines()[-1]
    say(f"{probe}  {' '.join([name, *arguments])}: {line}")
    return json.loads(line)


#: The rows that count, and measure no time.
_COUNTS = {CALLS: _calls, HOPS: _hops}


def _publish(found: results.Results) -> str:
    report.write_page(DETAILS, found)
    return f" and {DETAILS.name}"


if __name__ == "__main__":
    run(main)
