"""``nox -s bench_compress``: measure, print the tables, and save them on request."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import machine, results
from tests.benchmarks.command import DETAILS, DOCS, among, interruptible, keep, run
from tests.benchmarks.compressing import contenders, memory, report, rows, trees, turns
from tests.benchmarks.compressing.settings import FULL, QUICK, Settings

KEPT = DOCS / "performance-compressing.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.render:
        _publish(results.load(KEPT))
        return 0
    with interruptible():
        found = _run(QUICK if options.quick else FULL, options.rows)
    sys.stdout.write("\n".join(report.results_text(found)) + "\n")
    whole = not options.quick and set(options.rows) >= set(rows.USUAL)
    if not whole and not options.write:
        return 0
    return keep(KEPT, found, rows.NAMES, _publish, whole=whole)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench_compress --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round over less, to try out")
    parser.add_argument(
        "--rows",
        type=among(rows.NAMES),
        default=rows.USUAL,
        metavar="A,B",
        help=f"of {', '.join(rows.NAMES)} (default: all but {rows.HUGE})",
    )
    parser.add_argument(
        "--write", action="store_true", help="keep the rows of a run that is quick or partial, too"
    )
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; the page from what is kept"
    )
    return parser


def _run(settings: Settings, wanted: Sequence[str]) -> results.Results:
    found: results.Results = {
        "date": machine.today(),
        "machine": machine.describe(contenders.PACKAGES),
        "settings": settings._asdict(),
        "rows": {},
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for row in wanted:
            measured = _row(Path(name), row, settings)
            found["rows"][row] = {"measured": machine.today(), **measured}
    return found


def _row(folder: Path, name: str, settings: Settings) -> dict[str, Any]:
    if name == rows.MANY:
        return _runs("Memory of our command", memory.measure_many(folder, settings))
    if name == rows.HUGE:
        return _runs("One large file", memory.measure_huge(folder, settings))
    return _turns(folder / name, settings)


def _turns(tree: Path, settings: Settings) -> dict[str, Any]:
    if tree.name == rows.ADMIN:
        title = "The static files of Django's admin"
        trees.make_admin(tree)
    else:
        title = "Generated scripts"
        trees.make_scripts(tree, settings.scripts)
    away = {each: reason for each in contenders.BY_NAME if (reason := contenders.missing(each))}
    present = [each for each in contenders.BY_NAME if each not in away]
    measured = turns.measure(tree, present, settings)
    return {
        **measured,
        "title": f"{title}, {measured['files']:,} files, {measured['bytes']:,} bytes",
        "left_out": {**away, **measured["left_out"]},
    }


def _runs(title: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "runs": runs, "left_out": {}}


def _publish(found: results.Results) -> str:
    report.write_page(DETAILS, found)
    return f" and {DETAILS.name}"


if __name__ == "__main__":
    run(main)
