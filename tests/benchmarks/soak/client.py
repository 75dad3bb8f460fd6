"""Clients that keep their connections and send the next request after each response."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

from tests.benchmarks.soak.exchanges import Exchange, Reply

#: Connections at a time.
CONNECTIONS = 32

# Seconds in which some response must come, even on a busy machine.
_PATIENCE = 60.0

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_CLOSING = re.compile(rb"(?i)\r\nconnection: *close\r\n")


class Tally:
    """The results of the requests."""

    def __init__(self) -> None:
        self.answered = 0
        self.wrong: list[str] = []

    def complain(self, request: bytes, complaint: str) -> None:
        line, *headers = request.decode("latin-1").split("\r\n")
        more = "; ".join(header[:80] for header in headers[1:] if header)
        self.wrong.append(f"{line}{f' ({more})' if more else ''}: {complaint}")


async def ask(
    port: int, count: int, draw: Callable[[], Exchange], tally: Tally, connections: int
) -> None:
    """Send ``count`` requests over a few connections, and check every response."""
    load = _Load(count, draw, tally)
    slots = [asyncio.create_task(load.occupy(port)) for _ in range(connections)]
    running: set[asyncio.Task[None]] = set(slots)
    while running:
        before = tally.answered
        _, running = await asyncio.wait(running, timeout=_PATIENCE)
        if running and tally.answered == before:
            tally.wrong.append(f"no response came in {_PATIENCE:g} s")
            for slot in running:
                slot.cancel()
    for outcome in await asyncio.gather(*slots, return_exceptions=True):
        if isinstance(outcome, OSError):
            tally.wrong.append(f"a connection failed: {outcome}")
        elif isinstance(outcome, Exception):
            raise outcome


class _Load:
    """Requests that several connections share."""

    def __init__(self, count: int, draw: Callable[[], Exchange], tally: Tally) -> None:
        self._left = count
        self._draw = draw
        self.tally = tally

    def next(self) -> Exchange | None:
        if not self._left:
            return None
        self._left -= 1
        return self._draw()

    async def occupy(self, port: int) -> None:
        """Use a connection while there are requests, and reconnect if it was closed."""
        loop = asyncio.get_running_loop()
        while self._left:
            _, connection = await loop.create_connection(
                lambda: _Connection(self), "127.0.0.1", port
            )
            await connection.ended


class _Connection(asyncio.Protocol):
    """Sends requests one by one, and checks the responses."""

    def __init__(self, load: _Load) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._exchange: Exchange | None = None  # that waits for its response
        self._expect()

    def _expect(self) -> None:
        self._early = b""  # the incomplete head
        self._head: bytes | None = None
        self._body: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._exchange = self._load.next()
        if self._exchange is None:
            self._transport.close()
        else:
            self._transport.write(self._exchange.request)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self._fail(b"(nothing)", "an unexpected response")
            return
        if self._head is None:
            self._early += data
            head, found, data = self._early.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = head + b"\r\n"
            self._missing = self._length(self._exchange, self._head)
        self._body.append(data)
        self._missing -= len(data)
        if self._missing <= 0:
            self._finish(self._exchange, self._head)

    def _length(self, exchange: Exchange, head: bytes) -> int:
        if exchange.is_head or head[9:12] in (b"204", b"304"):
            return 0
        found = _LENGTH.search(head)
        return int(found[1]) if found else -1

    def _finish(self, exchange: Exchange, head: bytes) -> None:
        if self._missing:
            self._fail(exchange.request, "no Content-Length, or more than it says")
            return
        reply = Reply(int(head[9:12]), head, b"".join(self._body))
        complaint = exchange.check(reply)
        if complaint:
            self._load.tally.complain(exchange.request, complaint)
        else:
            self._load.tally.answered += 1
        self._expect()
        if _CLOSING.search(head):
            self._exchange = None
            self._transport.close()
        else:
            self._ask()

    def _fail(self, request: bytes, complaint: str) -> None:
        self._load.tally.complain(request, complaint)
        self._exchange = None
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self._exchange is not None:
            got = sum(map(len, self._body))
            self._load.tally.complain(
                self._exchange.request, f"the connection was closed after {got:,} bytes of a body"
            )
        if not self.ended.done():
            self.ended.set_result(None)
