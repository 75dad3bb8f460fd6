"""A run below one root: its lock, its record and its results."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..files.folder import Folder
from ..support.locks import locked
from ..support.logs import printable
from .errors import naming
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
        self._failures: dict[Failure, None] = {}  # a set in order; there may be one for each file
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def add(self, result: Outcome | Failure) -> None:
        """Add a result, and pass it to the watcher."""
        with self._lock:
            if isinstance(result, Outcome):
                self._outcomes.append(result)
            elif result in self._failures:  # of several encodings of one file
                return
            else:
                self._failures[result] = None
            self.watcher.on_result(result)

    def add_quietly(self, outcome: Outcome) -> None:
        """Add a result that needed no work, from the main thread."""
        self._outcomes.append(outcome)

    def advance(self, size: int) -> None:
        """Report progress: another ``size`` bytes are done."""
        with self._lock:
            self.watcher.on_progress(size)

    def report(self, files: int, size: int, left_alone: Sequence[LeftAlone]) -> Report:
        """The report so far, sorted."""
        return Report(
            self.folder.path,
            files,
            size,
            sorted(self._outcomes),
            sorted(self._failures),
            time.monotonic() - self._started,
            left_alone,
            self.record.warnings,
        )


@contextmanager
def opened(root: str | os.PathLike[str], watcher: Watcher, *, shared: bool) -> Iterator[Run]:
    """Start a run as soon as the lock of ``root`` is free; ``shared`` if it only reads."""
    path = os.fspath(root)
    if not isinstance(path, str):
        raise TypeError(f"root must be a str or a path of str, got {root!r}")
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{printable(path)} is not a directory")
    with locked(path, lambda: watcher.on_wait(path), shared=shared), ExitStack() as stack:
        with naming(path, "listed"):
            folder = stack.enter_context(Folder.opened(path))
        yield Run(folder, watcher)
