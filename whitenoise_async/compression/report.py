"""What was done, in all and file by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..files.codings import CODINGS

_ENCODINGS = tuple(coding.token for coding in CODINGS)

#: Why a link was left alone.
LEADS_OUT = "a link that leads out of the root"

# Names in one line. The report has all of them.
_MAX_NAMES = 5


class Action(str, Enum):
    """What became of a variant, or would become of it."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    #: Its content is right; it was given its original's date or mode, which had changed.
    ADJUSTED = "adjusted"
    #: There is none, as it would not save enough.
    NOT_WORTH = "not worth it"
    REMOVED = "removed"
    #: Of a check:
    MISSING = "missing"
    STALE = "stale"
    UNNEEDED = "unneeded"


#: What a check finds wrong.
PROBLEMS = frozenset({Action.MISSING, Action.STALE, Action.UNNEEDED})

_KEPT = frozenset({Action.WRITTEN, Action.UNCHANGED, Action.ADJUSTED})


class Outcome(NamedTuple):
    """What became of one variant. Sizes in bytes; ``None`` where nobody knows."""

    path: str  # of the original, below the root, with ``/`` between names
    encoding: str
    action: Action
    original: int | None
    size: int | None
    reason: str = ""


class Failure(NamedTuple):
    """A file or folder that could not be read or written; the reason names it."""

    path: str
    reason: str


class LeftAlone(NamedTuple):
    """A link that leads to a file, and why it is not compressed."""

    path: str  # below the root, with ``/`` between names
    reason: str


class Watcher:
    """Is told what happens while it happens, by one thread at a time. This one does nothing."""

    def waits(self, root: str) -> None:
        """Another run has the root, and is waited for."""

    def begins(self, size: int) -> None:
        """So many bytes will be read in all, at the most."""

    def advances(self, size: int) -> None:
        """So many bytes more were read, or need not be read."""

    def tells(self, result: Outcome | Failure) -> None:
        """Something was done, or could not be."""

    def warns(self, message: str) -> None:
        """Something is not as it should be, and the run goes on without it."""


@dataclass(frozen=True)
class Totals:
    """One encoding's share. Sizes in bytes, of the variants that are there and their originals."""

    variants: int = 0
    original: int = 0
    size: int = 0
    written: int = 0
    removed: int = 0

    @property
    def ratio(self) -> float | None:
        """What is left of a byte; ``None`` where there is no variant."""
        return self.size / self.original if self.original else None


@dataclass(frozen=True)
class Report:
    """What a run did below one root."""

    root: str
    files: int  # that were looked at: neither excluded nor too small
    size: int  # bytes, of these
    outcomes: Sequence[Outcome]
    failures: Sequence[Failure]
    seconds: float
    left_alone: Sequence[LeftAlone] = ()
    warnings: Sequence[str] = ()

    @property
    def problems(self) -> Sequence[Outcome]:
        """What a check found wrong."""
        return [each for each in self.outcomes if each.action in PROBLEMS]

    @property
    def totals(self) -> Mapping[str, Totals]:
        """Totals by encoding."""
        met = {each.encoding for each in self.outcomes}
        return {each: _totals(self.outcomes, each) for each in _ENCODINGS if each in met}

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


def _totals(outcomes: Iterable[Outcome], encoding: str) -> Totals:
    mine = [each for each in outcomes if each.encoding == encoding]
    kept = [each for each in mine if each.action in _KEPT]
    return Totals(
        variants=len(kept),
        original=sum(each.original or 0 for each in kept),
        size=sum(each.size or 0 for each in kept),
        written=sum(each.action is Action.WRITTEN for each in mine),
        removed=sum(each.action is Action.REMOVED for each in mine),
    )
