"""``python -m whitenoise_async DIR``: publish a folder."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from .asgi import ASGIWhiteNoise
from .console import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish a folder until interrupted.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :returns: the exit status: 0 after an interrupt, 1 when it could not be served.
    :raises SystemExit: with status 2, for a command line that makes no sense.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not os.path.isdir(options.directory):
        parser.error(f"{options.directory} is not a directory")
    try:
        import uvicorn
    except ImportError:
        say(
            "A server is needed to publish a folder: pip install 'whitenoise_async[serve]'",
            error=True,
        )
        return 1
    try:
        listener = _listen(options.host, options.port)
    except (OSError, UnicodeError) as error:  # the latter for what can be no host's name
        reason = getattr(error, "strerror", None) or error
        say(f"Cannot listen on {options.host} port {options.port}: {reason}", error=True)
        return 1
    try:
        application = ASGIWhiteNoise(None, options.directory, index_file=options.index)
        # Told nothing of colours, uvicorn asks its streams, which may be closed.
        config = uvicorn.Config(application, log_level="warning", lifespan="off", use_colors=False)
        server = uvicorn.Server(config)
        say(f"Serving {os.path.abspath(options.directory)} at {_url(listener)}")
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has shut down by then, and raises the interrupt again
    finally:
        listener.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m whitenoise_async",
        description="Publish a folder over HTTP, as an application's static files are served.",
    )
    parser.add_argument("directory", metavar="DIR", help="the folder")
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--index", action="store_true", help="serve index.html of each folder at the folder's URL"
    )
    return parser


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535 was expected")
    return number


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ((*_, address), *_) = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return socket.create_server(address, family=family)


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


if __name__ == "__main__":
    sys.exit(main())
