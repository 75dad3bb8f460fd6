"""A real S3 server, and a proxy in front of it that counts requests and makes them fail."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.helpers.caches import free_port
from tests.helpers.waiting import until

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}

_ERROR = "<Error><Code>{code}</Code><Message>{message}</Message></Error>"


class Failure(NamedTuple):
    """A response that the proxy sends instead of the server's."""

    status: int
    code: str = ""
    message: str = ""


class Request(NamedTuple):
    method: str
    target: str
    body: bytes

    @property
    def key(self) -> str:
        return urlsplit(self.target).path

    @property
    def is_listing(self) -> bool:
        return "list-type=2" in self.target


@contextmanager
def s3_server() -> Iterator[int]:
    """Run the server; yields its port."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        assert process.poll() is None
        try:
            ask(port, "GET", "/")
        except OSError:
            return False
        return True

    try:
        until(answers)
        yield port
    finally:
        process.terminate()
        process.wait()


def ask(port: int, method: str, target: str, body: bytes = b"", headers: Any = None) -> Any:
    """Send a request; returns the status, the headers and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, target, body or None, headers or {})
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    finally:
        connection.close()


class Proxy:
    """Forwards requests to a server, after :attr:`decide` has seen each."""

    def __init__(self, port: int) -> None:
        self.requests: list[Request] = []
        #: Returns the failure to send; ``None`` forwards the request.
        self.decide: Callable[[Request], Failure | None] = lambda request: None
        #: Called after the server has answered. A failure replaces that answer.
        self.decide_after: Callable[[Request], Failure | None] = lambda request: None
        self._target = port
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_all(self) -> None:
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_all  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

            def handle_error(self, *arguments: object) -> None:
                pass  # a client was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(handler.command, handler.path, body)
        self.requests.append(request)
        failure, answer = self.decide(request), None
        if failure is None:
            answer = ask(self._target, *request, dict(handler.headers))
            failure = self.decide_after(request)
        if failure is not None:
            has_body = failure.code and request.method != "HEAD"
            content = _ERROR.format(**failure._asdict()) if has_body else ""
            answer = failure.status, [("Content-Type", "application/xml")], content.encode()
        assert answer is not None
        status, headers, content = answer
        handler.send_response_only(status)
        dropped = {"connection", "transfer-encoding", "content-length"}
        length = dict(headers).get("Content-Length") if request.method == "HEAD" else None
        for name, value in headers:
            if name.lower() not in dropped:
                handler.send_header(name, value)
        handler.send_header("Content-Length", length or str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def of(self, method: str) -> list[Request]:
        return [each for each in self.requests if each.method == method]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class TestBucket:
    """An empty bucket behind a proxy."""

    __test__ = False

    def __init__(self, port: int, proxy: Proxy, name: str) -> None:
        self.port, self.proxy, self.name = port, proxy, name
        assert ask(port, "PUT", f"/{name}")[0] == 200
        self.url = f"s3://{name}/site"
        self.environ = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}"}

    def client(self) -> Any:
        """A client of AWS's own library, which asks the server without the proxy."""
        return _client(self.port)

    def copy_to(self, other: TestBucket) -> None:
        """Copy all objects with their metadata."""
        client = self.client()
        for each in client.list_objects_v2(Bucket=self.name)["Contents"]:
            source = {"Bucket": self.name, "Key": each["Key"]}
            client.copy_object(Bucket=other.name, Key=each["Key"], CopySource=source)

    def contents(self) -> dict[str, bytes]:
        """The objects without working files."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix="site/")
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return {
            key.removeprefix("site/"): client.get_object(Bucket=self.name, Key=key)["Body"].read()
            for key in keys
            if not key.rpartition("/")[2].startswith(".")
        }

    def head(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client().head_object(Bucket=self.name, Key=f"site/{path}")
        return found

    def put(self, path: str, content: bytes) -> None:
        self.client().put_object(Bucket=self.name, Key=f"site/{path}", Body=content)


@cache
def _client(port: int) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
