"""``nox -s fuzz``: hostile requests, for a given time."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.fuzzing import generated, guided
from tests.fuzzing.inputs import CORPUS, Input, append, load_all
from tests.fuzzing.keeping import shrunk, worth_keeping
from tests.fuzzing.sites import Sites
from tests.fuzzing.tally import Limits, Tally, failure_of

_FOUND = CORPUS / "found.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; returns the exit status, 1 if a request failed."""
    options = _parser().parse_args(arguments)
    logging.disable()  # warnings about skipped files are expected
    with tempfile.TemporaryDirectory() as name, closing(Sites(Path(name))) as sites:
        return _run(sites, options.seconds, options.runs, options.keep)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long; two fuzzers share it (60)"
    )
    parser.add_argument("--runs", type=int, help="how many requests of each fuzzer, at the most")
    parser.add_argument(
        "--keep",
        action="store_true",
        help=f"add what takes a new way through the package to {_FOUND.name}, made small",
    )
    return parser


def _run(sites: Sites, seconds: float, runs: int | None, keep: bool) -> int:
    tallies = {}
    candidates: list[Input] = []
    if guided.is_available():
        seconds /= 2
        _say(f"Guided by coverage, {seconds:g} s at the most ...")
        tallies["guided"], candidates = guided.run(Limits(seconds, runs))
    else:
        _say(
            "atheris is not installed, or has no release for this Python: no guidance by coverage."
        )
    _say(f"Generated, {seconds:g} s at the most ...")
    tallies["generated"] = generated.run(Limits(seconds, runs), sites)
    if keep and candidates:
        _keep(sites, candidates)
    for tally in tallies.values():
        _show_failures(sites, tally)
    for name, tally in tallies.items():
        _say(f"{name}: {tally.tried} requests in {tally.seconds:.1f} s, {tally.failed} failed")
    return 1 if any(tally.failed for tally in tallies.values()) else 0


def _keep(sites: Sites, candidates: Iterable[Input]) -> None:
    found = list(worth_keeping(sites, load_all(), candidates))
    append(_FOUND, found)
    _say(f"Added to {_FOUND.name}: {len(found)} requests.")


def _show_failures(sites: Sites, tally: Tally) -> None:
    for failure, request in tally.failures.items():
        small = shrunk(request, partial(_fails, sites, failure))
        _say(f"{failure}\n  {small.to_json()}")


def _fails(sites: Sites, failure: str, request: Input) -> bool:
    return failure_of(sites, request) == failure


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
