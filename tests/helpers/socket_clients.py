"""Clients for HTTP/1.1 and HTTP/2 that see every byte on the socket, one request at a time."""

from __future__ import annotations

import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import NamedTuple, Protocol

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from tests.helpers.clients import Reply

HOST = "127.0.0.1"
_TIMEOUT = 60  # seconds, for a server that never answers
# Less than the kernel's default, which makes a server wait for its client soon.
_RECEIVE_BUFFER = 64 * 1024
_PIECE = 1024 * 1024


class RawRequest(NamedTuple):
    """A request as it is sent. The target is the escaped path and the query."""

    target: str
    fields: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""


class Connection(Protocol):
    """A connection that never reconnects."""

    def begin(self, request: RawRequest) -> Reply:
        """Send a request; returns the response without its body."""

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes of the body; fewer where it ends or is cut."""

    def wait_for_end(self) -> None:
        """Wait until the server closes the connection."""

    def close(self) -> None:
        """Hang up."""


def exchange(connection: Connection, request: RawRequest) -> Reply:
    """Send a request and read the whole response. The body stays encoded."""
    start = connection.begin(request)
    return Reply(start.status, start.headers, read_rest(connection))


def read_rest(connection: Connection) -> bytes:
    """Read the rest of the body."""
    pieces = []
    while piece := connection.read(_PIECE):
        pieces.append(piece)
    return b"".join(pieces)


class Http1:
    """HTTP/1.1 by the standard library, which reads no further than the end of a body."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection(HOST, port)
        self._connection.sock = connect(port)
        self._connection.auto_open = 0
        self._response: HTTPResponse | None = None

    def begin(self, request: RawRequest) -> Reply:
        self._connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.fields:
            self._connection.putheader(name, value)
        if request.body:
            self._connection.putheader("Content-Length", str(len(request.body)))
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # the server responded before it had all of it
            self._connection.endheaders(request.body or None)
        self._response = self._connection.getresponse()
        headers = [(name.lower(), value) for name, value in self._response.getheaders()]
        return Reply(self._response.status, headers, b"")

    def read(self, size: int) -> bytes:
        assert self._response is not None
        try:
            return self._response.read(size)
        except IncompleteRead as error:
            return error.partial
        except ConnectionResetError:
            return b""

    def wait_for_end(self) -> None:
        if self._connection.sock is not None:  # the response did not announce it
            assert self._connection.sock.recv(1) == b""

    def close(self) -> None:
        if self._response is not None:
            self._response.close()  # it holds the socket as well
        self._connection.close()


class Http2:
    """HTTP/2 without TLS, with prior knowledge (RFC 9113 §3.3). Reading updates the windows."""

    def __init__(self, port: int) -> None:
        self._authority = f"{HOST}:{port}"
        self._socket = connect(port)
        # Headers are sent as they are, since the tests send invalid ones.
        self._state = H2Connection(
            H2Configuration(normalize_outbound_headers=False, validate_outbound_headers=False)
        )
        self._state.initiate_connection()
        self._stream = 0
        self._response: list[tuple[bytes, bytes]] | None = None
        self._data = bytearray()  # of the body, received and not yet read
        self._window = 0  # bytes received and not acknowledged
        self._ended = True

    def begin(self, request: RawRequest) -> Reply:
        self._acknowledge()
        self._stream = self._state.get_next_available_stream_id()
        self._response, self._ended = None, False
        headers = [
            (":method", request.method),
            (":scheme", "http"),
            (":authority", self._authority),
            (":path", request.target),
            *((name.lower(), value) for name, value in request.fields),
        ]
        encoded = [(name.encode(), value.strip(" \t").encode("latin-1")) for name, value in headers]
        self._state.send_headers(self._stream, encoded, end_stream=not request.body)
        self._upload(request.body)
        while self._response is None:
            self._receive()
        (_, status), *fields = self._response
        decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
        return Reply(int(status), decoded, b"")

    def read(self, size: int) -> bytes:
        while len(self._data) < size and not self._ended:
            self._acknowledge()
            self._receive()
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken

    def wait_for_end(self) -> None:
        while data := self._socket.recv(_PIECE):
            self._state.receive_data(data)

    def open_streams(self) -> int:
        return self._state.open_outbound_streams

    def close(self) -> None:
        self._socket.close()

    def _upload(self, body: bytes) -> None:
        left = memoryview(body)
        while left and not self._ended:
            window = self._state.local_flow_control_window(self._stream)
            size = min(len(left), window, self._state.max_outbound_frame_size)
            if size:
                last = size == len(left)
                self._state.send_data(self._stream, left[:size].tobytes(), end_stream=last)
                left = left[size:]
            else:
                self._receive()

    def _acknowledge(self) -> None:
        """Acknowledge the received bytes, so that the server may send as many again."""
        if self._window:
            self._state.acknowledge_received_data(self._window, self._stream)
            self._window = 0

    def _receive(self) -> None:
        """Send all pending data, and wait for more."""
        self._socket.sendall(self._state.data_to_send())
        data = self._socket.recv(_PIECE)
        try:
            events = self._state.receive_data(data)
        except ProtocolError:  # such as a body of the wrong length
            data, events = b"", []
        for event in events:
            if getattr(event, "stream_id", self._stream) == self._stream:
                self._handle(event)
        if not data:
            self._ended = True
            if self._response is None:
                raise ConnectionResetError("there was no response")

    def _handle(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self._response = event.headers
        elif isinstance(event, DataReceived):
            self._data += event.data
            self._window += event.flow_controlled_length
        elif isinstance(event, (StreamEnded, StreamReset, ConnectionTerminated)):
            self._ended = True


def connect(port: int) -> socket.socket:
    """A socket with a small receive buffer."""
    connection = socket.socket()
    connection.settimeout(_TIMEOUT)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.connect((HOST, port))
    return connection
