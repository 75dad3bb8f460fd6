"""The results of a run: outcomes, failures, totals."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..files.codings import CODINGS

#: The suffix of a variant's name, by encoding.
SUFFIXES = {coding.token: coding.suffix for coding in CODINGS}

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
    """The result for one variant. Sizes are in bytes, and ``None`` if unknown."""

    path: str  # of the original, below the root, with ``/`` between names
    encoding: str
    action: Action
    original: int | None
    size: int | None
    reason: str = ""

    @property
    def variant(self) -> str:
        """The variant's path below the root."""
        return self.path + SUFFIXES[self.encoding]


class Failure(NamedTuple):
    """A file or folder that could not be read or written. The reason names it."""

    path: str
    reason: str


class LeftAlone(NamedTuple):
    """A link to a file that is not compressed, and why."""

    path: str  # below the root, with ``/`` between names
    reason: str


class Watcher:
    """Follows a run. One thread at a time calls these methods. Here they do nothing."""

    def on_wait(self, root: str) -> None:
        """This run waits, because another one holds the lock of the root."""

    def on_start(self, size: int) -> None:
        """The work starts: ``size`` bytes have to be compressed or compared."""

    def on_progress(self, size: int) -> None:
        """Another ``size`` bytes are done."""

    def on_result(self, result: Outcome | Failure) -> None:
        """A variant was changed, or something failed."""

    def on_warning(self, message: str) -> None:
        """Something is wrong, and the run continues without it."""


@dataclass(frozen=True)
class Totals:
    """The totals of one encoding. Sizes are in bytes, of existing variants and their originals."""

    variants: int = 0
    original: int = 0
    size: int = 0
    written: int = 0
    removed: int = 0

    @property
    def ratio(self) -> float | None:
        """The variants' size divided by the originals'; ``None`` without variants."""
        return self.size / self.original if self.original else None


@dataclass
class Report:
    """The results of a run below one root."""

    root: str
    files: int = 0  # neither excluded nor too small
    size: int = 0  # bytes, of these
    outcomes: Sequence[Outcome] = ()
    failures: Sequence[Failure] = ()
    seconds: float = 0.0
    left_alone: Sequence[LeftAlone] = ()
    warnings: Sequence[str] = ()

    @property
    def problems(self) -> Sequence[Outcome]:
        """The problems that a check found."""
        return [each for each in self.outcomes if each.action in PROBLEMS]

    @property
    def totals(self) -> Mapping[str, Totals]:
        """Totals by encoding."""
        by_encoding: dict[str, list[Outcome]] = {token: [] for token in SUFFIXES}
        for each in self.outcomes:
            by_encoding[each.encoding].append(each)
        return {token: _totals(own) for token, own in by_encoding.items() if own}

    def left_alone_lines(self) -> Iterator[str]:
        """A line for each reason why links were left alone."""
        by_reason: dict[str, list[str]] = {}
        for path, reason in self.left_alone:
            by_reason.setdefault(reason, []).append(path)
        for reason, paths in by_reason.items():
            names = ", ".join(paths[:_MAX_NAMES])
            more = f" and {len(paths) - _MAX_NAMES:,} more" if len(paths) > _MAX_NAMES else ""
            hint = "; --follow-links compresses them" if reason == LEADS_OUT else ""
            yield f"{self.root}: {len(paths):,} left alone, each {reason}: {names}{more}{hint}"


def _totals(own: Sequence[Outcome]) -> Totals:
    kept = [each for each in own if each.action in _KEPT]
    return Totals(
        variants=len(kept),
        original=sum(each.original or 0 for each in kept),
        size=sum(each.size or 0 for each in kept),
        written=sum(each.action is Action.WRITTEN for each in own),
        removed=sum(each.action is Action.REMOVED for each in own),
    )


class Results:
    """Collects the results of a run. Threads share it."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        # In order, and each once: several encodings of one file may fail for the same reason.
        self._results: dict[Outcome | Failure, None] = {}
        self._lock = threading.Lock()

    def add(self, result: Outcome | Failure, *, quietly: bool = False) -> None:
        """Add a result, and pass it to the watcher unless it needed no work."""
        with self._lock:
            if result not in self._results:
                self._results[result] = None
                if not quietly:
                    self.watcher.on_result(result)

    def advance(self, size: int) -> None:
        """Report progress: another ``size`` bytes are done."""
        with self._lock:
            self.watcher.on_progress(size)

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """The outcomes so far, sorted."""
        return sorted(each for each in self._results if isinstance(each, Outcome))

    @property
    def failures(self) -> Sequence[Failure]:
        """The failures so far, sorted."""
        return sorted(each for each in self._results if isinstance(each, Failure))
