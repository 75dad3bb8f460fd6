"""Run jobs in threads, and stop them cleanly when the main thread is interrupted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Job = TypeVar("Job")

# Seconds. A signal that arrives just before the main thread starts to wait does not wake it.
_CHECK_INTERVAL = 0.5

# What to do with a mask of signals. Windows has no masks.
_BLOCK, _SET_MASK = getattr(signal, "SIG_BLOCK", 0), getattr(signal, "SIG_SETMASK", 0)


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
    work: Callable[[Job], object], jobs: Sequence[Job], count: int, stop: Stop
) -> None:
    """Run ``work`` for all ``jobs``, in order, in ``count`` threads.

    If the main thread is interrupted or a job raises, stop the others and wait until they have
    cleaned up.
    """
    # A signal may raise between any two bytecodes of the main thread. A lock that Python code takes
    # there may then stay locked, or be released while a worker holds it. So the main thread shares
    # only these queues with the workers, which are written in C, and no Event or Future.
    waiting: SimpleQueue[Job | None] = SimpleQueue()
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        # The main thread is not woken for each job. That took six futex calls for each of 3,000.
        for job in iter(waiting.get, None):
            _do(work, job, stop, ended)
        ended.put(None)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    ends: list[Job | None] = [None] * count
    try:
        _start(threads)
        for job in [*jobs, *ends]:
            waiting.put(job)
        for _ in threads:
            _wait_for_one(ended)
    except BaseException:
        stop.set()
        for end in ends:  # not all may have been put
            waiting.put(end)
        raise
    finally:
        for thread in threads:
            if thread.is_alive():
                thread.join()


def _start(threads: Iterable[threading.Thread]) -> None:
    """Start ``threads``, and hold signals back: ``Thread.start`` shares an Event with the thread.

    The threads inherit the mask. So the system delivers each signal to the main thread, and wakes
    it. Windows has no such mask.
    """
    handled = {each for each in signal.valid_signals() if callable(signal.getsignal(each))}
    set_mask = getattr(signal, "pthread_sigmask", lambda how, signals: signals)
    before = set_mask(_BLOCK, ())
    try:
        set_mask(_BLOCK, handled)
        for thread in threads:
            thread.start()
    finally:
        set_mask(_SET_MASK, before)


def _do(
    work: Callable[[Job], object], job: Job, stop: Stop, ended: SimpleQueue[BaseException | None]
) -> None:
    """Do a job, unless the run is stopping; puts what it raises into ``ended``."""
    try:
        stop.check()
        work(job)
    except StoppedError:  # another job raises the cause
        pass
    except BaseException as error:
        stop.set()
        ended.put(error)


def _wait_for_one(ended: SimpleQueue[BaseException | None]) -> None:
    """Wait until a thread ends or a job fails, and let signals in from time to time.

    :raises BaseException: what the job raised.
    """
    while True:
        try:
            error = ended.get(timeout=_CHECK_INTERVAL)
        except Empty:
            continue
        if error is not None:
            raise error
        return
