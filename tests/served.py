"""The application that the real servers of the tests run: ``served:wsgi``, ``served:asgi``.

Run as a script it is the server, for those whose command line takes no listening socket.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from whitenoise_async import ASGIWhiteNoise, WhiteNoise, open_files

# Tests look whether a file is closed when its client has gone.
open_files.IDLE = 0.1
ROOT = os.environ["SERVED_ROOT"]


def wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "11")])
    return [b"application"]


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"11")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"application"})
    elif scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


OPTIONS: Any = {
    "index_file": True,
    "immutable_file_test": r"\.[0-9a-f]{8}\.",
    "check_interval": 0,
}

wsgi = WhiteNoise(wsgi_application, ROOT, **OPTIONS)
asgi = ASGIWhiteNoise(asgi_application, ROOT, **OPTIONS)


def run_uwsgi(port: str) -> None:
    import pyuwsgi

    pyuwsgi.run(
        [
            f"--http11-socket=127.0.0.1:{port}",
            "--module=served:wsgi",
            "--need-app",
            "--master",
            "--workers=1",
            "--threads=4",
            "--die-on-term",
        ]
    )


def run(server: str, listener: socket.socket) -> None:
    if server == "waitress":
        import waitress

        waitress.serve(wsgi, sockets=[listener])
    elif server == "wsgiref":
        from socketserver import ThreadingMixIn
        from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

        class Server(ThreadingMixIn, WSGIServer):
            daemon_threads = True

        reference = Server(listener.getsockname(), WSGIRequestHandler, bind_and_activate=False)
        reference.socket.close()
        reference.socket = listener
        reference.server_name, reference.server_port = listener.getsockname()
        reference.setup_environ()
        reference.set_app(wsgi)
        reference.serve_forever()
    else:
        import uvicorn

        http, loop = server.split("-")[1:]
        config = uvicorn.Config(asgi, http=http, loop=loop, log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "uwsgi":
        run_uwsgi(sys.argv[2])
    else:
        run(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
