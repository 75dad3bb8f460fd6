"""Run jobs in threads, and stop them cleanly when the main thread is interrupted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

Job = TypeVar("Job")

# Seconds. A signal that arrives just before the main thread starts to wait does not wake it.
_CHECK_INTERVAL = 0.5


class StoppedError(Exception):
    """The run is stopping. Unfinished work is discarded."""


class Stop(threading.Event):
    """Is set to stop the threads, because a signal interrupts only the main thread."""

    def check(self) -> None:
        """Raise :class:`StoppedError` if it is set."""
        if self.is_set():
            raise StoppedError

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``pieces``, and check before each."""
        for piece in pieces:
            self.check()
            yield piece


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_in_threads(
    work: Callable[[Job], object], jobs: Iterable[Job], count: int, stop: Stop
) -> None:
    """Run ``work`` for all ``jobs``, in order, in ``count`` threads.

    If the main thread is interrupted or a job raises, stop the others and wait until they have
    cleaned up.
    """
    # An interrupt inside Thread.start() hides a running thread from the executor. So no thread
    # works before all are started.
    all_started = threading.Event()

    def guarded(job: Job) -> None:
        all_started.wait()
        stop.check()
        try:
            work(job)
        except StoppedError:
            raise
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(count) as executor:
        try:
            futures = [executor.submit(guarded, job) for job in jobs]
            all_started.set()
            for future in _completed(futures):
                with suppress(StoppedError):  # another job raises the cause
                    future.result()
        except BaseException:
            stop.set()
            all_started.set()
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _completed(futures: Iterable[Future[None]]) -> Iterator[Future[None]]:
    """Yield each future when it is done, and let signals in from time to time."""
    for future in futures:
        while not wait([future], _CHECK_INTERVAL).done:
            pass
        yield future
