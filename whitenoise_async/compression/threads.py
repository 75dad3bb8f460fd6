"""Run jobs in threads, and stop them in order when the main thread is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

Job = TypeVar("Job")

# Seconds. A signal that arrives just before the main thread starts to wait does not wake it.
_CHECK_INTERVAL = 0.5


class StoppedError(Exception):
    """The run is being stopped; unfinished work is discarded."""


class Stop:
    """Tells threads to stop. Signals interrupt only the main thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def now(self) -> None:
        """Make :meth:`require_going_on` raise from now on."""
        self._event.set()

    def require_going_on(self) -> None:
        """Raise :class:`StoppedError` once the run is being stopped."""
        if self._event.is_set():
            raise StoppedError

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``pieces`` until the run is being stopped."""
        for piece in pieces:
            self.require_going_on()
            yield piece


def in_threads(work: Callable[[Job], object], jobs: Iterable[Job], count: int, stop: Stop) -> None:
    """Run ``work`` for all ``jobs``, in order, in ``count`` threads.

    On an interrupt, or when one job raises, stop the others and wait until they have cleaned up.
    """
    # An interrupt inside Thread.start() loses a thread that is running already. No thread works
    # before all are known.
    all_started = threading.Event()

    def guarded(job: Job) -> None:
        all_started.wait()
        stop.require_going_on()
        try:
            work(job)
        except BaseException:
            stop.now()
            raise

    with ThreadPoolExecutor(count) as threads:
        try:
            futures = [threads.submit(guarded, job) for job in jobs]
            all_started.set()
            for future in _completed(futures):
                with suppress(StoppedError):  # another job raises the cause
                    future.result()
        except BaseException:
            stop.now()
            all_started.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _completed(futures: Iterable[Future[None]]) -> Iterator[Future[None]]:
    """Yield each future when it is done, and let signals in from time to time."""
    for future in futures:
        while not wait([future], _CHECK_INTERVAL).done:
            pass
        yield future
