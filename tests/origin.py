"""The origin behind the caches of the tests: a replica that tells what it was asked.

``python origin.py FD ROOT OPTIONS``, the last as JSON. ``/seen`` answers with what came so far, as
JSON: path, status, and the request fields that caches send.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

import uvicorn

from whitenoise_async import ASGIWhiteNoise

seen: list[dict[str, Any]] = []


async def tell(scope: Any, receive: Any, send: Any) -> None:
    body = json.dumps(seen).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Seen:
    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"] != "/seen":
                fields = {name.decode(): value.decode() for name, value in scope["headers"]}
                seen.append({"path": scope["path"], "status": message["status"], **fields})
            await send(message)

        await self.application(scope, receive, note)


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    application = Seen(ASGIWhiteNoise(tell, sys.argv[2], **json.loads(sys.argv[3])))
    config = uvicorn.Config(application, log_level="warning", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])
