"""Clients that request a large file and stop reading: their costs and leftovers."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks import site
from tests.benchmarks.browser import HEADERS
from tests.benchmarks.checks import WrongResponseError, ask
from tests.benchmarks.proc import Usage, send_queues, usage
from tests.benchmarks.rounds import in_rounds
from tests.benchmarks.servers import Place, Server, running
from tests.benchmarks.settings import Settings

_PATH = f"/{site.PREFIX}/{site.FILM}"
_RECEIVE_BUFFER = 16 << 10  # so that the kernel does not buffer the file for the reader
_SETTLE_TIMEOUT = 20.0
_ANSWERED = b"HTTP/1.1 200"


class _Seen(NamedTuple):
    kb_each: float
    queued_each: float  # KB in the kernel's send queue, which the process does not show
    threads: int
    descriptors: int  # in addition to one for each connection
    left_open: int

    def __str__(self) -> str:
        return (
            f"{self.kb_each:.0f} KB each, {self.queued_each:.0f} KB in the kernel,"
            f" {self.threads} threads,"
            f" {self.left_open} descriptors left open"
        )


def measure(place: Place, names: Sequence[str], settings: Settings) -> dict[str, Any]:
    """The result of the row."""
    allow_descriptors(3 * settings.readers + 200)

    def turn(name: str) -> _Seen:
        with running(place, "uvicorn", name, "film") as server:
            return _turn(server, settings)

    seen, left_out = in_rounds("stalled", names, settings.stalled_rounds, turn)
    counted = {name: _result(each) for name, each in seen.items()}
    return {"contenders": counted, "left_out": left_out}


def _turn(server: Server, settings: Settings) -> _Seen:
    readers = settings.readers
    # Pools of threads and buffers are created before the count begins.
    reply = ask(server.port, _PATH, HEADERS)
    if len(reply.body) != 50 << 20:
        raise WrongResponseError("another body")
    before = steady(server.pid)
    with stalled_clients(server.port, readers, _PATH):
        # First the queues: a reader holds more memory once its queue is full.
        queued = steady_queues(server.port)
        stalled = steady(server.pid)
    after = when_let_go(server.pid, before.descriptors, settings.grace)
    return _Seen(
        (stalled.resident - before.resident) / readers,
        queued / 1024 / readers,
        stalled.threads,
        stalled.descriptors - before.descriptors - readers,
        max(0, after.descriptors - before.descriptors),
    )


@contextmanager
def stalled_clients(port: int, count: int, path: str, segment: int | None = None) -> Iterator[None]:
    """Clients that have requested a large file and read only the beginning.

    :param segment: the most bytes of a TCP segment; ``None`` for those of the loopback interface.
    """
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    clients: list[socket.socket] = []
    with ExitStack() as opened:
        for _ in range(count):
            client = opened.enter_context(socket.socket())
            clients.append(client)
            client.settimeout(20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if segment is not None:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
            client.connect(("127.0.0.1", port))
            client.sendall(request)
        for client in clients:
            if not client.recv(len(_ANSWERED)) == _ANSWERED:
                raise WrongResponseError("a reader was turned away")
        yield


def steady(pid: int) -> Usage:
    """The resources of the server once they have stopped changing."""
    deadline = time.monotonic() + _SETTLE_TIMEOUT
    last, still = usage(pid), 0
    while still < 4 and time.monotonic() < deadline:
        time.sleep(0.25)
        now = usage(pid)
        same = now[1:] == last[1:] and abs(now.resident - last.resident) < 256
        last, still = now, still + 1 if same else 0
    return last


def steady_queues(port: int) -> int:
    """Bytes in the send queues of a server once they have stopped growing."""
    deadline = time.monotonic() + _SETTLE_TIMEOUT
    last, now = -1, send_queues(port)
    while now != last and time.monotonic() < deadline:
        time.sleep(1)
        last, now = now, send_queues(port)
    return now


def when_let_go(pid: int, descriptors: int, grace: float) -> Usage:
    """The resources of the server once few descriptors are open, or after the grace period."""
    deadline = time.monotonic() + grace
    now = usage(pid)
    while now.descriptors > descriptors and time.monotonic() < deadline:
        time.sleep(0.1)
        now = usage(pid)
    return now


def _result(seen: list[_Seen]) -> dict[str, Any]:
    values = [round(each.kb_each, 1) for each in seen]
    return {
        "values": values,
        "median": median(values),
        "queued": round(median(each.queued_each for each in seen), 1),
        "threads": max(each.threads for each in seen),
        "descriptors": max(each.descriptors for each in seen),
        "left_open": max(each.left_open for each in seen),
        "invalid": [],
    }


def allow_descriptors(count: int) -> None:
    """Raise the limit for this process and its servers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
