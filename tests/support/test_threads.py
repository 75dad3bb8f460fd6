"""Jobs run in threads, and an interrupt of the main thread ends them cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from whitenoise_async.support.threads import Stop, run_in_threads


def test_every_job_is_done_once_and_in_order_in_each_thread() -> None:
    done: list[int] = []
    run_in_threads(done.append, range(100), 1, Stop())
    assert done == [*range(100)]
    run_in_threads(done.append, range(100, 200), 4, Stop())
    assert sorted(done) == [*range(200)]


def test_without_jobs_nothing_happens() -> None:
    done: list[int] = []
    run_in_threads(done.append, [], 2, Stop())
    assert done == []


def test_the_error_of_a_job_stops_the_others_and_is_raised() -> None:
    done: list[int] = []

    def work(job: int) -> None:
        if job == 2:
            raise ValueError(job)
        done.append(job)

    stop = Stop()
    with pytest.raises(ValueError, match="2"):
        run_in_threads(work, [1, 2, 3], 1, stop)
    assert done == [1]
    assert stop.is_set()


def test_if_a_thread_cannot_be_started_no_job_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []
    really = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    done: list[int] = []
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_in_threads(done.append, [1, 2, 3], 2, Stop())
    assert done == []
    assert not started[0].is_alive()


def test_jobs_run_on_a_system_without_masks_of_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    done: list[int] = []
    run_in_threads(done.append, [1, 2, 3], 1, Stop())
    assert done == [1, 2, 3]


@pytest.mark.slow
def test_interrupts_at_random_moments_leave_no_thread_and_lose_no_lock() -> None:
    """A condition of Python's that is interrupted would stop a worker or the main thread."""
    script = """
    import random, signal, sys, threading, time
    from whitenoise_async.support.threads import Stop, run_in_threads

    class Interrupt(BaseException):
        pass

    def interrupt(number, frame):
        if is_armed:
            raise Interrupt

    generator, count, end = random.Random(0), 0, time.monotonic() + 1.5
    signal.signal(signal.SIGALRM, interrupt)
    sys.setswitchinterval(1e-5)
    while time.monotonic() < end:
        is_armed = True
        try:
            signal.setitimer(signal.ITIMER_REAL, generator.uniform(0.0001, 0.003))
            run_in_threads(lambda job: sum(range(job)), range(40), 2, Stop())
        except Interrupt:
            count += 1
        is_armed = False
        for thread in {*threading.enumerate()} - {threading.main_thread()}:
            thread.join(10)
            assert not thread.is_alive()
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(count > 5)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
