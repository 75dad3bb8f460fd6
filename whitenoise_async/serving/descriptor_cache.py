"""Caches open files: opening a large file again could wait for the disk, and so needs a thread."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from contextlib import suppress
from time import monotonic

from ..files.open_file import OpenFile
from ..files.state import FileState
from ..support.after_fork import register_after_fork

#: Files that are kept open. On most systems a process may have 1,024 descriptors, and the
#: application and its connections need most of them.
MAX_OPEN = 64

#: Seconds after which an unused file is closed, at the next check. Until then, a removed file
#: occupies its space on the disk.
IDLE_AFTER = 10.0


class DescriptorCache:
    """Open files by path, least recently used out first. Threads may share it.

    :meth:`get` is for the event loop, and never waits for the disk. The other methods are for
    threads: closing a removed file may wait until the disk has freed its blocks.
    """

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[OpenFile, float]] = OrderedDict()
        self._lock = threading.Lock()
        _sweeper.add(self)
        register_after_fork(self)

    def __len__(self) -> int:
        return len(self._files)

    def get(self, path: str, state: FileState) -> OpenFile | None:
        """The open file for ``path``, shared with the caller, if it is still in ``state``.

        This asks the descriptor. The cache has only files for which that does not wait.
        """
        with self._lock:
            file, _ = self._files.get(path, (None, 0.0))
            if file is None or file.state != state or not file.is_unchanged():
                return None
            self._files[path] = file, monotonic()
            self._files.move_to_end(path)
            return file.share()

    def add(self, file: OpenFile) -> None:
        """Keep ``file`` open, if its state can be read without waiting."""
        if not file.supports_nowait:
            return
        dropped = []
        with self._lock:
            if file.path in self._files:
                dropped.append(self._files.pop(file.path))
            self._files[file.path] = file.share(), monotonic()
            if len(self._files) > MAX_OPEN:
                dropped.append(self._files.popitem(last=False)[1])
        _close(dropped)
        _sweeper.start()

    def drop(self, path: str) -> None:
        """Close the file for ``path``, if the cache has one."""
        with self._lock:
            dropped = [self._files.pop(path)] if path in self._files else []
        _close(dropped)

    def close_idle(self) -> bool:
        """Close the files that were idle for :data:`IDLE_AFTER` seconds.

        :returns: whether a file is left.
        """
        idle_since = monotonic() - IDLE_AFTER
        with self._lock:
            idle = [path for path, (_, used) in self._files.items() if used <= idle_since]
            dropped = [self._files.pop(path) for path in idle]
            is_any_left = bool(self._files)
        _close(dropped)
        return is_any_left

    def clear(self) -> None:
        """Close every file."""
        for path in list(self._files):
            self.drop(path)

    def reset_after_fork(self) -> None:
        """Start empty: the files belong to the parent. Their finalizers close them here."""
        self._lock = threading.Lock()
        self._files = OrderedDict()


def _close(dropped: list[tuple[OpenFile, float]]) -> None:
    for file, _ in dropped:
        file.close()


class _Sweeper:
    """Closes idle files of all caches. One timer thread runs while any file is open."""

    def __init__(self) -> None:
        # Weak references, so that this does not keep an application alive.
        self._caches: weakref.WeakSet[DescriptorCache] = weakref.WeakSet()
        self.reset_after_fork()
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Start without a timer: its thread is not in this process."""
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, cache: DescriptorCache) -> None:
        with self._lock:
            self._caches.add(cache)

    def caches(self) -> list[DescriptorCache]:
        with self._lock:
            return list(self._caches)

    def start(self) -> None:
        with self._lock:
            if self._timer is not None:
                return
            timer = threading.Timer(IDLE_AFTER, self._sweep)
            timer.daemon = True
            timer.name = "whitenoise_async-close-idle"
            # Under the lock. Otherwise `stop` could join a timer that has not started.
            with suppress(RuntimeError):  # no thread can be started; the next file tries again
                timer.start()
                self._timer = timer

    def stop(self) -> None:
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()

    def _sweep(self) -> None:
        with self._lock:
            self._timer = None
        are_open = [cache.close_idle() for cache in self.caches()]
        if any(are_open):
            self.start()


_sweeper = _Sweeper()


def close_all() -> None:
    """Close the files of all caches in this process, and stop the timer. For tests."""
    for cache in _sweeper.caches():
        cache.clear()
    _sweeper.stop()
