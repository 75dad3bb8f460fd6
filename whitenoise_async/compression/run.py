"""A run below one root: the lock, the record, and the results so far."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..support.logs import printable
from .errors import naming
from .folders import Folder
from .locks import locked
from .record import Record
from .report import Failure, LeftAlone, Outcome, Report, Watcher


class Run:
    """The state of a run. Threads share it."""

    def __init__(self, folder: Folder, watcher: Watcher) -> None:
        """Read the record of the root ``folder``, which stays open."""
        self.folder = folder
        self.watcher = watcher
        self.record = Record(folder)
        for message in self.record.warnings:
            watcher.on_warning(message)
        self._outcomes: list[Outcome] = []
        self._failures: dict[Failure, None] = {}  # there may be one for each file
        self._telling = threading.Lock()
        self._began = time.monotonic()

    def tell(self, result: Outcome | Failure) -> None:
        """Add a result, and pass it on."""
        with self._telling:
            if isinstance(result, Outcome):
                self._outcomes.append(result)
            elif result in self._failures:  # several encodings of one file
                return
            else:
                self._failures[result] = None
            self.watcher.on_result(result)

    def keep(self, outcome: Outcome) -> None:
        """Add a result that needed no work."""
        self._outcomes.append(outcome)

    def advance(self, size: int) -> None:
        """Pass on that another ``size`` bytes are done."""
        with self._telling:
            self.watcher.on_progress(size)

    def report(self, files: int, size: int, left_alone: Sequence[LeftAlone]) -> Report:
        """The report so far, files in order."""
        seconds = time.monotonic() - self._began
        outcomes, failures = sorted(self._outcomes), sorted(self._failures)
        warnings = self.record.warnings
        root = self.folder.path
        return Report(root, files, size, outcomes, failures, seconds, left_alone, warnings)


@contextmanager
def opened(root: str | os.PathLike[str], watcher: Watcher, *, alone: bool) -> Iterator[Run]:
    """Begin a run as soon as no other one holds the lock; ``alone`` if it may change something."""
    path = os.fspath(root)
    if not isinstance(path, str):
        raise TypeError(f"root must be a str or a path of str, got {root!r}")
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{printable(path)} is not a directory")
    with locked(path, lambda: watcher.on_wait(path), shared=not alone), ExitStack() as stack:
        with naming(path, "listed"):
            folder = stack.enter_context(Folder.opened(path))
        yield Run(folder, watcher)
