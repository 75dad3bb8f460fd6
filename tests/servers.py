"""Real servers as processes of their own, and a client that sees what goes over the socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

_GUNICORN = ["gunicorn", "--bind", "fd://{fd}", "--workers", "1", "--graceful-timeout", "1"]
_HYPERCORN = ["hypercorn", "--bind", "fd://{fd}", "--graceful-timeout", "1"]

_ANYCORN = ["anycorn", "--bind", "fd://{fd}", "--graceful-timeout", "1"]
_GRANIAN = ["granian", "--port", "{port}", "--workers", "1", "--workers-kill-timeout", "1"]

#: Each server's command; ``{fd}`` is the descriptor of the socket that it listens on. One that
#: takes none opens its own, on ``{port}``.
SERVERS = {
    "uvicorn-h11-asyncio": ["served", "uvicorn-h11-asyncio", "{fd}"],
    "uvicorn-httptools-uvloop": ["served", "uvicorn-httptools-uvloop", "{fd}"],
    "hypercorn-asyncio": [*_HYPERCORN, "--worker-class", "asyncio", "served:asgi"],
    "hypercorn-trio": [*_HYPERCORN, "--worker-class", "trio", "served:asgi"],
    "anycorn-trio": [*_ANYCORN, "--worker-class", "trio", "served:asgi"],
    "granian-asgi": [*_GRANIAN, "--interface", "asgi", "served:asgi"],
    "granian-wsgi": [*_GRANIAN, "--interface", "wsgi", "served:wsgi"],
    "gunicorn-sync": [*_GUNICORN, "--worker-class", "sync", "served:wsgi"],
    "gunicorn-gthread": [*_GUNICORN, "--worker-class", "gthread", "--threads", "4", "served:wsgi"],
    "gunicorn-no-sendfile": [*_GUNICORN, "--threads", "4", "--no-sendfile", "served:wsgi"],
    "uwsgi": ["served", "uwsgi", "{port}"],
    "waitress": ["served", "waitress", "{fd}"],
    "wsgiref": ["served", "wsgiref", "{fd}"],
}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Server:
    """A running server."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        #: Told a path, granian opens the file: what becomes of it then is not in our log.
        self.reads_files_itself = name == "granian-asgi"
        self.process = process
        self.port = port
        self.log = log

    def get(self, path: str, fields: Mapping[str, str] = {}, method: str = "GET") -> Reply:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            return exchange(connection, path, fields, method)
        finally:
            connection.close()

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def has_open(self, path: Path) -> bool:
        """Whether any process of the server has ``path`` open."""
        return any(
            target.removesuffix(" (deleted)") == str(path)
            for pid in _family(self.process.pid)
            for target in _open_files(pid)
        )


def exchange(
    connection: HTTPConnection, path: str, fields: Mapping[str, str], method: str = "GET"
) -> Reply:
    """One request on ``connection``; the body is as it came, not decoded."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


@contextmanager
def running(name: str, root: Path, log: Path, **environ: str) -> Iterator[Server]:
    """Run a server over ``root``. It listens from the first moment, on a socket that is ours."""
    takes_socket = any("{fd}" in part for part in SERVERS[name])
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        # Gunicorn sets this on the sockets that it makes itself; without it each answer on a kept
        # connection waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fd, port = listener.fileno(), listener.getsockname()[1]
        script, *arguments = (part.format(fd=fd, port=port) for part in SERVERS[name])
        if not takes_socket:
            listener.close()
        program = [str(HERE / "served.py")] if script == "served" else ["-m", script]
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=HERE,
            env={
                **os.environ,
                "SERVED_ROOT": str(root),
                "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}",
                **environ,
            },
            pass_fds=[fd] if takes_socket else [],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            if not takes_socket:
                _wait_for(port, process)
            yield Server(name, process, port, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _open_files(pid: int) -> Iterator[str]:
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except FileNotFoundError:
            continue
