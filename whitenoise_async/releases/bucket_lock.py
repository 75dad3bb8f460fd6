"""The lock of a bucket: an object that its holder writes again and again.

A killed run cannot remove its lock. So another run watches the lock for some seconds, and takes it
over if nothing changes. No clocks are compared, because those of two machines may differ.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from .bucket import Bucket, OtherRunError, Revision
from .errors import PublishError

#: The name of the lock's object.
NAME = ".whitenoise_async-publish.lock"

# Seconds between two writes of the holder, and for how long another run watches the lock.
_INTERVAL = 5.0
_PATIENCE = 20.0

_POLL = 1.0  # seconds


class BucketLock:
    """Keeps other runs from writing to a bucket."""

    def __init__(
        self, bucket: Bucket, interval: float = _INTERVAL, patience: float = _PATIENCE
    ) -> None:
        """
        :param interval: seconds between two writes of the holder.
        :param patience: for how many seconds another run watches the lock.
        """
        self._bucket = bucket
        self._interval = interval
        self._patience = patience
        self._run = os.urandom(8).hex()
        self._writes = 0
        self._revision: Revision | None = None
        self._lost: str | None = None

    @contextmanager
    def held(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Hold the lock.

        :param on_wait: called before this run watches the lock of another one.
        :raises PublishError: if another run holds it.
        """
        self._take(on_wait)
        # A queue, and no Event: see support/threads.py.
        end: SimpleQueue[None] = SimpleQueue()
        thread = threading.Thread(target=self._renew_until, args=(end,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.put(None)
            thread.join()
            if self._lost is None:
                with suppress(PublishError):
                    self._bucket.delete([NAME])

    def check(self) -> None:
        """Require that no other run has taken the lock over.

        :raises PublishError: if one has.
        """
        if self._lost is not None:
            raise PublishError(self._lost)

    def _take(self, on_wait: Callable[[], None]) -> None:
        try:
            self._write()
        except OtherRunError:
            on_wait()
            self._revision = self._watch()
            try:
                self._write()
            except OtherRunError as error:
                raise self._refusal() from error

    def _watch(self) -> Revision:
        """Watch the lock of another run, and return its revision if nothing changes."""
        revision, deadline = self._revision_there(), time.monotonic() + self._patience
        while time.monotonic() < deadline:
            time.sleep(min(_POLL, self._patience / 10))
            if self._revision_there() != revision:
                raise self._refusal()
        return revision

    def _revision_there(self) -> Revision:
        found = self._bucket.info(NAME)
        if found is None:
            raise self._refusal()
        return found.revision

    def _refusal(self) -> PublishError:
        return PublishError(
            f"another run publishes to {self._bucket.url}: nothing was changed; run the command"
            " again when that run has ended"
        )

    def _write(self) -> None:
        self._writes += 1
        content = json.dumps({"run": self._run, "writes": self._writes}).encode()
        self._revision = self._bucket.put_if(NAME, content, self._revision)

    def _renew_until(self, end: SimpleQueue[None]) -> None:
        while True:
            with suppress(Empty):
                return end.get(timeout=self._interval)
            try:
                self._write()
            except OtherRunError:
                self._lost = f"another run has taken over {self._bucket.url}, so this one ends"
                return None
            except PublishError as error:
                self._lost = str(error)
                return None
