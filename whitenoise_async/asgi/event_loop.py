"""What adapters on an event loop share: answers that wait for the disk in a thread."""

from __future__ import annotations

import os
from functools import partial

from anyio import move_on_after

from ..base import BaseWhiteNoise
from ..files.open_file import FileSystemError
from ..registry.walked import Listed
from ..serving.etags import LongDigestError, quickly
from ..serving.responder import PATIENCE, Answer
from ..serving.response_cache import Line, RawFields
from ..serving.snapshot import Sought
from .worker_threads import Call


class AsyncBaseWhiteNoise(BaseWhiteNoise[Line]):
    """Static files of an application that runs on an event loop, asyncio's or trio's."""

    async def _answer_in_a_thread(
        self, listed: Listed | Sought, method: str, fields: RawFields, path: str, query: str
    ) -> Answer[Line] | None:
        """Answer as :meth:`_answer` does, while the event loop goes on.

        A disk may hang while it is asked whether a file has changed. The loaded content is sent in
        the meantime.
        """
        loaded = self._answers.loaded(listed, method, fields)
        with move_on_after(None if loaded is None else PATIENCE):
            return await self._answer_alone(listed, method, fields, path, query)
        # Another request may have loaded a newer state since.
        return self._answers.loaded(listed, method, fields) or loaded

    async def _answer_alone(
        self, listed: Listed | Sought, method: str, fields: RawFields, path: str, query: str
    ) -> Answer[Line] | None:
        """Answer when no other request waits for the disk at the same file.

        Otherwise requests for one file on a disk that hangs would take every thread.
        """
        answer = partial(self._answer, listed, method, fields, path, query)
        place = listed.url if isinstance(listed, Sought) else listed.path
        quick = Call(listed.path, os.path.dirname(place), partial(quickly, answer))
        try:
            try:
                return await self._call_alone(quick, place, listed, method, fields)
            except LongDigestError:
                # A file of gigabytes is read for seconds. Small files must not wait for its thread.
                long = Call(listed.path, None, answer)
                return await self._call_alone(long, place, listed, method, fields)
        except FileSystemError as error:
            return self._unavailable(error, listed)

    async def _call_alone(
        self,
        answer: Call[Answer[Line] | None],
        place: str,
        listed: Listed | Sought,
        method: str,
        fields: RawFields,
    ) -> Answer[Line] | None:
        with answer:
            if not await answer.be_alone(place):
                # Another request may have asked the disk what this one needs to know.
                found = self._answer_at_once(listed, method, fields)
                if found is not None:
                    return found
            return await answer.run()
