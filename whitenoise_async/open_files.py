"""Large files are kept open for a while: to open one may wait for the disk, and so for a thread."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from time import monotonic

from .files import OpenFile
from .forks import at_fork
from .representations import FileState

#: Files that are kept open. A process may have 1,024 descriptors on most systems, and the
#: application and its connections want theirs.
MAX_KEPT = 64

#: Seconds after its last use in which a file is closed: one that was removed has its room on the
#: disk until then.
IDLE = 10.0


class OpenFiles:
    """Open files by path, the least recently used closed first. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[OpenFile, float]] = OrderedDict()
        self._changing = threading.Lock()
        self._sweeper: threading.Timer | None = None
        _everyone.add(self)

    def get(self, path: str, state: FileState) -> OpenFile | None:
        """The file that is kept for ``path``, shared with the caller, if it is as ``state`` says.

        Asks the descriptor, which waits for nothing: only such files are kept.
        """
        with self._changing:
            file, _ = self._kept.get(path, (None, 0.0))
            if file is None:
                return None
            if file.state != state or not file.is_untouched():
                del self._kept[path]
                file.close()
                return None
            self._kept[path] = file, monotonic()
            self._kept.move_to_end(path)
            return file.share()

    def keep(self, file: OpenFile) -> None:
        """Share ``file`` with those who come after, if its state can be asked without waiting."""
        if not file.reads_at_once:
            return
        with self._changing:
            previous, _ = self._kept.pop(file.path, (None, 0.0))
            if previous is not None:
                previous.close()
            self._kept[file.path] = file.share(), monotonic()
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)[1][0].close()
            if self._kept and self._sweeper is None:
                self._sweep_later()

    def _sweep_later(self) -> None:
        # Weakly: a timer must not keep an application alive that nobody has any more.
        self._sweeper = threading.Timer(IDLE, _sweep, [weakref.ref(self)])
        self._sweeper.daemon = True
        self._sweeper.name = "whitenoise_async-close-idle"
        self._sweeper.start()

    def close_idle(self) -> None:
        """Close what was not used for :data:`IDLE` seconds, and come back while there is more."""
        with self._changing:
            self._sweeper = None
            idle_since = monotonic() - IDLE
            for path, (file, used) in list(self._kept.items()):
                if used <= idle_since:
                    del self._kept[path]
                    file.close()
            if self._kept:
                self._sweep_later()

    def close(self) -> None:
        """Close everything that is kept."""
        with self._changing:
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
            for file, _ in self._kept.values():
                file.close()
            self._kept.clear()

    def start_afresh(self) -> None:
        """Forget everything, in a process that was just forked from one that has it open.

        Neither the timer nor a thread that held a lock has come along. What nobody has any more
        closes itself.
        """
        self._changing = threading.Lock()
        self._sweeper = None
        self._kept = OrderedDict()


_everyone: weakref.WeakSet[OpenFiles] = weakref.WeakSet()


def _sweep(of: weakref.ref[OpenFiles]) -> None:
    open_files = of()
    if open_files is not None:
        open_files.close_idle()


def _after_fork() -> None:
    for each in list(_everyone):
        each.start_afresh()


at_fork(_after_fork)
