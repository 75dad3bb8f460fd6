"""What adapters on an event loop share: answers that wait for the disk in a thread."""

from __future__ import annotations

from functools import partial

from .answers import Answer
from .base import BaseWhiteNoise
from .decisions import Line, RawFields
from .files import FileSystemError
from .registry import Listed
from .static_file import Sought
from .threads import run_blocking, run_long


class AsyncBaseWhiteNoise(BaseWhiteNoise[Line]):
    """Static files of an application that runs on an event loop, asyncio's or trio's."""

    async def _answer_in_a_thread(
        self, listed: Listed | Sought, method: str, fields: RawFields, path: str, query: str
    ) -> Answer[Line] | None:
        """Answer as :meth:`_answer` does, while the event loop goes on."""
        answer = partial(self._answer, listed, method, fields, path, query)
        # A digest of the content reads a file of gigabytes for seconds, and who asks for the same
        # one meanwhile waits in a thread.
        reads_it_all = self._options.etag == "content" and listed.known is None
        try:
            return await (run_long if reads_it_all else run_blocking)(listed.path, answer)
        except FileSystemError as error:
            return self._unavailable(error, listed)
