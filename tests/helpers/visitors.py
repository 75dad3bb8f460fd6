"""Visitors of a site during a deploy: each opens pages, and loads chunks of its page."""

from __future__ import annotations

import gzip
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPException
from typing import NamedTuple

from tests.helpers.caches import Client, Reply
from tests.helpers.releases import Release, names_in
from tests.helpers.rolling_deploy import RENDERED
from tests.helpers.waiting import until

_PAUSE = 0.002  # seconds after each request, in which the replicas and nginx work
# Files that a visitor loads before it opens another page: half of the visitors leave a tab open.
_LIFETIMES = (10, 400)
_VISITORS = 8


class Outcome(NamedTuple):
    """The purpose and the result of a request."""

    phase: str  # of the deploy, when the request was sent
    release: int  # whose page or file was requested; 0 if either page was right
    replica: str  # where the response came from
    result: str  # "200", another status, "wrong content" or "no response"


class Visitors:
    """Sends requests in threads, and counts the outcomes."""

    def __init__(self, port: int, releases: Sequence[Release], phase: str) -> None:
        self.phase = phase  # of the deploy
        self.outcomes: Counter[Outcome] = Counter()
        self._port = port
        self._pages = [each.page for each in releases]
        self._releases = {
            name: number
            for number, each in enumerate(releases, 1)
            for name in (each.main, *each.chunks)
        }
        self._lock = threading.Lock()
        self._is_stopped = False

    def send(self, count: int) -> None:
        """Wait until this number of further requests has been sent."""
        wanted = self.outcomes.total() + count
        until(lambda: self.outcomes.total() >= wanted)

    def run(self, seed: int) -> None:
        """Visit the site until :meth:`stop` is called."""
        draw = random.Random(seed)
        path = ("/", RENDERED)[seed % 2]
        lifetime = _LIFETIMES[seed // 2 % 2]
        with closing(Client(self._port)) as client:
            while not self._is_stopped:
                names = self._open(client, path)
                for _ in range(lifetime):
                    if not self._is_stopped and names:
                        self._get(client, draw.choice(names))

    def stop(self) -> None:
        """Let the visitors leave."""
        self._is_stopped = True

    def _open(self, client: Client, path: str) -> list[str]:
        """Open a page and run its script; returns the names that the script has."""
        scripts = names_in(self._get(client, path))
        return [name for script in scripts for name in names_in(self._get(client, script))]

    def _get(self, client: Client, path: str) -> bytes:
        """Request a file or a page; returns its content, which is empty after a failure."""
        phase, replica, result, body = self.phase, "none", "no response", b""
        try:
            reply = client.get(path, {"Accept-Encoding": "gzip"})
        except (OSError, HTTPException):
            client.close()  # it connects again
        else:
            replica, result, body = reply.headers["x-replica"], *self._check(path, reply)
        outcome = Outcome(phase, self._releases.get(path, 0), replica, result)
        with self._lock:
            self.outcomes[outcome] += 1
        time.sleep(_PAUSE)
        return body

    def _check(self, path: str, reply: Reply) -> tuple[str, bytes]:
        """The result, and the content if it is right."""
        if reply.status != 200:
            return str(reply.status), b""
        is_zipped = reply.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(reply.body) if is_zipped else reply.body
        digest = path.split(".")[1:2]
        is_right = hashlib.sha256(body).hexdigest()[:12] in digest or body in self._pages
        return ("200", body) if is_right else ("wrong content", b"")


@contextmanager
def visiting(port: int, releases: Sequence[Release], phase: str) -> Iterator[Visitors]:
    """Let visitors visit a site, in a first phase. All have left at the end of the block."""
    visitors = Visitors(port, releases, phase)
    threads = [threading.Thread(target=visitors.run, args=[seed]) for seed in range(_VISITORS)]
    for thread in threads:
        thread.start()
    try:
        yield visitors
    finally:
        visitors.stop()
        for thread in threads:
            thread.join()
