"""Both adapters under real servers, over real sockets."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from h2.connection import H2Connection
from h2.events import Event, StreamEnded

from tests.helpers.clients import Reply
from tests.helpers.examples import sample
from tests.helpers.expected_responses import ExpectedResponses
from tests.helpers.files import write
from tests.helpers.requests_table import ONE_PACKET, WITH_UNREAD_BODIES, all_requests, make_site
from tests.helpers.server_deviations import DEVIATIONS, OWN_WORDS, deviating_response
from tests.helpers.server_processes import ServerEndedError
from tests.helpers.servers import SERVERS, Server, never, running
from tests.helpers.slow import slow_unless
from tests.helpers.socket_clients import Connection, Http2, RawRequest, connect, exchange, read_rest
from tests.helpers.waiting import until

SMALL_URL = "/small.txt"
LARGE_URL = "/changing/large.bin"
LARGE = 16 * 1024 * 1024  # more than servers and sockets buffer, so that they wait for their client


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    make_site(root / "site")
    write(root / LARGE_URL[1:], b"")
    return root


@pytest.fixture(scope="module")
def core(root: Path) -> ExpectedResponses:
    return ExpectedResponses(root / "site")


@pytest.fixture(scope="module")
def responses(root: Path, core: ExpectedResponses) -> dict[RawRequest, Reply]:
    """The expected response to each request of the table."""
    return {request: core(request) for request in map(core.fill, all_requests(root / "site"))}


#: One of each kind: by protocol, event loop and way to send a file.
FAST_SERVERS = {
    *("uvicorn-httptools-uvloop", "granian-asgi"),
    *("gunicorn-gthread", "wsgiref"),
}


@pytest.fixture(scope="module", params=slow_unless(SERVERS, FAST_SERVERS.__contains__))
def started(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if reason := SERVERS[request.param].missing:
        pytest.skip(reason)
    log = tmp_path_factory.mktemp("log") / "server.log"
    with running(request.param, root, log) as server:
        # Now it has listed the files, which tests change. And a2wsgi has made its event loop.
        assert is_the_applications(server.get("/missing"))
        yield server


@pytest.fixture
def server(started: Server) -> Iterator[Server]:
    yield started
    started.hang_up()


@pytest.fixture
def large(root: Path) -> Iterator[Path]:
    """A large file, written again for each test. It exists whenever a server starts."""
    path = root / LARGE_URL[1:]
    os.truncate(path, LARGE)
    yield path
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    write(path, b"")


def test_the_table_has_every_kind_of_response(responses: dict[RawRequest, Reply]) -> None:
    statuses = Counter(response.status for response in responses.values())
    assert set(statuses) == {200, 204, 206, 302, 304, 405, 412, 416}
    codings = Counter(
        dict(response.headers).get("content-encoding") for response in responses.values()
    )
    assert {"gzip", "br", "zstd", "dcz", None} == set(codings)
    assert codings["gzip"] > 80


def test_every_response_is_the_expected_one(
    server: Server,
    responses: dict[RawRequest, Reply],
    core: ExpectedResponses,
    record_property: Callable[[str, object], None],
) -> None:
    """All requests share a connection, except those that a server refuses or does not read.

    A run with few examples sends a tenth of the requests to each server, not the same to all.
    """
    differences = []
    deviations = 0
    kept: Connection | None = None
    few = sample(list(responses.items()), list(SERVERS).index(server.name))
    for request, ours in few:
        if (
            server.row.dies_of_late_bodies
            and request in WITH_UNREAD_BODIES
            and len(request.body) > ONE_PACKET
        ):
            continue  # its last bytes may come after the response
        theirs = deviating_response(server.name, request, ours, core)
        assert theirs != ours  # else the server has been fixed
        deviations += theirs is not None
        try:
            if theirs or request in WITH_UNREAD_BODIES:
                got = server.get(*request)
            else:
                kept = kept or server.connect()
                got = exchange(kept, request)
                if server.row.ends(request, ours):
                    kept.wait_for_end()
                    kept.close()
                    kept = None
        except (OSError, HTTPException) as error:
            differences.append(f"{request}: {error!r}")
            kept = None
        else:
            differences += difference(request, got, theirs or ours)
    record_property("responses", len(few))
    record_property("deviations", deviations)
    assert not differences, "\n".join(differences)


# Headers of the connection or of the server.
SERVERS_OWN = {"connection", "date", "keep-alive", "server"}


def difference(request: RawRequest, got: Reply, wanted: Reply) -> list[str]:
    headers = sorted(map(_spaced, (each for each in got.headers if each[0] not in SERVERS_OWN)))
    if wanted.body is OWN_WORDS:
        got, headers = Reply(got.status, [], OWN_WORDS), []
    if (got.status, headers, got.body) == (wanted.status, wanted.headers, wanted.body):
        return []
    told = (
        f"{status} {fields} {len(body)} bytes: {body[:100]!r}"
        for status, fields, body in (
            (got.status, headers, got.body),
            (wanted.status, wanted.headers, wanted.body),
        )
    )
    return [f"{request}:\n  {next(told)}\n  instead of\n  {next(told)}"]


def _spaced(field: tuple[str, str]) -> tuple[str, str]:
    """Write ``Vary`` with spaces. Apache removes them, which RFC 9110 §5.6.1 allows."""
    name, value = field
    return name, ", ".join(value.replace(" ", "").split(",")) if name == "vary" else value


def test_every_server_with_deviations_exists() -> None:
    assert set(DEVIATIONS) <= set(SERVERS)


def begin(server: Server, *fields: tuple[str, str]) -> Connection:
    """Request the large file and read its first bytes."""
    connection = server.connect()
    start = connection.begin(RawRequest(LARGE_URL, fields))
    assert (start.status, start["content-length"]) == (200, str(LARGE))
    assert connection.read(1000) == bytes(1000)
    return connection


def finish(connection: Connection) -> int:
    """Read the rest, which must be content of the file; returns the number of all bytes."""
    body = read_rest(connection)
    assert body.count(0) == len(body)
    return 1000 + len(body)


def length(server: Server) -> str:
    return server.get(LARGE_URL, (), "HEAD")["content-length"]


def is_the_applications(reply: Reply) -> bool:
    return reply.body.startswith(b"application: ")


TRUNCATED = 1_000_000


def test_a_file_truncated_in_mid_stream_cuts_the_connection(server: Server, large: Path) -> None:
    connection = begin(server)
    os.truncate(large, TRUNCATED)
    if server.row.cuts:
        assert finish(connection) < LARGE
    elif isinstance(connection, Http2):  # then the stream never ends, and the test does not wait
        assert connection.read(TRUNCATED - 1000) == bytes(TRUNCATED - 1000)
        until(lambda: was_cut(server, large))
        exchange(connection, RawRequest(LARGE_URL, (), "HEAD"))
        assert connection.open_streams() == 1
    connection.close()
    assert length(server) == str(TRUNCATED)
    until(lambda: not server.has_open(large))
    assert was_cut(server, large) or server.row.opens_files or server.row.hoards


def was_cut(server: Server, path: Path) -> bool:
    """Whether we have reported to the server that the body of ``path`` is incomplete."""
    error = f"{path} was sent in part: the file was truncated; the connection is cut"
    return error in server.log.read_text()


@pytest.mark.parametrize("fields", [(), (("Range", "bytes=5-"),)], ids=["whole", "range"])
def test_no_other_response_lands_in_a_truncated_body(
    server: Server, large: Path, fields: tuple[tuple[str, str], ...]
) -> None:
    """The client has already sent another request on the same connection."""
    if not server.row.cuts or server.row.client is Http2:
        pytest.skip("it does not end the connection")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    requests = [
        f"GET {LARGE_URL} HTTP/1.1\r\nHost: a\r\n{lines}",
        f"GET {SMALL_URL} HTTP/1.1\r\nHost: a\r\n",
    ]
    with connect(server.port) as connection, connection.makefile("rb") as stream:
        connection.sendall("\r\n".join([*requests, ""]).encode())
        head = b"".join(iter(stream.readline, b"\r\n"))
        assert stream.read(1000) == bytes(1000)
        os.truncate(large, TRUNCATED)
        with suppress(ConnectionResetError):
            body = bytes(1000) + stream.read()
            assert f"content-length: {LARGE - 5 * bool(fields)}".encode() in head.lower()
            assert len(body) < LARGE - 5
            assert body.count(0) == len(body)


@pytest.mark.parametrize("fields", [(), (("Range", "bytes=5-"),)], ids=["whole", "range"])
def test_a_file_overwritten_with_its_date_in_mid_stream_cuts_the_connection(
    server: Server, large: Path, fields: tuple[tuple[str, str], ...]
) -> None:
    """Or the log names it, if the server has sent all of it by then."""
    if not server.row.cuts or server.name == "anycorn-trio":
        pytest.skip("it does not end the connection, or sends ranges by the descriptor as well")
    status = large.stat()
    connection = server.connect()
    connection.begin(RawRequest(LARGE_URL, fields))
    assert connection.read(1000) == bytes(1000)
    with large.open("r+b") as file:  # mode "wb" would truncate it first
        file.write(b"1" * LARGE)
    os.utime(large, ns=(status.st_atime_ns, status.st_mtime_ns))
    by_server = (server.row.sends_files or server.row.opens_files) and not fields
    if not by_server:
        assert 1000 + len(read_rest(connection)) < LARGE - 5
    elif server.row.sends_files:
        assert 1000 + len(read_rest(connection)) == LARGE
    connection.close()
    until(lambda: not server.has_open(large))
    error = f"{large} was sent in part: the file was overwritten; the connection is cut"
    if not server.row.opens_files:
        until(lambda: error in server.log.read_text())
    assert server.get(LARGE_URL, (("Range", "bytes=0-9"),)).body == b"1" * 10


def test_a_file_that_grows_in_mid_stream_is_sent_with_its_promised_length(
    server: Server, large: Path
) -> None:
    connection = begin(server)
    os.truncate(large, LARGE + 5_000_000)
    assert finish(connection) == LARGE
    if server.row.ends is never:
        again = exchange(connection, RawRequest(LARGE_URL, (), "HEAD"))
        assert again["content-length"] == str(LARGE + 5_000_000)
    assert length(server) == str(LARGE + 5_000_000)


def test_a_file_replaced_in_mid_stream_is_sent_as_it_was(server: Server, large: Path) -> None:
    connection = begin(server)
    write(large.parent / "new", b"new").replace(large)
    assert finish(connection) == LARGE
    assert server.get(LARGE_URL).body == b"new"


def test_a_file_removed_in_mid_stream_is_sent_and_then_left_to_the_application(
    server: Server, large: Path
) -> None:
    connection = begin(server)
    large.unlink()
    assert finish(connection) == LARGE
    assert is_the_applications(server.get(LARGE_URL))


def test_a_directory_in_a_files_place_is_left_to_the_application(
    server: Server, large: Path
) -> None:
    connection = begin(server)
    large.unlink()
    large.mkdir()
    assert finish(connection) == LARGE
    assert is_the_applications(server.get(LARGE_URL))


def test_a_file_made_unreadable_is_left_to_the_application_until_it_can_be_read(
    server: Server, large: Path
) -> None:
    if server.reads_everything():
        pytest.skip("the server has the right to read every file, and would not give it up")
    connection = begin(server)
    large.chmod(0)
    assert finish(connection) == LARGE
    assert is_the_applications(server.get(LARGE_URL))
    assert f"{large} is not served: Permission denied" in server.log.read_text()
    large.chmod(0o644)
    assert length(server) == str(LARGE)


def test_a_fifo_in_a_files_place_does_not_hang_the_server(server: Server, large: Path) -> None:
    large.unlink()
    os.mkfifo(large)
    assert is_the_applications(server.get(LARGE_URL))
    assert is_the_applications(server.get(LARGE_URL, (("Range", "bytes=0-0"),)))


@pytest.mark.parametrize("fields", [(), (("Range", "bytes=5-"),)], ids=["whole", "range"])
def test_a_client_that_hangs_up_leaves_nothing_open(
    server: Server, large: Path, fields: tuple[tuple[str, str], ...]
) -> None:
    sockets = server.sockets()
    connections = []
    for _ in range(1 if server.row.one_at_a_time else 3):
        connection = server.connect()
        connection.begin(RawRequest(LARGE_URL, fields))
        assert connection.read(100) == bytes(100)
        connections.append(connection)
        assert server.has_open(large) or server.row.hoards
    for connection in connections:
        connection.close()
    if server.row.forgets:
        until(lambda: server.sockets() <= sockets)
        assert server.has_open(large)
    else:
        until(lambda: not server.has_open(large))
    assert is_the_applications(server.get("/missing"))


@pytest.mark.parametrize("name", ["hypercorn-asyncio-h2", "hypercorn-trio-h2"])
def test_hypercorn_fails_on_a_body_that_comes_after_the_response(
    name: str, root: Path, tmp_path: Path
) -> None:
    """A fault of the server with any application: the response removes the stream of the body.

    The KeyError ends the connection. Under trio it ends the process, where each connection is a
    task of the server's nursery. Once it is fixed, ``Row.dies_of_late_bodies`` can go.
    """
    with ExitStack() as stack:
        if SERVERS[name].dies_of_late_bodies:
            stack.enter_context(pytest.raises(ServerEndedError, match="KeyError"))
        server = stack.enter_context(running(name, root, tmp_path / "log", SERVED_BARE="1"))
        send_body_after_response(server.port)
        if SERVERS[name].dies_of_late_bodies:
            server.process.wait(60)
        else:
            if sys.version_info >= (
                3,
                11,
            ):  # on older versions, the connection ends without a message
                until(lambda: "KeyError" in server.log.read_text())
            assert server.get("/").status == 405
            server.hang_up()


def send_body_after_response(port: int) -> None:
    """Send a request over HTTP/2, and its body after the complete response."""
    names = (":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        state = H2Connection()
        state.initiate_connection()
        state.send_headers(1, names)
        connection.sendall(state.data_to_send())
        events: list[Event] = []
        while not any(isinstance(event, StreamEnded) for event in events):
            events = state.receive_data(connection.recv(65536))
        state.send_data(1, b"a=1", end_stream=True)
        connection.sendall(state.data_to_send())
        while connection.recv(65536):
            pass


def test_a_mount_point_is_removed_from_the_path(root: Path, tmp_path: Path) -> None:
    """Gunicorn takes it from the environment."""
    with running("gunicorn-sync", root, tmp_path / "log", SCRIPT_NAME="/app") as server:
        assert server.get("/app/admin/css/base.css").status == 200
        assert dict(server.get("/app/docs").headers)["location"] == "docs/"
