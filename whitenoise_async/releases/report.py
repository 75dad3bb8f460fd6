"""The results of a run, and the watcher that is called during it."""

from __future__ import annotations

import threading
from enum import Enum
from typing import NamedTuple


class Action(str, Enum):
    """The result for a file."""

    WRITTEN = "written"
    REMOVED = "removed"
    #: A hashed name whose content in the store is different.
    CONFLICT = "conflict"
    #: The results of a check. A kept release uses a lost file, and the store does not have it.
    LOST = "lost"
    MISSING = "missing"
    UNNEEDED = "unneeded"
    OUTDATED = "outdated"


#: The actions that are errors.
PROBLEMS = frozenset(
    {Action.CONFLICT, Action.LOST, Action.MISSING, Action.UNNEEDED, Action.OUTDATED}
)


class Outcome(NamedTuple):
    """The result for one file."""

    path: str  # below the store
    action: Action
    size: int | None = None  # bytes, if it is in the build


class Delta(NamedTuple):
    """A delta for a file of the build."""

    path: str  # below the store
    size: int  # bytes
    without: int  # bytes of the file's best variant that needs no dictionary
    against: tuple[int, ...]  # the releases whose file is the dictionary


class Watcher:
    """Receives the progress of a run. Each method does nothing by default."""

    def on_begin(self, report: Report) -> None:
        """Called first."""

    def on_wait(self, store: str) -> None:
        """Called before the run waits for another one."""

    def on_start(self, size: int) -> None:
        """Called before deltas are made or files are written, with the bytes of all files."""

    def on_progress(self, size: int) -> None:
        """Called after ``size`` more bytes were compressed or written."""

    def on_result(self, outcome: Outcome) -> None:
        """Called for each result."""


class Report:
    """The results of a run. Threads may add to it."""

    def __init__(self, build: str, store: str, watcher: Watcher) -> None:
        """
        :param build: the folder that is published.
        :param store: the name of the store.
        """
        self.build = build
        self.store = store
        self.watcher = watcher
        self.release: int | None = None  # its number
        self.kept: tuple[int, ...] = ()  # the numbers of the releases in the store
        self.dropped: tuple[int, ...] = ()
        self.files = 0  # of the build
        self.size = 0  # bytes
        self.outcomes: list[Outcome] = []
        self.purge: tuple[str, ...] = ()
        self.deltas: tuple[Delta, ...] = ()  # for files of the build, in the store after the run
        self.warnings: list[str] = []
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, path: str, action: Action, size: int | None = None) -> None:
        """Add a result, and call the watcher."""
        outcome = Outcome(path, action, size)
        with self._lock:
            self.outcomes.append(outcome)
            self.watcher.on_result(outcome)

    def advance(self, size: int) -> None:
        """Report progress: another ``size`` bytes are compressed or written."""
        with self._lock:
            self.watcher.on_progress(size)

    def of(self, action: Action) -> list[Outcome]:
        """The results with an action, ordered by path."""
        return sorted(each for each in self.outcomes if each.action is action)

    @property
    def problems(self) -> list[Outcome]:
        """The results that are errors."""
        return [each for each in self.outcomes if each.action in PROBLEMS]
