"""``nox -s soak``: put a server under load for a long time, and fail if its use grows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.benchmarks import machine, results
from tests.benchmarks.command import DOCS, interruptible, keep, run
from tests.benchmarks.console import say
from tests.benchmarks.contenders import OURS, missing_of
from tests.benchmarks.soak import plot, report
from tests.benchmarks.soak.judge import faults
from tests.benchmarks.soak.profiles import PROFILES
from tests.benchmarks.soak.run import CutShortError, soak
from tests.benchmarks.soak.settings import FULL, SHORT, Settings
from tests.benchmarks.soak.watch import Sample

_KEPT = DOCS / "soak.json"
_PAGE = DOCS / "soak.md"
_CHART = DOCS / "soak.svg"
_DRAWN = "uvicorn"
_PACKAGES = {OURS, "anyio", "aiofiles"}.union(*(each.packages for each in PROFILES.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status, 1 if something was wrong or grew."""
    options = _parser().parse_args(arguments)
    if options.render:
        _publish(results.load(_KEPT))
        return 0
    if absent := missing_of(PROFILES[options.server].packages):
        say(f"{options.server} cannot be run: {absent}.")
        return 2
    try:
        with interruptible():
            found = _run(options.server, SHORT if options.short else FULL)
    except CutShortError as error:
        say(f"The run was cut short: {error}")
        return 1
    sys.stdout.write("\n".join(report.results_text(found)) + "\n")
    wrong = found["rows"][options.server]["faults"]
    for fault in wrong:
        say(f"NOT FLAT: {fault}")
    if wrong:
        return 1
    if options.short and not options.write:
        return 0
    return keep(_KEPT, found, list(PROFILES), _publish, whole=not options.short)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s soak --", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute of it; writes nothing")
    parser.add_argument("--server", choices=list(PROFILES), default=_DRAWN)
    parser.add_argument("--write", action="store_true", help="keep the results of a short run, too")
    parser.add_argument(
        "--render", action="store_true", help="run nothing; page and chart from what is kept"
    )
    return parser


def _run(server: str, settings: Settings) -> results.Results:
    profile = PROFILES[server]
    bounds = profile.bounds(settings)
    seen = soak(profile, settings, bounds.descriptors)
    return {
        "date": machine.today(),
        "machine": machine.describe(_PACKAGES),
        "settings": settings._asdict(),
        "rows": {server: report.row_of(server, seen, faults(seen.observed, bounds))},
    }


def _publish(found: results.Results) -> str:
    report.write_page(_PAGE, found)
    if _DRAWN not in found["rows"]:
        return f" and {_PAGE.name}"
    row = found["rows"][_DRAWN]
    samples = [Sample(*sample) for sample in row["samples"]]
    _CHART.write_text(plot.draw(*report.heading(found), samples), encoding="utf-8")
    return f", {_CHART.name} and {_PAGE.name}"


if __name__ == "__main__":
    run(main)
