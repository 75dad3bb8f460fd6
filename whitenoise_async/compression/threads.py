"""Work that is done by threads, and left at an interrupt with nothing half done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

Job = TypeVar("Job")

# Seconds. A signal that comes in the moment before the main thread begins to wait does not wake it.
_LOOKS_UP = 0.5


class StoppedError(Exception):
    """The work is to end, and what is half done to be left."""


class Stop:
    """Tells threads to end. Only the main thread is interrupted, wherever it is at that moment."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def now(self) -> None:
        """Let :meth:`require_going_on` raise from now on."""
        self._event.set()

    def require_going_on(self) -> None:
        """Raise :class:`StoppedError` once the work is to end."""
        if self._event.is_set():
            raise StoppedError


def in_threads(do: Callable[[Job], object], jobs: Iterable[Job], count: int, stop: Stop) -> None:
    """Do all ``jobs`` in their order, by ``count`` threads.

    On an interrupt, or when one of them raises, the others are told to end by ``stop``, and waited
    for: what they clean up is cleaned up.
    """
    waiting = iter(jobs)
    taking = threading.Lock()
    all_started = threading.Event()

    def take() -> Iterator[Job]:
        while True:
            stop.require_going_on()
            with taking:
                try:
                    job = next(waiting)
                except StopIteration:
                    return
            yield job

    def work() -> None:
        # An interrupt while a thread is started leaves one that nobody knows of, nor waits for.
        all_started.wait()
        try:
            for job in take():
                do(job)
        except BaseException:
            stop.now()
            raise

    with ThreadPoolExecutor(count) as threads:
        try:
            workers = [threads.submit(work) for _ in range(count)]
            all_started.set()
            for worker in _completed(workers):
                with suppress(StoppedError):  # what stopped it is raised by another
                    worker.result()
        except BaseException:
            stop.now()
            all_started.set()
            raise


def _completed(futures: Iterable[Future[None]]) -> Iterator[Future[None]]:
    """Yield each as it is completed, and look for a signal now and then."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, _LOOKS_UP, FIRST_COMPLETED)
        yield from done
