"""An origin server for caches and browsers that records its requests.

``python recording_origin.py FD ROOT OPTIONS``, with the options as JSON. ``/seen`` responds with
the requests so far, as JSON: path, method, status and the request headers. Other URLs without a
file respond with a 404 that caches may keep.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from tests.helpers.server_processes import watched
from whitenoise_async import ASGIWhiteNoise

seen: list[dict[str, Any]] = []


async def send_records(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application: responds with the recorded requests, or with 404."""
    is_found = scope["path"] == "/seen"
    body = json.dumps(seen if is_found else "Not Found").encode()
    cache_control = b"no-store" if is_found else b"max-age=60"
    headers = [(b"content-type", b"application/json"), (b"cache-control", cache_control)]
    status = 200 if is_found else 404
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Recorder:
    """Adds each request to an application to ``records``, with the status of the response."""

    def __init__(self, application: Any, records: list[dict[str, Any]]) -> None:
        self.application = application
        self.records = records

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] != "/seen":
                fields = {name.decode(): value.decode() for name, value in scope["headers"]}
                about = {"path": scope["path"], "method": scope["method"]}
                self.records.append({**about, "status": message["status"], **fields})
            await send(message)

        await self.application(scope, receive, note)


@contextmanager
def running_origin(root: Path, **options: object) -> Iterator[int]:
    """Run an origin server for ``root``, with options of the middleware; yields its port."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
        tempfile.NamedTemporaryFile() as log,
    ):
        arguments = [str(listener.fileno()), str(root), json.dumps(options)]
        process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            with watched(process, Path(log.name)):
                yield listener.getsockname()[1]
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process, and kill it after 20 seconds."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    files = ASGIWhiteNoise(send_records, sys.argv[2], **json.loads(sys.argv[3]))
    application = Recorder(files, seen)
    config = uvicorn.Config(application, log_level="warning", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])
