"""The applications that the real servers run, and a command line for servers that have none.

Servers import ``wsgi`` or ``asgi``. Through a2wsgi each also runs on servers of the other kind.
"""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
from pathlib import Path
from typing import Any

from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.serving import descriptor_cache

#: Options of these applications, and of those that the tests compare them with.
OPTIONS: Any = {"index_file": True, "immutable_file_test": r"\.[0-9a-f]{8}\."}


def application_body(method: str, body: bytes) -> bytes:
    """The body of the wrapped application's responses, which describes the request that it got."""
    return b"application: %s %d %d" % (method.encode(), len(body), sum(body))


def wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    method = environ["REQUEST_METHOD"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = application_body(method, environ["wsgi.input"].read(length))
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [] if method == "HEAD" else [body]


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        body = application_body(scope["method"], await _all_of(receive))
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body})
    elif scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def answering_early(scope: Any, receive: Any, send: Any) -> None:
    """Responds before the request's body has come, like applications that refuse a method."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 405, "headers": []})
        await send({"type": "http.response.body"})
    else:
        await asgi_application(scope, receive, send)


async def _all_of(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def wrap(middleware: Any, application: Any) -> Any:
    # Tests check that a file is closed soon after its client has gone.
    descriptor_cache.IDLE_AFTER = 0.1
    root = Path(os.environ["SERVED_ROOT"])
    options = OPTIONS
    if store := os.environ.get("SERVED_STORE"):
        options = {"store": store, "immutable_file_test": r"\.[0-9a-f]{12}\."}
    inner = middleware(application, root / "site", **options)
    # Checked again for each request, since tests change these files.
    return middleware(inner, root / "changing", "changing", **OPTIONS, check_interval=0)


# The tests themselves import the names above, and set no root.
if "SERVED_ROOT" in os.environ:
    # Without an application, a path without a file is a 404.
    alone = "SERVED_ALONE" in os.environ
    wsgi = wrap(WhiteNoise, None if alone else wsgi_application)
    asgi = wrap(ASGIWhiteNoise, None if alone else asgi_application)
    if "SERVED_BARE" in os.environ:  # for tests of the server alone
        asgi = answering_early


def wsgi_as_asgi() -> Any:
    from a2wsgi import WSGIMiddleware

    return WSGIMiddleware(wsgi)


def asgi_as_wsgi() -> Any:
    from a2wsgi import ASGIMiddleware

    return ASGIMiddleware(asgi)


def run_uvicorn(fd: str, http: str, loop: str, application: str) -> None:
    import uvicorn

    config = uvicorn.Config(
        eval(application), http=http, loop=loop, log_level="warning", timeout_keep_alive=75
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(fd))])


def run_uwsgi(port: str) -> None:
    import pyuwsgi

    pyuwsgi.run(
        [
            f"--http11-socket=127.0.0.1:{port}",
            "--module=tests.helpers.server_apps:wsgi",
            "--buffer-size=16384",  # bytes of a request's head
            "--need-app",
            "--master",
            "--workers=1",
            "--threads=4",
            "--die-on-term",
        ]
    )


_APACHE_CONFIGURATION = """
ServerRoot {place}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {place}/apache.pid
Mutex file:{place}
ErrorLog {log}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
SendBufferSize 262144
MaxKeepAliveRequests 0
AllowEncodedSlashes NoDecode
MergeSlashes Off
LimitRequestFieldSize 65536
LimitRequestLine 65536
WSGIApplicationGroup %{{GLOBAL}}
WSGIScriptAlias / {place}/served.wsgi
<Directory {place}>
    Require all granted
</Directory>
"""
_EMBEDDED = "WSGIPythonPath {path}\n"
_DAEMON = """
WSGISocketPrefix {place}/
WSGIDaemonProcess served processes=1 threads=4 home={place} python-path={path}
WSGIProcessGroup served
"""


def run_mod_wsgi(port: str, mode: str) -> None:
    """Run Apache with mod_wsgi, which uses the system's Python."""
    log = Path(os.environ["SERVED_LOG"])
    place = log.parent / "apache"
    place.mkdir()
    root = str(Path(__file__).parents[2])
    (place / "served.wsgi").write_text(
        # Apache puts its path after that of an installed package.
        f"import sys\n\nsys.path.insert(0, {root!r})\n"
        "from tests.helpers.server_apps import wsgi as application\n"
    )
    configuration = _APACHE_CONFIGURATION + (_DAEMON if mode == "daemon" else _EMBEDDED)
    path = ":".join([root, sysconfig.get_path("purelib")])
    values = {"place": place, "port": port, "log": log, "path": path}
    (place / "apache.conf").write_text(configuration.format(**values))
    command = ["/usr/sbin/apache2", "-f", str(place / "apache.conf"), "-DFOREGROUND"]
    if os.geteuid() == 0:
        # As root it would switch to a user that can read neither the tests' files nor the packages.
        rights = "+dac_override,+dac_read_search"
        other = ["--reuid=65534", "--regid=65534", "--clear-groups"]
        command = ["setpriv", *other, f"--inh-caps={rights}", f"--ambient-caps={rights}", *command]
    os.execvp(command[0], command)


def run_waitress(fd: str) -> None:
    import waitress

    # Buffer 1 MB of a body at most; the default is 16. The file wrapper is not buffered.
    listener = socket.socket(fileno=int(fd))
    waitress.serve(wsgi, sockets=[listener], outbuf_high_watermark=1024 * 1024)


def run_wsgiref(fd: str) -> None:
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    listener = socket.socket(fileno=int(fd))
    server = Server(listener.getsockname(), WSGIRequestHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = listener.getsockname()
    server.setup_environ()
    server.set_app(wsgi)
    server.serve_forever()


if __name__ == "__main__":
    globals()[f"run_{sys.argv[1]}"](*sys.argv[2:])
