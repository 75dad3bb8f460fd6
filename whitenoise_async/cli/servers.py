"""The servers for ``python -m whitenoise_async``. Each runs in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec

from ..asgi.sending import Receive, Send
from ..asgi.wire_format import Scope

#: An ASGI 3 application.
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Serves on a listening socket until SIGINT or SIGTERM. Calls its last argument at each signal.
Serve = Callable[[Application, socket.socket, Callable[[], object]], None]

# Seconds after an interrupt in which responses may still be completed.
_GRACE = 2.0


def serve(name: str, application: Application, listener: socket.socket) -> None:
    """Serve on a listening socket with the server ``name``, until SIGINT or SIGTERM.

    Each server waits indefinitely for a client that has stopped reading. The process ends without
    them after a grace period, because nothing is lost.
    """
    last = threading.Timer(_GRACE, os._exit, [0])
    last.daemon = True

    def interrupted() -> None:
        with suppress(RuntimeError):  # a second signal: it has started already
            last.start()

    try:
        SERVERS[name](application, listener, interrupted)
    finally:
        last.cancel()


def _uvicorn(
    application: Application, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: object) -> None:
            # uvicorn's own method raises the signal again, so SIGTERM would kill the process. At a
            # second signal it logs a traceback for each unfinished response.
            self.should_exit = True
            interrupted()

    # By default, uvicorn examines its streams for colors, and they may be closed.
    config = uvicorn.Config(application, log_level="warning", lifespan="off", use_colors=False)
    Server(config).run(sockets=[listener])


def _granian(
    application: Application, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    host, port, *_ = listener.getsockname()
    listener.close()  # granian opens its own

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
    application: Application, listener: socket.socket, interrupted: Callable[[], object]
) -> None:
    from hypercorn.asyncio import serve as serve_by_hypercorn
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.dup().detach()}"]  # hypercorn closes it
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
        with suppress(NotImplementedError):  # Windows, where Ctrl-C ends the loop itself
            loop.add_signal_handler(each, on_signal)


#: By name. The default is the first one that is installed.
SERVERS: Mapping[str, Serve] = {"uvicorn": _uvicorn, "granian": _granian, "hypercorn": _hypercorn}

#: Those that close the listening socket, and open their own at its address.
REOPENING = frozenset({"granian"})


def installed() -> list[str]:
    """The names of the servers that are installed."""
    return [name for name in SERVERS if find_spec(name) is not None]
