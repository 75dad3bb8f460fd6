"""Checks the responses of a contender. One with a wrong response is not timed."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tests.benchmarks.apps import APPLICATION_BODY
from tests.benchmarks.browser import HEADERS, conditions
from tests.benchmarks.rows import Work
from tests.benchmarks.site import PREFIX

_TIMEOUT = 20.0


class WrongResponseError(Exception):
    """The response of a contender is wrong."""


class Reply(NamedTuple):
    status: int
    headers: Message
    body: bytes
    size: int  # of head and body, as received


class Checked(NamedTuple):
    """A request with a right response, and the length of that."""

    headers: dict[str, str]
    size: int


def ask(port: int, path: str, request_headers: Mapping[str, str]) -> Reply:
    """Send one request over a new connection."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in request_headers.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return _read(connection)


def _read(connection: socket.socket) -> Reply:
    with connection.makefile("rb") as stream:
        reader = _Counted(stream)
        words = reader.line().split()
        if len(words) < 2:
            raise WrongResponseError("no response")
        headers = parse_headers(BytesIO(b"".join(iter(reader.line, b"\r\n"))))
        status = int(words[1])
        body = b"" if status == 304 else _body(reader, headers)
        return Reply(status, headers, body, reader.size)


def _body(reader: _Counted, headers: Message) -> bytes:
    if headers.get("Transfer-Encoding") != "chunked":
        return reader.exactly(_length(headers))
    body = bytearray()
    while size := int(reader.line().partition(b";")[0], 16):
        body += reader.exactly(size)
        reader.line()
    reader.line()
    return bytes(body)


class _Counted:
    """Reads a response, and counts its bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def line(self) -> bytes:
        return self._told(self._stream.readline(1 << 16))

    def exactly(self, size: int) -> bytes:
        data = self._told(self._stream.read(size))
        if len(data) < size:
            raise WrongResponseError("the response ends too early")
        return data

    def _told(self, data: bytes) -> bytes:
        if not data:
            raise WrongResponseError("the response ends too early")
        self.size += len(data)
        return data


def _length(headers: Message) -> int:
    length = headers.get("Content-Length")
    if length is None:
        raise WrongResponseError("no Content-Length")
    return int(length)


def check(port: int, work: Work, site: Path) -> Checked:
    """The request of ``work`` as it will be timed.

    :raises WrongResponseError: if the response is wrong.
    """
    headers = dict(HEADERS)
    if work.conditional:
        first = ask(port, work.path, headers)
        if (etag := first.headers.get("ETag")) is None:
            raise WrongResponseError("no ETag")
        headers |= conditions(etag, first.headers.get("Last-Modified"))
    reply = ask(port, work.path, headers)
    _compare("status", reply.status, work.status)
    if work.status == 200:
        _compare("Content-Encoding", reply.headers.get("Content-Encoding"), work.encoding)
        wanted = (site / PREFIX / work.file).read_bytes() if work.file else APPLICATION_BODY
        if "Transfer-Encoding" not in reply.headers:  # granian sends its own files in chunks
            _compare("Content-Length", _length(reply.headers), len(wanted))
        if reply.body != wanted:
            raise WrongResponseError("another body")
    return Checked(headers, reply.size)


def _compare(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise WrongResponseError(f"{what} {found or 'absent'} instead of {wanted or 'none'}")
