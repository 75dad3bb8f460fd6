"""Counts the requests that a fuzzer has tried, and its failures."""

from __future__ import annotations

import time
import traceback
from typing import Any, NamedTuple

from tests.fuzzing.inputs import Input, from_json
from tests.fuzzing.invariants import check
from tests.fuzzing.sites import Sites


class Limits(NamedTuple):
    """The limits of a fuzzer. The first one reached ends it."""

    seconds: float
    runs: int | None


class Tally:
    """Tries requests, and remembers one of each kind of failure."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began = time.monotonic()
        self.seconds = 0.0
        self.tried = 0
        self.failed = 0
        self.failures: dict[str, Input] = {}

    def is_over(self) -> bool:
        """Whether a limit is reached."""
        self.seconds = time.monotonic() - self._began
        runs = self._limits.runs
        return self.seconds >= self._limits.seconds or (runs is not None and self.tried >= runs)

    def attempt(self, sites: Sites, request: Input) -> None:
        """Try a request."""
        self.tried += 1
        failure = failure_of(sites, request)
        if failure is not None:
            self.failed += 1
            self.failures.setdefault(failure, request)

    def to_json(self) -> Any:
        """The tally for another process."""
        failures = {failure: request.to_json() for failure, request in self.failures.items()}
        return [self.seconds, self.tried, self.failed, failures]

    def take(self, written: Any) -> None:
        """The inverse of :meth:`to_json`."""
        self.seconds, self.tried, self.failed, failures = written
        self.failures = {failure: from_json(line) for failure, line in failures.items()}


def failure_of(sites: Sites, request: Input) -> str | None:
    """The failure of a request and its place, ``None`` if it succeeds."""
    try:
        check(sites, request)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name}, {place.filename}:{place.lineno}"
    return None
