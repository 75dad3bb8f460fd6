"""``python -m benchmarks.soak``: whether a server stays as it is under a long, hostile load."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.command import DOCS, interruptible, run
from benchmarks.console import say
from benchmarks.processes import child, environment
from benchmarks.soak import clients, judge, plot, site
from benchmarks.soak.samples import Sampler
from benchmarks.soak.settings import FULL, SHORT, Settings

_KEPT = DOCS / "soak.json"
_CHART = DOCS / "soak.svg"
_MIXED = "mixed requests"
_EVERY = 0.05  # seconds from one state of the file that changes to the next


def main() -> int:
    """Run it; returns 1 where something was wrong or not flat."""
    parser = argparse.ArgumentParser(prog="nox -s soak --", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute of it; writes nothing")
    parser.add_argument("--write", action="store_true", help="keep the results of a short run, too")
    options = parser.parse_args()
    settings = SHORT if options.short else FULL
    with interruptible(), tempfile.TemporaryDirectory(prefix="soak-") as name:
        found = _soak(Path(name), settings)
    for line in _told(found):
        sys.stdout.write(f"{line}\n")
    if not options.short or options.write:
        samples = found.pop("samples")
        _KEPT.write_text(json.dumps(found, indent=1) + "\n")
        _CHART.write_text(plot.draw("Under load for a long time", _subtitle(found), samples))
        say(f"Written: {_KEPT.name} and {_CHART.name}, in docs/.")
    return 1 if found["faults"] else 0


def _soak(folder: Path, settings: Settings) -> dict[str, Any]:
    _allow_descriptors(2 * max(settings.stalled) + 400)
    site.make(folder, settings)
    log = folder / "server.log"
    with ExitStack() as running:
        listener = running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        port, descriptor = listener.getsockname()[1], listener.fileno()
        listener.set_inheritable(True)
        output = running.enter_context(log.open("wb"))
        command = [sys.executable, "-m", "benchmarks.soak.target", str(descriptor), str(folder)]
        process = running.enter_context(_server(command, folder, output.fileno()))
        listener.close()
        found = _phases(port, process, folder, settings)
    unexpected = log.read_text().splitlines()
    found["faults"] += [f"the server's log says: {line}" for line in unexpected[:5]]
    return found


@contextmanager
def _server(command: list[str], folder: Path, output: int) -> Iterator[int]:
    import benchmarks

    root = Path(benchmarks.__file__).parents[2]
    paths = f"{root}:{root / 'tests'}"
    environ = environment(folder, PYTHONPATH=paths)
    with child(command, None, folder, output, environ, inherits=True) as process:
        yield process.pid


def _phases(port: int, pid: int, folder: Path, settings: Settings) -> dict[str, Any]:
    sampler = Sampler(pid)
    ask = settings.connections
    readers = []
    with sampler.running(), _changing(folder):
        with sampler.phase("each file once"):
            asyncio.run(clients.ask_all(port, site.each_once(settings), ask))
            warm = site.mixed(settings, settings.requests // 4, seed=0)
            asyncio.run(clients.ask_all(port, warm, ask))
        before = sampler.settled()
        say(f"after {settings.files:,} files: {before}")
        with sampler.phase(_MIXED):
            judged = site.mixed(settings, settings.requests, seed=1)
            asyncio.run(clients.ask_all(port, judged, ask))
        say(f"after {settings.requests:,} requests: {sampler.settled()}")
        with sampler.phase("downloads left"):
            asyncio.run(clients.hang_up(port, settings.aborted, ask))
        say(f"after {settings.aborted:,} downloads left: {sampler.settled(before.descriptors)}")
        for count in settings.stalled:
            idle = sampler.settled(before.descriptors)
            with sampler.phase(f"{count:,} stalled"), clients.stalled(port, count):
                stalling = sampler.settled()
            readers.append((count, idle, stalling))
            say(f"{count} stalled readers: {stalling}")
        with sampler.phase("after"):
            after = sampler.settled(before.descriptors)
    return {
        "date": machine.today(),
        "machine": machine.describe(["uvicorn", "httptools", "uvloop", "whitenoise_async"]),
        "settings": settings._asdict(),
        "before": before._asdict(),
        "after": after._asdict(),
        "growth": judge.growth_of([s.resident for s in sampler.samples if s.phase == _MIXED]),
        "most_threads": max(each.threads for each in sampler.samples),
        "readers": [
            {
                "count": count,
                "kb_each": round(judge.for_a_reader(count, idle, stalling), 1),
                "threads": stalling.threads,
            }
            for count, idle, stalling in readers
        ],
        "faults": list(judge.faults(sampler.samples, _MIXED, before, after, readers)),
        "samples": sampler.samples,
    }


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Replace a file again and again."""
    over = threading.Event()

    def work() -> None:
        number = 0
        while not over.wait(_EVERY):
            number += 1
            site.replace(folder, number)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _told(found: dict[str, Any]) -> Iterator[str]:
    before, after, settings = found["before"], found["after"], found["settings"]
    yield _subtitle(found)
    for name in ("resident", "threads", "descriptors"):
        yield f"{name}: {before[name]:,} before, {after[name]:,} after"
    yield f"memory grew by {found['growth']:,.0f} KB over {settings['requests']:,} requests"
    yield f"most threads at any moment: {found['most_threads']}"
    for each in found["readers"]:
        yield "{count} stalled readers: {kb_each} KB each, {threads} threads".format(**each)
    yield from (f"NOT FLAT: {fault}" for fault in found["faults"])


def _subtitle(found: dict[str, Any]) -> str:
    settings = found["settings"]
    stalled = ", ".join(f"{count:,}" for count in settings["stalled"])
    return (
        f"{settings['requests']:,} requests, {settings['aborted']:,} downloads left at some place,"
        f" then {stalled} readers at once that stall"
    )


def _allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


if __name__ == "__main__":
    run(main)
