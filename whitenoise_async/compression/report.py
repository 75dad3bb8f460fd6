"""The results of a run: outcomes, failures, totals."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from ..files.codings import BY_SUFFIX, DCZ, coding_named, is_delta
from .errors import CompressionError

#: Why a link is left alone.
LEADS_OUT = "a link that leads out of the root"

# Names in one line. The report has all of them.
_MAX_NAMES = 5


class Action(str, Enum):
    """The result for a variant, in a run or in a dry run."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    #: The content was right. The variant got its original's date, mode or owner.
    ADJUSTED = "adjusted"
    #: There is no variant, because it would not save enough.
    NOT_WORTH = "not worth it"
    REMOVED = "removed"
    #: These three are the results of a check.
    MISSING = "missing"
    STALE = "stale"
    UNNEEDED = "unneeded"


#: The actions that a check reports as problems.
PROBLEMS = frozenset({Action.MISSING, Action.STALE, Action.UNNEEDED})

_KEPT = frozenset({Action.WRITTEN, Action.UNCHANGED, Action.ADJUSTED})


class Outcome(NamedTuple):
    """The result for one variant. Numbers of bytes are ``None`` if unknown."""

    path: str  # of the original, below the root, with ``/`` between names
    encoding: str
    action: Action
    bytes_before: int | None  # of the original
    bytes_after: int | None  # of the variant
    reason: str = ""

    @property
    def variant(self) -> str:
        """The variant's path below the root."""
        return self.path + coding_named(self.encoding).suffix


class Failure(NamedTuple):
    """A file or folder that could not be read or written. The reason names it."""

    path: str
    reason: str


class Watcher:
    """Follows a run. One thread at a time calls these methods. Here they do nothing."""

    def on_begin(self, report: Report) -> None:
        """A run begins. ``report`` has its results, also after an interrupt."""

    def on_wait(self, root: str) -> None:
        """This run waits, because another one holds the lock of the root."""

    def on_start(self, size: int) -> None:
        """The work starts: originals of ``size`` bytes have to be compressed or compared."""

    def on_progress(self, size: float) -> None:
        """Another ``size`` bytes are done. Each encoding has an equal share of an original."""

    def on_result(self, result: Outcome | Failure) -> None:
        """There is a result for a variant, or something failed."""


class Totals(NamedTuple):
    """The totals of one encoding. The bytes are those of existing variants and their originals."""

    variants: int
    bytes_before: int
    bytes_after: int
    ratio: float | None  # the share that is left; ``None`` without variants
    written: int
    removed: int


class Report:
    """The results of a run below one root. Threads add to it."""

    def __init__(self, root: str, watcher: Watcher | None = None) -> None:
        """:param watcher: is called for each result."""
        self.root = root
        #: The number of files, except variants.
        self.found = 0
        #: The number of those that are neither excluded nor too small.
        self.files = 0
        #: Bytes of these files.
        self.size = 0
        self.seconds = 0.0
        #: Why a link to a file is not compressed, by its path below the root.
        self.left_alone: dict[str, str] = {}
        self.warnings: Sequence[str] = ()
        self.watcher = watcher or Watcher()
        self._results: set[Outcome | Failure] = set()
        self._lock = threading.Lock()
        self.watcher.on_begin(self)

    def add(self, result: Outcome | Failure) -> None:
        """Add a result, and pass it to the watcher: once, if encodings fail for one reason."""
        with self._lock:
            if result not in self._results:
                self._results.add(result)
                self.watcher.on_result(result)

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Add an error of compression as a failure."""
        try:
            yield
        except CompressionError as error:
            self.add(Failure(error.path, str(error)))

    def advance(self, size: float) -> None:
        """Report progress: another ``size`` bytes are done."""
        with self._lock:
            self.watcher.on_progress(size)

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """The outcomes, sorted."""
        return sorted(each for each in self._results if isinstance(each, Outcome))

    @property
    def failures(self) -> Sequence[Failure]:
        """The failures, sorted."""
        return sorted(each for each in self._results if isinstance(each, Failure))

    @property
    def problems(self) -> Sequence[Outcome]:
        """The problems that a check found."""
        return [each for each in self.outcomes if each.action in PROBLEMS]

    @property
    def totals(self) -> Mapping[str, Totals]:
        """Totals by encoding, those of all deltas together."""
        own: dict[str, list[Outcome]] = {each.token: [] for each in BY_SUFFIX.values()}
        own[DCZ] = []
        for outcome in self.outcomes:
            own[DCZ if is_delta(outcome.encoding) else outcome.encoding].append(outcome)
        return {token: _totals(results) for token, results in own.items() if results}

    def left_alone_lines(self) -> Iterator[str]:
        """A line for each reason why links were left alone."""
        by_reason: dict[str, list[str]] = {}
        for path, reason in self.left_alone.items():
            by_reason.setdefault(reason, []).append(path)
        for reason, paths in by_reason.items():
            names = ", ".join(paths[:_MAX_NAMES])
            more = f" and {len(paths) - _MAX_NAMES:,} more" if len(paths) > _MAX_NAMES else ""
            hint = "; --follow-links compresses them" if reason == LEADS_OUT else ""
            yield f"{self.root}: {len(paths):,} left alone, each {reason}: {names}{more}{hint}"


def _totals(outcomes: Sequence[Outcome]) -> Totals:
    actions = [each.action for each in outcomes]
    kept = [each for each in outcomes if each.action in _KEPT]
    before = sum(each.bytes_before or 0 for each in kept)
    after = sum(each.bytes_after or 0 for each in kept)
    written, removed = actions.count(Action.WRITTEN), actions.count(Action.REMOVED)
    return Totals(len(kept), before, after, after / before if before else None, written, removed)
