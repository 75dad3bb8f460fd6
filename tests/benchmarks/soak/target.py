"""The application for the servers: the middleware around one that reports on its process.

It is ``tests.benchmarks.soak.target:application``, configured by environment variables.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.benchmarks.contenders import ASGI
from tests.benchmarks.soak.files import ADD, MEMORY, PREFIX, STATE
from whitenoise_async import ASGIWhiteNoise, WhiteNoise

_SITE = Path(os.environ["SOAK_SITE"])
_OPTIONS: Any = {"index_file": True, "max_cache_size": MEMORY}


class _Adding:
    """Calls ``add_files`` in a thread, for one root after the other."""

    def __init__(self) -> None:
        self.added = 0
        self._waiting: SimpleQueue[str] = SimpleQueue()
        self._starting = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Start the thread in the serving process, which may be a fork."""
        with self._starting:
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._run, daemon=True, name="adding").start()

    def add(self, root: str) -> None:
        self._waiting.put(root)

    def _run(self) -> None:
        while True:
            application.add_files(_SITE.parent / "roots" / self._waiting.get(), PREFIX)
            self.added += 1


_adding = _Adding()


def _respond(path: str) -> tuple[int, bytes]:
    if path == STATE:
        _adding.start()
        state = {"pid": os.getpid(), "tasks": _tasks(), "added": _adding.added}
        return 200, json.dumps(state).encode()
    if path.startswith(ADD):
        _adding.add(path[len(ADD) :])
        return 202, b""
    return 404, b"no such page: " + path.encode()


def _tasks() -> int | None:
    """The number of the event loop's tasks, including this one; ``None`` without a loop."""
    if "trio" in sys.modules:
        from trio.lowlevel import current_statistics, in_trio_run

        if in_trio_run():
            return current_statistics().tasks_living
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return None


async def _asgi_application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        await _standalone(scope, receive, send)
        return
    status, body = _respond(scope["path"])
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wsgi_application(environ: Any, start_response: Any) -> Iterable[bytes]:
    status, body = _respond(environ["PATH_INFO"])
    reason = {200: "OK", 202: "Accepted", 404: "Not Found"}[status]
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {reason}", headers)
    return [body]


_standalone = ASGIWhiteNoise(None)  # responds to a server's lifespan events
application: ASGIWhiteNoise | WhiteNoise
if os.environ["SOAK_INTERFACE"] == ASGI:
    application = ASGIWhiteNoise(_asgi_application, _SITE, PREFIX, **_OPTIONS)
else:
    application = WhiteNoise(_wsgi_application, _SITE, PREFIX, **_OPTIONS)
