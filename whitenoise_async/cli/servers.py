"""The servers by which ``python -m whitenoise_async`` publishes a folder, each in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec

from ..asgi.adapter import ASGIWhiteNoise

#: Answers requests that come to a socket that listens, until SIGINT or SIGTERM, of which it tells
#: by its last argument.
Serve = Callable[[ASGIWhiteNoise, socket.socket, Callable[[], object]], None]

# Seconds in which answers that are being sent may still end after an interrupt.
_GRACE = 2.0


def serve(name: str, application: ASGIWhiteNoise, listener: socket.socket) -> None:
    """Answer requests that come to a socket that listens, by the server ``name``, until SIGINT or
    SIGTERM.

    Each of the servers waits for a client that has stopped reading, without an end. Nothing is lost
    where the process ends without them: it does when the grace is over.
    """
    last = threading.Timer(_GRACE, os._exit, [0])
    last.daemon = True

    def interrupted() -> None:
        with suppress(RuntimeError):  # at the second one it has started already
            last.start()

    try:
        SERVERS[name](application, listener, interrupted)
    finally:
        last.cancel()


def _uvicorn(
    application: ASGIWhiteNoise, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: object) -> None:
            # uvicorn's own raises the signal again, by which SIGTERM would end the process, and at
            # the second one it logs a traceback for each answer that is being sent.
            self.should_exit = True
            interrupted()

    # Told nothing of colours, uvicorn asks its streams, which may be closed.
    config = uvicorn.Config(application, log_level="warning", lifespan="off", use_colors=False)
    Server(config).run(sockets=[listener])


def _granian(
    application: ASGIWhiteNoise, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    host, port, *_ = listener.getsockname()
    listener.close()  # it makes its own

    async def serve() -> None:
        server = Server(
            application,
            host,
            port,
            interface=Interfaces.ASGINL,
            log_enabled=False,
            websockets=False,
        )
        _on_interrupt(interrupted, server.stop)
        await server.serve()

    asyncio.run(serve())


def _hypercorn(
    application: ASGIWhiteNoise, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    from hypercorn.asyncio import serve as serve_by_hypercorn
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.dup().detach()}"]  # which it closes
    config.graceful_timeout = 1.0  # seconds
    config.loglevel = "WARNING"

    async def serve() -> None:
        stopped = asyncio.Event()
        _on_interrupt(interrupted, stopped.set)
        await serve_by_hypercorn(application, config, shutdown_trigger=stopped.wait)  # type: ignore[arg-type]

    asyncio.run(serve())


def _on_interrupt(interrupted: Callable[[], object], stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        stop()
        interrupted()

    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: there the interrupt ends the loop itself
            loop.add_signal_handler(each, on_signal)


#: By name; where none is asked for, the first that is installed.
SERVERS: Mapping[str, Serve] = {"uvicorn": _uvicorn, "granian": _granian, "hypercorn": _hypercorn}


def installed() -> list[str]:
    """The names of those that are here."""
    return [name for name in SERVERS if find_spec(name) is not None]
