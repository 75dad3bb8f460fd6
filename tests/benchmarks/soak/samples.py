"""What the server uses while it is at work, sampled."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from benchmarks.proc import Usage, usage

_EVERY = 0.25  # seconds
_SETTLED = 4  # samples in a row that are alike
_PATIENCE = 60.0  # seconds


class Sample(NamedTuple):
    seconds: float  # since the beginning
    phase: str
    resident: int  # KB
    threads: int
    descriptors: int


class Sampler:
    """Samples a process until it is told to end."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._phase = "start"
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        while not self._over.wait(_EVERY):
            with suppress(OSError, KeyError):  # it has ended
                now = usage(self._pid)
                self.samples.append(Sample(time.monotonic() - self._began, self._phase, *now))

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._phase = name
        yield
        self._phase = "between"

    def settled(self, descriptors: int | None = None) -> Usage:
        """What is used once it changes no more, and no more descriptors are open than so many."""
        deadline = time.monotonic() + _PATIENCE
        last, alike = usage(self._pid), 0
        while alike < _SETTLED and time.monotonic() < deadline:
            time.sleep(_EVERY)
            now = usage(self._pid)
            still = now[1:] == last[1:] and abs(now.resident - last.resident) < 512
            enough = descriptors is None or now.descriptors <= descriptors
            last, alike = now, alike + 1 if still and enough else 0
        return last
