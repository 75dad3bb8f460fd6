"""Downloads that are aborted."""

from __future__ import annotations

import asyncio
import math
import random
from functools import partial
from typing import cast

from tests.benchmarks.soak.client import Tally
from tests.benchmarks.soak.exchanges import request
from tests.benchmarks.soak.files import File

_PATIENCE = 60.0  # seconds, as for the other clients


async def abort(port: int, count: int, file: File, tally: Tally, connections: int) -> None:
    """Request the file ``count`` times, and hang up each time after some bytes.

    Their number is drawn evenly from the orders of magnitude, from none to all but one. A server's
    state differs between the first kilobyte and the last megabytes.
    """
    chance = random.Random(count)
    largest = math.log(len(file.content))
    left = iter(range(count))

    async def take_turns() -> None:
        for _ in left:
            offset = int(math.exp(chance.uniform(0, largest))) - 1
            make = partial(_Download, file, offset, resets=bool(chance.getrandbits(1)))
            loop = asyncio.get_running_loop()
            _, download = await loop.create_connection(make, "127.0.0.1", port)
            complaint = await asyncio.wait_for(download.ended, _PATIENCE)
            if complaint:
                tally.complain(request(file.url), f"hung up at {offset:,}: {complaint}")
            else:
                tally.answered += 1

    await asyncio.gather(*(take_turns() for _ in range(connections)))


class _Download(asyncio.Protocol):
    def __init__(self, file: File, offset: int, resets: bool) -> None:
        """
        :param offset: number of bytes of the body before it hangs up; 0 reads no response.
        :param resets: whether to reset the connection instead of closing it.
        """
        self.ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._file = file
        self._offset = offset
        self._resets = resets
        self._head: bytes | None = b""  # until it is complete
        self._read = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(request(self._file.url))
        if not self._offset:
            self._hang_up(None)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head, found, data = (self._head + data).partition(b"\r\n\r\n")
            if not found:
                return
            if not self._head.startswith(b"HTTP/1.1 200 "):
                self._hang_up("not a 200")
            self._head = None
        if not self._file.content.startswith(data, self._read):
            self._hang_up("other bytes")
        self._read += len(data)
        if self._read >= self._offset:
            self._hang_up(None)

    def _hang_up(self, complaint: str | None) -> None:
        if not self.ended.done():
            self.ended.set_result(complaint)
        if self._resets:
            self._transport.abort()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(f"the server hung up after {self._read:,} bytes")
