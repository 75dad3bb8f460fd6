"""The load of the fairness rows: large transfers, and repeated small requests during them.

``python -m tests.benchmarks.fairness_probe KIND PORT SITE READERS`` prints JSON. One
thread with one selector does it all, and checks for the response to the small request first.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.proc import send_queues
from tests.benchmarks.rows import APPLICATION_PATH, DOWNLOADS, READERS, SMALL
from tests.benchmarks.site import DOWNLOAD_NAMES, FILM, PREFIX

_INTERVAL = 0.005  # seconds between small requests
_READERS_SECONDS = 10.0
# A slow reader takes 16 KB ten times a second.
_SLOW_READ = 16 << 10
_SLOW_INTERVAL = 0.1
_CHUNK = 256 << 10


class Probe:
    """A connection on which a small request is repeated."""

    def __init__(self, port: int, path: str, selector: selectors.BaseSelector) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._port = port
        self._selector = selector
        self.latencies: list[float] = []  # seconds
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setblocking(False)
        self._sent: float | None = None
        self._response = b""
        self._next = time.perf_counter()
        self._selector.register(self._socket, selectors.EVENT_READ, self.poll)

    def poll(self) -> None:
        """Read the next part of the response."""
        try:
            arrived = self._socket.recv(1 << 16)
        except BlockingIOError:
            return
        if not arrived:  # hypercorn closes a connection after 1,000 requests
            self._selector.unregister(self._socket)
            self._socket.close()
            self._connect()
            return
        self._response += arrived
        head, end, body = self._response.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        if not end or length is None or len(body) < int(length[1]):
            return
        if self._sent is None or not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the small request was answered with {head!r}")
        now = time.perf_counter()
        self.latencies.append(now - self._sent)
        self._next = max(now, self._sent + _INTERVAL)
        self._sent, self._response = None, b""

    def tick(self) -> None:
        """Send the next request when it is due."""
        now = time.perf_counter()
        if self._sent is None and now >= self._next:
            self._sent = now
            self._socket.sendall(self._request)

    def close(self) -> list[float]:
        """Add the request without a response; returns all latencies in seconds."""
        if self._sent is not None:
            self.latencies.append(time.perf_counter() - self._sent)
        self._socket.close()
        return self.latencies


def main(arguments: list[str]) -> None:
    """Load a server, and print the results."""
    kind, port, site, count = arguments
    if kind == READERS:
        result = _readers(int(port), int(count))
    else:
        _prepare_page_cache(Path(site), is_cold=kind == DOWNLOADS)
        result = _downloads(int(port), Path(site))
    print(json.dumps(result))  # noqa: T201


def _prepare_page_cache(site: Path, *, is_cold: bool) -> None:
    """Drop the files of downloads from the page cache, or read them into it."""
    for name in DOWNLOAD_NAMES:
        with (site / PREFIX / name).open("rb") as file:
            if is_cold:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(_CHUNK):
                    pass


def _downloads(port: int, site: Path) -> dict[str, object]:
    """Eight clients, each with a file of its own."""
    selector = selectors.DefaultSelector()
    probe = Probe(port, APPLICATION_PATH, selector)
    clients: set[socket.socket] = set()
    received, began = 0, time.perf_counter()
    size_of_file = (site / PREFIX / DOWNLOAD_NAMES[0]).stat().st_size

    def reader(client: socket.socket) -> Callable[[], None]:
        buffer = bytearray(_CHUNK)
        missing = None  # bytes of the body; None before the response

        def read() -> None:
            nonlocal received, missing
            try:
                size = client.recv_into(buffer)
            except BlockingIOError:
                return
            got = size
            if missing is None:
                missing = size_of_file
                got -= buffer.index(b"\r\n\r\n", 0, size) + 4
            received += got
            missing -= got
            # Hypercorn leaves the connection open after large responses, under trio.
            if missing <= 0 or not size:
                selector.unregister(client)
                client.close()
                clients.discard(client)

        return read

    for name in DOWNLOAD_NAMES:
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(_request(port, name, "Connection: close"))
        client.setblocking(False)
        clients.add(client)
        selector.register(client, selectors.EVENT_READ, reader(client))
    _run(selector, probe, lambda: bool(clients))
    seconds = time.perf_counter() - began
    expected = size_of_file * len(DOWNLOAD_NAMES)
    if received < expected:
        raise RuntimeError(f"{received} bytes arrived, of {expected}")
    return {"latencies": probe.close(), "rate": received / seconds}


def _readers(port: int, count: int) -> dict[str, object]:
    """Clients that request one file at once, and read slowly."""
    selector = selectors.DefaultSelector()
    probe = Probe(port, f"/{PREFIX}/{SMALL.file}", selector)
    clients = [socket.socket() for _ in range(count)]
    queued = 0
    request = _request(port, FILM)
    for client in clients:
        client.connect(("127.0.0.1", port))
    _run(selector, probe, lambda: len(probe.latencies) < 20)  # warm
    probe.latencies.clear()
    for client in clients:
        client.sendall(request)
        client.setblocking(False)
    began = slow = time.perf_counter()

    def go_on() -> bool:
        nonlocal slow, queued
        now = time.perf_counter()
        if now >= slow:
            slow = now + _SLOW_INTERVAL
            for client in clients:
                try:
                    client.recv(_SLOW_READ)
                except BlockingIOError:
                    continue
                probe.poll()
        return now < began + _READERS_SECONDS

    _run(selector, probe, go_on)
    queued = send_queues(port)
    return {"latencies": probe.close(), "queued": queued}


def _request(port: int, name: str, *lines: str) -> bytes:
    head = [f"GET /{PREFIX}/{name} HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def _run(selector: selectors.BaseSelector, probe: Probe, goes_on: Callable[[], bool]) -> None:
    while goes_on():
        probe.tick()
        for key, _ in selector.select(0.001):
            probe.poll()
            if key.data != probe.poll:
                key.data()


if __name__ == "__main__":
    main(sys.argv[1:])
