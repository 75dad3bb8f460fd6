"""The table of real servers, and a way to run one in a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.helpers.clients import Reply
from tests.helpers.server_processes import wait_for, watched
from tests.helpers.socket_clients import Connection, Http1, Http2, RawRequest, exchange
from tests.helpers.unprivileged import READ_EVERYTHING

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: The module with the applications, and with the servers that have no command line.
SERVER_APPS = "tests.helpers.server_apps"
_UVICORN = [SERVER_APPS, "uvicorn", "{fd}"]
# On a busy machine a test may leave its connection idle for longer than the servers' defaults,
# which are two and five seconds.
_KEEP_ALIVE = ["--keep-alive", "75"]
_CORN = ["--bind", "fd://{fd}", "--workers", "0", *_KEEP_ALIVE, f"{SERVER_APPS}:asgi", "-k"]
_HYPERCORN, _ANYCORN = ["hypercorn", *_CORN], ["anycorn", *_CORN]
_GRANIAN = ["granian", "--port", "{port}", "--workers", "1", "--interface"]
_DAPHNE = ["daphne", "--fd", "{fd}", "--verbosity", "0", f"{SERVER_APPS}:asgi"]
_GUNICORN = ["gunicorn", "--bind", "fd://{fd}", *_KEEP_ALIVE, "--worker-class"]
_GTHREAD = [*_GUNICORN, "gthread", "--threads", "4"]


def never(request: RawRequest, reply: Reply) -> bool:
    return False


def _always(request: RawRequest, reply: Reply) -> bool:
    return True


def _without_length(request: RawRequest, reply: Reply) -> bool:
    return "content-length" not in reply


def _from_disk(request: RawRequest, reply: Reply) -> bool:
    """Whether the body is read while it is sent, as that of a large file is."""
    is_large = request.target.partition("?")[0] in ("/8m.bin", "/changing/large.bin")
    return is_large and bool(reply.body)


class Row(NamedTuple):
    """A server, and how it differs from others.

    In its command, ``{fd}`` is the descriptor of a listening socket. A server that accepts none
    opens its own on ``{port}``.
    """

    command: list[str]
    client: Callable[[int], Connection] = Http1
    #: Whether it ends the connection after a response.
    ends: Callable[[RawRequest, Reply], bool] = never
    #: Ends the connection at once if the application raises an error in the middle of a body.
    cuts: bool = True
    #: Reads a body as fast as possible, and buffers what its client does not take.
    hoards: bool = False
    #: Does not notify the application that its client has gone.
    forgets: bool = False
    #: Serves one client at a time.
    one_at_a_time: bool = False
    #: Is given a path and opens the file itself, so that later errors are not in our log.
    opens_files: bool = False
    #: Sends a file by its descriptor, so that the whole body is sent before the file is checked.
    sends_files: bool = False
    #: Gives up root by itself, but keeps the right to read every file.
    drops_root: bool = False
    #: The whole process ends if a part of a request's body comes after the response.
    dies_of_late_bodies: bool = False
    #: Why it cannot run here: a package without a release for this system or this Python.
    missing: str = ""


_CPYTHON = sys.implementation.name == "cpython"
_NO_UVLOOP = "" if _CPYTHON else "uvloop has releases for CPython alone"
_NO_HTTPTOOLS = "" if _CPYTHON else "httptools has releases for CPython alone"
_APACHE = shutil.which("apache2", path="/usr/sbin")
MOD_WSGI = Path("/usr/lib/apache2/modules/mod_wsgi.so")
_NO_MOD_WSGI = "" if _APACHE and MOD_WSGI.exists() else "apache2 or its mod_wsgi is not installed"
_NO_UWSGI = "" if sys.platform == "linux" else "pyuwsgi has releases for Linux alone"

SERVERS = {
    "uvicorn-h11-asyncio": Row([*_UVICORN, "h11", "asyncio", "asgi"]),
    "uvicorn-h11-uvloop": Row([*_UVICORN, "h11", "uvloop", "asgi"], missing=_NO_UVLOOP),
    "uvicorn-httptools-asyncio": Row(
        [*_UVICORN, "httptools", "asyncio", "asgi"], missing=_NO_HTTPTOOLS
    ),
    "uvicorn-httptools-uvloop": Row(
        [*_UVICORN, "httptools", "uvloop", "asgi"], missing=_NO_HTTPTOOLS
    ),
    "hypercorn-asyncio": Row([*_HYPERCORN, "asyncio"]),
    # It does not end a stream with an error before the connection ends.
    "hypercorn-asyncio-h2": Row([*_HYPERCORN, "asyncio"], client=Http2, cuts=False),
    "hypercorn-trio": Row([*_HYPERCORN, "trio"]),
    "hypercorn-trio-h2": Row(
        [*_HYPERCORN, "trio"], client=Http2, cuts=False, dies_of_late_bodies=True
    ),
    "anycorn-trio": Row([*_ANYCORN, "trio"]),
    "granian-asgi": Row([*_GRANIAN, "asgi", f"{SERVER_APPS}:asgi"], opens_files=True),
    "granian-wsgi": Row([*_GRANIAN, "wsgi", f"{SERVER_APPS}:wsgi"]),
    # If an error comes after the response has begun, it fails, since it tries to send a 500.
    "daphne": Row(_DAPHNE, cuts=False, hoards=True),
    "gunicorn-sync": Row(
        [*_GUNICORN, "sync", f"{SERVER_APPS}:wsgi"],
        ends=_always,
        one_at_a_time=True,
        sends_files=True,
    ),
    "gunicorn-gthread": Row([*_GTHREAD, f"{SERVER_APPS}:wsgi"], sends_files=True),
    "gunicorn-preload": Row(
        [*_GTHREAD, "--workers", "2", "--preload", f"{SERVER_APPS}:wsgi"], sends_files=True
    ),
    "gunicorn-no-sendfile": Row([*_GTHREAD, "--no-sendfile", f"{SERVER_APPS}:wsgi"]),
    "uwsgi": Row([SERVER_APPS, "uwsgi", "{port}"], sends_files=True, missing=_NO_UWSGI),
    **{
        f"mod_wsgi-{mode}": Row(
            [SERVER_APPS, "mod_wsgi", "{port}", mode],
            ends=_from_disk,
            drops_root=True,
            missing=_NO_MOD_WSGI,
        )
        for mode in ("embedded", "daemon")
    },
    # It does so after every response without a length, even 204 and 304.
    "waitress": Row([SERVER_APPS, "waitress", "{fd}"], ends=_without_length),
    "wsgiref": Row([SERVER_APPS, "wsgiref", "{fd}"], ends=_always),
    "a2wsgi-in-uvicorn": Row([*_UVICORN, "h11", "asyncio", "wsgi_as_asgi()"]),
    "a2wsgi-in-gunicorn": Row([*_GTHREAD, f"{SERVER_APPS}:asgi_as_wsgi()"], forgets=True),
}


class Server:
    """A running server."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.name = name
        self.row = SERVERS[name]
        self.process = process
        self.port = port
        self.log = log
        self._connections: list[Connection] = []

    def get(self, *request: Any) -> Reply:
        """Send one request on a new connection; takes the arguments of :class:`RawRequest`."""
        with closing(self.connect()) as connection:
            return exchange(connection, RawRequest(*request))

    def connect(self) -> Connection:
        connection = self.row.client(self.port)
        self._connections.append(connection)
        return connection

    def hang_up(self) -> None:
        """Close the connections that a test has left open."""
        while self._connections:
            self._connections.pop().close()

    def sockets(self) -> int:
        """How many sockets the server has open."""
        open_files = (name for pid in _family(self.process.pid) for name in _open_files(pid))
        return sum(name.startswith("socket:") for name in open_files)

    def has_open(self, path: Path) -> bool:
        """Whether any process of the server has ``path`` open."""
        return any(
            target.removesuffix(" (deleted)") == str(path)
            for pid in _family(self.process.pid)
            for target in _open_files(pid)
        )

    def reads_everything(self) -> bool:
        """Whether the server may read every file, whatever its permissions."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (effective,) = (line for line in status.splitlines() if line.startswith("CapEff:"))
        return any(int(effective.split()[1], 16) & 1 << each for each in READ_EVERYTHING)


@contextmanager
def running(name: str, root: Path, log: Path, **environ: str) -> Iterator[Server]:
    """Run a server for ``root``. Its socket listens before the process starts."""
    command, row = SERVERS[name].command, SERVERS[name]
    takes_socket = any("{fd}" in part for part in command)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        # Gunicorn sets this on the sockets that it makes itself; without it each response on a kept
        # connection waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A small send buffer makes the server wait for its client soon.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
        fd, port = listener.fileno(), listener.getsockname()[1]
        script, *arguments = (part.format(fd=fd, port=port) for part in command)
        if not takes_socket:
            listener.close()
        unprivileged = [] if row.drops_root else ["-IS", str(HERE / "unprivileged.py")]
        process = subprocess.Popen(
            [sys.executable, *unprivileged, "-m", script, *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "SERVED_ROOT": str(root),
                "SERVED_LOG": str(log),
                "PYTHONPATH": str(ROOT),
                **environ,
            },
            pass_fds=[fd] if takes_socket else [],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # The server alone holds the socket now, so that clients notice at once when it ends.
    try:
        if not takes_socket:
            wait_for(port, process, log)
        with watched(process, log):
            yield Server(name, process, port, log)
    finally:
        # With its workers, and at once: some servers take a second to end gracefully.
        with suppress(ProcessLookupError):  # they have ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
