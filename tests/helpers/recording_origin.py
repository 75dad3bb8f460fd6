"""An origin for caches and browsers, which tells what it was asked.

``python origin.py FD ROOT OPTIONS``, the last as JSON. ``/seen`` answers with what came so far, as
JSON: path, status, and the request fields.
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
    body = json.dumps(seen).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Recorder:
    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] != "/seen":
                fields = {name.decode(): value.decode() for name, value in scope["headers"]}
                about = {"path": scope["path"], "method": scope["method"]}
                seen.append({**about, "status": message["status"], **fields})
            await send(message)

        await self.application(scope, receive, note)


@contextmanager
def running_origin(root: Path, **options: object) -> Iterator[int]:
    """Run one over ``root``, with options of the middleware; yields its port."""
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
    """End a process, by force if need be."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    application = Recorder(ASGIWhiteNoise(send_records, sys.argv[2], **json.loads(sys.argv[3])))
    config = uvicorn.Config(application, log_level="warning", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])
