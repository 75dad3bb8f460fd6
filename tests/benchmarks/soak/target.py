"""The server of the soak: ``python -m benchmarks.soak.target FD FOLDER``."""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.soak.site import ROOTS
from whitenoise_async import ASGIWhiteNoise

_EVERY = 0.5  # seconds from one root that is added to the next
_MEMORY = 8 << 20  # bytes: less than the files have, so that they push each other out


async def _application(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"11")]
    await send({"type": "http.response.start", "status": 299, "headers": headers})
    await send({"type": "http.response.body", "body": b"application"})


def main() -> None:
    folder = Path(sys.argv[2])
    application = ASGIWhiteNoise(_application, folder / "root", max_cache_size=_MEMORY)
    application.add_files(folder / "added" / "0")

    def add() -> None:
        number = 0
        while True:
            time.sleep(_EVERY)
            number += 1
            application.add_files(folder / "added" / str(number % ROOTS))

    threading.Thread(target=add, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(application, log_level="warning", lifespan="off", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
