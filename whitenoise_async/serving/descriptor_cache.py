"""Large files are kept open for a while: to open one may wait for the disk, and so for a thread."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from time import monotonic

from ..files.open_file import OpenFile
from ..support.after_fork import register_after_fork
from .representation import FileState

#: Files that are kept open. A process may have 1,024 descriptors on most systems, and the
#: application and its connections want theirs.
MAX_KEPT = 64

#: Seconds after which a file that was not used meanwhile is closed, at the next look: one that was
#: removed has its room on the disk until then.
IDLE = 10.0


class OpenFiles:
    """Open files by path, the least recently used closed first. Threads may share it.

    :meth:`get` is for the event loop, and waits for no disk. To close a file that was removed may,
    when its blocks are freed: the other methods are for threads.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[OpenFile, float]] = OrderedDict()
        self._changing = threading.Lock()
        _sweeper.add(self)
        register_after_fork(self)

    def get(self, path: str, state: FileState) -> OpenFile | None:
        """The file that is kept for ``path``, shared with the caller, if it is as ``state`` says.

        Asks the descriptor, which waits for nothing: only such files are kept.
        """
        with self._changing:
            file, _ = self._kept.get(path, (None, 0.0))
            if file is None or file.state != state or not file.is_untouched():
                return None
            self._kept[path] = file, monotonic()
            self._kept.move_to_end(path)
            return file.share()

    def keep(self, file: OpenFile) -> None:
        """Share ``file`` with those who come after, if its state can be asked without waiting."""
        if not file.reads_at_once:
            return
        dropped = []
        with self._changing:
            if file.path in self._kept:
                dropped.append(self._kept.pop(file.path))
            self._kept[file.path] = file.share(), monotonic()
            if len(self._kept) > MAX_KEPT:
                dropped.append(self._kept.popitem(last=False)[1])
        _close(dropped)
        _sweeper.start()

    def drop(self, path: str) -> None:
        """Close the file that is kept for ``path``, if one is."""
        with self._changing:
            dropped = [self._kept.pop(path)] if path in self._kept else []
        _close(dropped)

    def close_idle(self) -> bool:
        """Close what was not used for :data:`IDLE` seconds; returns whether anything is left."""
        idle_since = monotonic() - IDLE
        with self._changing:
            idle = [path for path, (_, used) in self._kept.items() if used <= idle_since]
            dropped = [self._kept.pop(path) for path in idle]
            left = bool(self._kept)
        _close(dropped)
        return left

    def reset_after_fork(self) -> None:
        """Begin anew, in a process that was just forked from one that has files open.

        What nobody has any more closes itself.
        """
        self._changing = threading.Lock()
        self._kept = OrderedDict()


def _close(dropped: list[tuple[OpenFile, float]]) -> None:
    for file, _ in dropped:
        file.close()


class _Sweeper:
    """Closes what is idle: one thread for all, which is there while anything is kept."""

    def __init__(self) -> None:
        # Weakly: this must not keep an application alive that nobody has any more.
        self._all: weakref.WeakSet[OpenFiles] = weakref.WeakSet()
        self.reset_after_fork()
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Begin anew, in a process that was just forked: threads have not come along."""
        self._changing = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, open_files: OpenFiles) -> None:
        with self._changing:
            self._all.add(open_files)

    def all(self) -> list[OpenFiles]:
        with self._changing:
            return list(self._all)

    def start(self) -> None:
        with self._changing:
            if self._timer is not None:
                return
            timer = self._timer = threading.Timer(IDLE, self._sweep)
        timer.daemon = True
        timer.name = "whitenoise_async-close-idle"
        try:
            timer.start()
        except RuntimeError:  # no thread is to be had; the next file that is kept tries again
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        left = [each.close_idle() for each in self.all()]
        if any(left):
            self.start()


_sweeper = _Sweeper()
