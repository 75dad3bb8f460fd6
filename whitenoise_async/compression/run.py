"""A run below one root: what is known when it begins, and what was done so far."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..support.logs import printable
from .errors import naming
from .folders import Folder
from .locks import locked
from .record import Record
from .report import Failure, LeftAlone, Outcome, Report, Watcher
from .settings import Settings
from .tree import Listing, list_tree


class Run:
    """What is known of a root, and what was done below it so far. Threads may tell it."""

    def __init__(self, folder: Folder, watcher: Watcher) -> None:
        """
        :param folder: the root, open as long as the run goes on.
        :param watcher: is told what happens.
        :raises CompressionError: where the record cannot be read.
        """
        self.folder = folder
        self.root = folder.path
        self.watcher = watcher
        self.record = Record(folder)
        for message in self.record.ignored:
            watcher.warns(message)
        self.left_alone: Sequence[LeftAlone] = ()
        self.failures: list[Failure] = []
        #: Originals at which something failed: what is recorded of them is not to be relied on.
        self.doubtful: set[str] = set()
        self._outcomes: list[Outcome] = []
        self._telling = threading.Lock()
        self._began = time.monotonic()

    def tell(self, result: Outcome | Failure) -> None:
        """Take a result, and pass it on."""
        with self._telling:
            if isinstance(result, Failure):
                self.failures.append(result)
            else:
                self._outcomes.append(result)
            self.watcher.tells(result)

    def find(self, current: Iterable[Outcome], failures: Iterable[Failure]) -> None:
        """Take what was found so, and need not be told to anybody, and what was not."""
        self._outcomes += current
        for failure in failures:
            self.tell(failure)

    def advance(self, size: int) -> None:
        """Pass on that so many bytes were read."""
        with self._telling:
            self.watcher.advances(size)

    def report(self, files: int, size: int) -> Report:
        """Tell of all that was done, files in order."""
        outcomes = sorted(self._outcomes)
        seconds = time.monotonic() - self._began
        failures = sorted(self.failures)
        left_alone, warnings = self.left_alone, self.record.ignored
        return Report(self.root, files, size, outcomes, failures, seconds, left_alone, warnings)

    def listing(self, settings: Settings) -> Listing:
        """List what is to be compressed, and what is recorded."""
        recorded, follow = self.record.entries, settings.follow_links
        return list_tree(self.folder, settings.selects, recorded, follow_links=follow)


@contextmanager
def opened(root: str | os.PathLike[str], watcher: Watcher, *, alone: bool) -> Iterator[Run]:
    """Begin a run, once no other one is under way.

    :param alone: whether this one changes anything.
    :raises NotADirectoryError: where ``root`` is none.
    :raises CompressionError: where the root or the record cannot be read.
    """
    path = os.fspath(root)
    if not isinstance(path, str):
        raise TypeError(f"root must be a str or a path of str, got {root!r}")
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{printable(path)} is not a directory")
    with locked(path, lambda: watcher.waits(path), shared=not alone), ExitStack() as open_as_well:
        with naming(path, "listed"):
            folder = open_as_well.enter_context(Folder.opened(path))
        yield Run(folder, watcher)
