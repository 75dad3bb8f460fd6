"""Samples of the server process, and statistics that it reports itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from itertools import groupby
from typing import Any, NamedTuple

from tests.benchmarks.proc import usage
from tests.benchmarks.soak.files import ADD, STATE

_PERIOD = 0.2  # seconds from one sample to the next
_ASKED_EVERY = 5  # samples from one number of tasks to the next
_PATIENCE = 60.0


class Sample(NamedTuple):
    seconds: float  # since the watch began
    phase: str
    resident: int  # KB
    threads: int
    descriptors: int
    tasks: int | None


class Control:
    """A connection to the server for statistics and commands. Threads share it."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._asking = threading.Lock()

    def get(self, path: str) -> bytes:
        with self._asking:
            self._connection.request("GET", path)
            return self._connection.getresponse().read()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.get(STATE))
        return state

    def add(self, root: str) -> None:
        """Make the server add a root, and wait for it. They are added in order, from 1."""
        self.get(f"{ADD}{root}")
        deadline = time.monotonic() + _PATIENCE
        while self.state()["added"] < int(root):
            if time.monotonic() > deadline:
                raise TimeoutError(f"root {root} was not added in {_PATIENCE:g} s")
            time.sleep(0.02)

    def close(self) -> None:
        self._connection.close()


class Watch:
    """Takes samples in a thread."""

    def __init__(self, pid: int, control: Control) -> None:
        self.pid = pid
        self.phase = "start"
        self.samples: list[Sample] = []
        self.faults: list[str] = []
        self._control = control
        self._began = time.monotonic()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Take samples until :meth:`stop`."""
        tasks: int | None = None
        try:
            while not self._stopped.wait(_PERIOD):
                if len(self.samples) % _ASKED_EVERY == 0:
                    tasks = self._control.state()["tasks"]
                seconds = round(time.monotonic() - self._began, 2)
                self.samples.append(Sample(seconds, self.phase, *usage(self.pid), tasks))
        except Exception as error:
            self.faults.append(f"the watch ended: {error!r}")

    def stop(self) -> None:
        self._stopped.set()


def thinned(samples: Sequence[Sample], count: int) -> Iterator[Sample]:
    """About ``count`` samples, each with the largest figures since the previous one."""
    step = max(1, len(samples) // count)
    for phase, group in groupby(samples, key=lambda sample: sample.phase):
        of_phase = list(group)
        for first in range(0, len(of_phase), step):
            some = of_phase[first : first + step]
            yield Sample(
                some[-1].seconds,
                phase,
                max(each.resident for each in some),
                max(each.threads for each in some),
                max(each.descriptors for each in some),
                max((each.tasks for each in some if each.tasks is not None), default=None),
            )
