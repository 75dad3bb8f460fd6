"""The run: one phase after the other, while samples of the server are taken."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import uvloop

from tests.benchmarks.checks import WrongResponseError
from tests.benchmarks.console import say
from tests.benchmarks.proc import usage
from tests.benchmarks.processes import environment
from tests.benchmarks.servers import ServerEndedError, free_port, started
from tests.benchmarks.soak.aborts import abort
from tests.benchmarks.soak.changes import Changes
from tests.benchmarks.soak.client import CONNECTIONS, Tally, ask
from tests.benchmarks.soak.exchanges import Exchange, Mix, first_requests
from tests.benchmarks.soak.files import Site, Text, make_site
from tests.benchmarks.soak.judge import Observed, Round, State, Wave
from tests.benchmarks.soak.profiles import Profile
from tests.benchmarks.soak.settings import Settings
from tests.benchmarks.soak.watch import Control, Sample, Watch
from tests.benchmarks.stalled import (
    allow_descriptors,
    stalled_clients,
    steady,
    steady_queues,
)

_TARGET = "tests.benchmarks.soak.target:application"
# Python logs files that were not closed and coroutines that were not awaited.
_TELLING = ("-W", "default::ResourceWarning", "-W", "default::RuntimeWarning")

# Part of the names of phases with stalled readers.
_STALLED = "stalled"

_REQUESTS_IN_WAVE = 1000

# Seconds in which the server must release all after its clients have gone. The descriptor cache
# closes a file after ten to twenty seconds, and idle threads end after ten.
_PATIENCE = 60.0


class CutShortError(Exception):
    """The reason why a run was cut short."""


class Run(NamedTuple):
    observed: Observed
    samples: list[Sample]
    answered: int
    aborted: int
    changes: int  # generations of files, and roots


def soak(profile: Profile, settings: Settings, allowed: int) -> Run:
    """Run a server and all phases.

    :param allowed: descriptors in addition to those of the start that a server may keep after
        stalled readers have gone.
    :raises CutShortError: if the run cannot continue.
    """
    allow_descriptors(3 * max(settings.stalled) + 500)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        text = Text()
        site = make_site(folder / "site", settings.files, text)
        changes = Changes(folder / "site", text, settings.period)
        port, log = free_port(), folder / "log"
        command = [sys.executable, *_TELLING, "-m", *profile.command.format(port=port).split()]
        environ = environment(
            folder,
            PYTHONPATH=os.pathsep.join(sys.path),  # the server uses the same package
            SOAK_SITE=str(folder / "site"),
            SOAK_INTERFACE=profile.interface,
        )
        try:
            with started([*command, _TARGET], port, log, environ, None):
                under_load = _Soak(port, profile, settings, site, text, changes, allowed)
                under_load.run()
        except ServerEndedError as error:
            raise CutShortError(f"{error.__cause__!r}; {error}") from error
        except (OSError, HTTPException, WrongResponseError) as error:
            written = log.read_text(errors="replace")[-2000:]
            raise CutShortError(f"{error!r}; the server's log ends:\n{written}") from error
        return under_load.told(log.read_text(errors="replace").splitlines())


class _Soak:
    """One run."""

    def __init__(
        self,
        port: int,
        profile: Profile,
        settings: Settings,
        site: Site,
        text: Text,
        changes: Changes,
        allowed: int,
    ) -> None:
        self._port, self._profile, self._settings = port, profile, settings
        self._site, self._changes = site, changes
        self._allowed = allowed
        self._tally, self._downloads = Tally(), Tally()
        self._waves: list[Wave] = []
        self._again: list[Wave] = []
        self._etags: dict[str, str] = {}
        self._mix = Mix(site, text, changes, self._etags, seed=1)
        self._control = Control(port)
        self._watch = Watch(self._control.state()["pid"], self._control)

    def run(self) -> None:
        """All phases."""
        with _thread(self._watch.run, self._watch.stop):
            with self._phase("start"):
                self._ask_slowly()
                self._start = self._state()
            with self._phase("first requests"):
                exchanges = first_requests(self._site, self._etags)
                self._ask(len(self._site.first_asked), lambda: next(exchanges))
            with _thread(lambda: self._changes.run(self._control.add), self._changes.stop):
                self._first = self._round("mixed requests", "aborted downloads")
                self._second = self._round("mixed again", "aborted again")
                # The waves come last, since memory that they leave in the C library hides leaks.
                for readers in self._profile.waves(self._settings.stalled):
                    self._waves.append(self._wave(readers, "readers"))
                    self._again.append(self._wave(readers, "again"))
            with self._phase("rest"):
                threads = self._start.threads + self._profile.threads
                self._come_down(self._start._replace(threads=threads))
                self._end = self._state()

    def _round(self, mixed_name: str, aborted_name: str) -> Round:
        settings, watch = self._settings, self._watch
        begin = len(watch.samples)
        with self._phase(mixed_name):
            self._ask(settings.requests // 2, self._mix.draw)
        mixed = [sample.resident for sample in watch.samples[begin:]]
        with self._phase(aborted_name):
            self._abort(settings.aborted // 2)
            return Round(mixed, self._state())

    def _ask(self, count: int, draw: Callable[[], Exchange]) -> None:
        uvloop.run(ask(self._port, count, draw, self._tally, CONNECTIONS))

    def _abort(self, count: int) -> None:
        uvloop.run(abort(self._port, count, self._site.film, self._downloads, CONNECTIONS))

    def _wave(self, readers: int, name: str) -> Wave:
        with self._phase(f"{readers:,} {_STALLED} {name}"):
            with stalled_clients(self._port, readers, self._site.film.url):
                # First the queues: a reader holds more memory once its queue is full.
                queued = steady_queues(self._port)
                stalled = self._state()
                self._ask(_REQUESTS_IN_WAVE, self._mix.draw)  # others are served at the same time
            descriptors = self._start.descriptors + self._allowed
            limit = self._start._replace(threads=sys.maxsize, descriptors=descriptors)
            return Wave(readers, stalled, self._come_down(limit), queued)

    def _come_down(self, limit: State) -> State:
        """Wait until the server uses at most ``limit``, apart from memory.

        It gets one request a second, since an idle server does not notice that time passes.
        """
        deadline = time.monotonic() + _PATIENCE
        while _is_above(now := self._now(), limit) and time.monotonic() < deadline:
            time.sleep(1)
            self._ask_slowly()
        return now

    def _ask_slowly(self) -> None:
        self._control.get(self._site.many[0].url)

    def _state(self) -> State:
        """The resources of the server once they have stopped changing."""
        return State(*steady(self._watch.pid), self._control.state()["tasks"])

    def _now(self) -> State:
        return State(*usage(self._watch.pid), self._control.state()["tasks"])

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began, answered = time.monotonic(), self._tally.answered
        self._watch.phase = name
        yield
        took, now = time.monotonic() - began, usage(self._watch.pid)
        say(
            f"{name}: {took:.1f} s, {self._tally.answered - answered:,} responses; then"
            f" {now.resident:,} KB, {now.threads} threads, {now.descriptors} descriptors"
        )

    def told(self, log: list[str]) -> Run:
        """The observations, with the lines of the log, which are all unexpected."""
        samples, changes = self._watch.samples, self._changes
        wrong = [*self._tally.wrong, *self._downloads.wrong, *self._watch.faults, *changes.faults]
        observed = Observed(
            self._start,
            self._first,
            self._second,
            self._waves,
            self._again,
            self._end,
            max(each.threads for each in samples),
            max(each.descriptors for each in samples if _STALLED not in each.phase),
            wrong,
            log,
        )
        answered, aborted = self._tally.answered, self._downloads.answered
        return Run(observed, samples, answered, aborted, changes.roots.newest)


def _is_above(now: State, limit: State) -> bool:
    return (
        now.threads > limit.threads
        or now.descriptors > limit.descriptors
        or (now.tasks or 0) > (limit.tasks or 0)
    )


@contextmanager
def _thread(target: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
