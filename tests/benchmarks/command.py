"""Shared parts of the command lines of the benchmarks."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import results
from tests.benchmarks.console import say

DOCS = Path(__file__).parents[2] / "docs"
#: The summary of ``nox -s bench``.
PAGE = DOCS / "performance.md"
#: The results of every benchmark in full.
DETAILS = DOCS / "performance-details.md"


def among(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """A parser for a list of known names."""

    def parse(text: str) -> tuple[str, ...]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return tuple(name for name in known if name in names)

    return parse


@contextmanager
def interruptible() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that all child processes are ended."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def keep(
    kept: Path,
    found: results.Results,
    names: Sequence[str],
    publish: Callable[[results.Results], str],
    *,
    whole: bool,
) -> int:
    """Save the results, and publish them with those saved before; returns the exit status.

    :param publish: returns the names of the files that it wrote.
    """
    try:
        found = results.keep(kept, found, names, whole=whole)
    except results.CannotMergeError as error:
        say(f"Not written: {error}.")
        return 1
    say(f"Written: {kept.name}{publish(found)}, in docs/.")
    return 0


def run(main: Callable[[], int]) -> None:
    """End the process with the status of ``main``."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("Interrupted; what was started is ended.")
        sys.exit(130)
