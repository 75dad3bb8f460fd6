"""Idle keep-alive connections: what each costs with us and with the bare application."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from tests.benchmarks import site
from tests.benchmarks.contenders import LIMIT, OURS, missing_server
from tests.benchmarks.rounds import in_rounds
from tests.benchmarks.scale.settings import Settings
from tests.benchmarks.servers import Place, Server, running
from tests.benchmarks.stalled import allow_descriptors, steady

#: gunicorn's gthread workers keep at most this many connections open by default, so the row has
#: servers with event loops only.
SERVERS = ("uvicorn", "uvicorn-asyncio", "hypercorn")
NAMES = (OURS, LIMIT)
_REQUEST = f"GET /{site.PREFIX}/{site.SMALL} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def measure(place: Place, settings: Settings) -> dict[str, Any]:
    """KB per connection and threads, by server and contender."""
    allow_descriptors(settings.connections + 500)
    found: dict[str, Any] = {}
    for name in SERVERS:
        if missing_server(name):
            continue

        def turn(contender: str, server: str = name) -> tuple[float, int]:
            with running(place, server, contender, "2k") as started:
                return _turn(started, settings.connections)

        seen, left_out = in_rounds(f"idle, {name}", NAMES, settings.rounds, turn)
        if left_out:
            continue
        found[name] = {
            contender: {
                "kb_each": round(median(kb for kb, _ in turns), 2),
                "threads": max(threads for _, threads in turns),
            }
            for contender, turns in seen.items()
        }
    return found


def _turn(server: Server, count: int) -> tuple[float, int]:
    with _idle_clients(server.port, 20):
        pass  # caches are filled, and threads started, before the count begins
    before = steady(server.pid)
    with _idle_clients(server.port, count):
        during = steady(server.pid)
    return (during.resident - before.resident) / count, during.threads


@contextmanager
def _idle_clients(port: int, count: int) -> Iterator[None]:
    """Connections on which one request was answered, and that stay open."""
    with ExitStack() as opened:
        for _ in range(count):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            client.sendall(_REQUEST)
            _read_response(client)
        yield


def _read_response(client: socket.socket) -> None:
    received = b""
    while len(received.partition(b"\r\n\r\n")[2]) < 2 << 10:
        part = client.recv(1 << 16)
        if not part.strip() or not (received + part).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a connection was closed, or its response is wrong")
        received += part
