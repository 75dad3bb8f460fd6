"""The clients of the soak: those that take their answers, those that hang up, those that stall."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from benchmarks.soak.site import FILM, Expected

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_FILM = b"GET /film.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"
_RECEIVE_BUFFER = 16 << 10  # bytes: the kernel shall not take the file in place of the reader

#: Bytes after which those hang up who do, at the most; fewer are more frequent.
_MOST = 4 << 20


class WrongAnswerError(Exception):
    """An answer that is not what it has to be."""


async def ask_all(port: int, requests: Iterable[Expected], connections: int) -> None:
    """Send ``requests`` over so many connections that are kept, and check each answer.

    :raises WrongAnswerError: for the first that is wrong.
    """
    waiting = iter(requests)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        try:
            for expected in waiting:
                writer.write(expected.request)
                await _check(reader, expected)
        finally:
            writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))


async def _check(reader: asyncio.StreamReader, expected: Expected) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    found = _LENGTH.search(head)
    length = int(found[1]) if found and expected.has_body else 0
    body = await reader.readexactly(length)
    if status != expected.status or not _is_right(body, expected):
        raise WrongAnswerError(f"{expected.request!r} got {status}, {length} bytes: {body[:60]!r}")


def _is_right(body: bytes, expected: Expected) -> bool:
    if expected.body is not None or not expected.has_body:
        return body == (expected.body or b"")
    return len(body) == expected.length and len(set(body)) == 1


async def hang_up(port: int, count: int, connections: int) -> None:
    """Begin so many downloads, and leave each at some place."""
    chance = random.Random(count)
    places = iter([int(2 ** chance.uniform(0, _MOST.bit_length() - 1)) for _ in range(count)])

    async def work() -> None:
        for place in places:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(_FILM)
            got = 0
            while got < place:
                got += len(await reader.read(min(place - got, 1 << 18)))
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    await asyncio.gather(*(work() for _ in range(connections)))


@contextmanager
def stalled(port: int, count: int) -> Iterator[None]:
    """So many readers of a large file, who take a byte and then no more."""
    with ExitStack() as opened:
        clients = [opened.enter_context(socket.socket()) for _ in range(count)]
        for client in clients:
            client.settimeout(60)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            client.connect(("127.0.0.1", port))
            client.sendall(_FILM)
        for client in clients:
            if client.recv(1) != b"H":
                raise WrongAnswerError(f"one of {count} readers of {FILM} bytes was turned away")
        yield
