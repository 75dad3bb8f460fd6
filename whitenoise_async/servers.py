"""The servers by which ``python -m whitenoise_async`` publishes a folder, each in this process."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec

from .asgi import ASGIWhiteNoise

#: Answers requests that come to a socket that listens, until an interrupt, which it may raise again
#: when it has shut down.
Serve = Callable[[ASGIWhiteNoise, socket.socket], None]


def _uvicorn(application: ASGIWhiteNoise, listener: socket.socket) -> None:
    import uvicorn

    # Told nothing of colours, uvicorn asks its streams, which may be closed.
    config = uvicorn.Config(application, log_level="warning", lifespan="off", use_colors=False)
    uvicorn.Server(config).run(sockets=[listener])


def _granian(application: ASGIWhiteNoise, listener: socket.socket) -> None:
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
        _on_interrupt(server.stop)
        await server.serve()

    asyncio.run(serve())


def _hypercorn(application: ASGIWhiteNoise, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve as serve_by_hypercorn
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.dup().detach()}"]  # which it closes
    config.graceful_timeout = 1.0  # seconds
    config.loglevel = "WARNING"

    async def serve() -> None:
        interrupted = asyncio.Event()
        _on_interrupt(interrupted.set)
        await serve_by_hypercorn(application, config, shutdown_trigger=interrupted.wait)  # type: ignore[arg-type]

    asyncio.run(serve())


def _on_interrupt(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: there the interrupt ends the loop itself
            loop.add_signal_handler(each, stop)


#: By name; where none is asked for, the first that is installed.
SERVERS: Mapping[str, Serve] = {"uvicorn": _uvicorn, "granian": _granian, "hypercorn": _hypercorn}


def installed() -> list[str]:
    """The names of those that are here."""
    return [name for name in SERVERS if find_spec(name) is not None]
