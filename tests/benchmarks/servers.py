"""The commands of the servers: one worker each, and no log of requests."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import nginx
from tests.benchmarks.contenders import INTERFACES, NGINX
from tests.benchmarks.processes import SERVER_CPU, child, environment
from tests.benchmarks.site import PREFIX

_START_TIMEOUT = 30.0
_GRANIAN = "granian --host 127.0.0.1 --port {port} --workers 1 --http 1 --no-ws --log-level warning"

# Without lifespan, which not every contender supports.
COMMANDS = {
    "uvicorn": (
        "uvicorn --host 127.0.0.1 --port {port} --http httptools --loop uvloop --interface asgi3"
        " --lifespan off --no-access-log --log-level warning"
    ),
    "uvicorn-asyncio": (
        "uvicorn --host 127.0.0.1 --port {port} --http h11 --loop asyncio --interface asgi3"
        " --lifespan off --no-access-log --log-level warning"
    ),
    "hypercorn": "hypercorn --bind 127.0.0.1:{port} --workers 0 --log-level warning",
    "hypercorn-trio": (
        "hypercorn --bind 127.0.0.1:{port} --workers 0 --worker-class trio --log-level warning"
    ),
    "granian": f"{_GRANIAN} --interface asginl --loop uvloop",
    "granian-wsgi": f"{_GRANIAN} --interface wsgi",
    "gunicorn": (
        "gunicorn --bind 127.0.0.1:{port} --workers 1 --worker-class gthread --threads 4"
        " --keep-alive 75 --no-control-socket --log-level warning"
    ),
}


class Place(NamedTuple):
    """The folder of a run, and the application that its servers import."""

    folder: Path
    target: str = "tests.benchmarks.target:application"

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def responses(self) -> Path:
        return self.folder / "responses"


class Server(NamedTuple):
    pid: int
    port: int
    log: Path


class ServerEndedError(RuntimeError):
    """A server ended while it was measured."""


@contextmanager
def running(place: Place, server: str, contender: str, work: str) -> Iterator[Server]:
    """Run a contender on a server until the block ends."""
    port = free_port()
    environ = environment(
        place.folder,
        BENCH_CONTENDER=contender,
        BENCH_INTERFACE=INTERFACES[server],
        BENCH_WORK=work,
        BENCH_SITE=str(place.site),
        BENCH_RESPONSES=str(place.responses),
    )
    if contender == NGINX:
        command = nginx.command(place.folder, place.site, port)
    else:
        command = _command(server, contender, port, place)
    log = place.folder / f"{server}-{contender}.log"
    with started(command, port, log, environ, SERVER_CPU) as running_server:
        yield running_server


@contextmanager
def started(
    command: Sequence[str], port: int, log: Path, environ: Mapping[str, str], cpu: int | None
) -> Iterator[Server]:
    """Run a server; the block begins when it listens on ``port``."""
    with (
        log.open("wb") as output,
        child(command, cpu, log.parent, output.fileno(), environ) as process,
    ):
        _wait_for(port, process, log)
        try:
            yield Server(process.pid, port, log)
        except Exception as error:
            if process.poll() is None:
                raise
            raise ServerEndedError(_describe(process, log)) from error


def _command(server: str, contender: str, port: int, place: Place) -> list[str]:
    command = [sys.executable, "-m", *COMMANDS[server].format(port=port).split()]
    if contender == "granian":
        folder = str(place.site / PREFIX)
        command += ["--static-path-route", f"/{PREFIX}", "--static-path-mount", folder]
    return [*command, place.target]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server did not start: {_describe(process, log)}")


def _describe(process: subprocess.Popen[str], log: Path) -> str:
    written = log.read_text(errors="replace")[-2000:]
    return f"its exit status is {process.poll()}, and its log ends:\n{written}"
