"""Both adapters under real servers, over real sockets."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from urllib.parse import quote

import django
import pytest
from conftest import write
from servers import SERVERS, Server, exchange, running

from whitenoise_async.gzip import main as gzip_command

ADMIN = Path(django.__file__).parent / "contrib" / "admin" / "static" / "admin"
GZIP = {"Accept-Encoding": "gzip"}
LARGE_URL = "/large.bin"
LARGE = 64 * 1024 * 1024  # more than sockets hold, so that a server has to wait for its client


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ADMIN, root / "admin")
    assert gzip_command(["-q", str(root)]) == 0
    write(root / "docs" / "index.html", b"<title>docs</title>")
    write(root / "✓ a.txt", b"checked")
    write(root / LARGE_URL[1:], b"")
    write(root / "app.0a1b2c3d.js", b"let a = 1\n" * 100, compressed=True)
    return root


@pytest.fixture(scope="module", params=list(SERVERS))
def server(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "server.log"
    with running(request.param, root, log) as started:
        yield started


@pytest.fixture
def large(root: Path) -> Path:
    """A large file that was there when the server started, made anew for each test."""
    path = root / LARGE_URL[1:]
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(LARGE)
    return path


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_file_of_djangos_admin_is_served_byte_for_byte(server: Server, root: Path) -> None:
    connection = server.connect()
    compressed = total = 0
    for path in sorted((root / "admin").rglob("*")):
        if not path.is_file() or path.suffix == ".gz":
            continue
        total += 1
        url = "/" + quote(path.relative_to(root).as_posix())
        content = path.read_bytes()
        plain = exchange(connection, url, {})
        assert (plain.status, plain.body) == (200, content)
        assert plain.headers["content-length"] == str(len(content))
        coded = exchange(connection, url, GZIP)
        if coded.headers.get("content-encoding") == "gzip":
            compressed += 1
            assert coded.body == path.with_name(path.name + ".gz").read_bytes()
            assert gzip.decompress(coded.body) == content
            assert coded.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        else:
            assert not path.with_name(path.name + ".gz").exists()
            assert coded.body == content
    assert total > 100
    assert compressed > 80
    connection.close()


URL = "/admin/css/base.css"


def test_the_rules_of_http_hold_over_the_socket(server: Server, root: Path) -> None:
    content = (root / URL[1:]).read_bytes()
    size = len(content)
    plain, coded = server.get(URL), server.get(URL, GZIP)
    etag = plain.headers["etag"]
    assert coded.headers["etag"] != etag
    head = server.get(URL, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(size)

    part = server.get(URL, {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    parts = server.get(URL, {"Range": "bytes=0-0,-1"})
    assert parts.status == 206
    assert parts.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert len(parts.body) == int(parts.headers["content-length"])
    assert (
        server.get(URL, {"Range": f"bytes={size}-"}).headers["content-range"] == f"bytes */{size}"
    )

    for fields in ({"If-None-Match": etag}, {"If-Modified-Since": plain.headers["last-modified"]}):
        unchanged = server.get(URL, fields)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["etag"] == etag
        assert unchanged.headers["vary"] == "Accept-Encoding"
        assert unchanged.headers["cache-control"] == "max-age=60, public"
    assert server.get(URL, {**GZIP, "If-None-Match": etag}).status == 200
    assert server.get(URL, {"If-Match": '"other"'}).status == 412
    assert server.get(URL, method="POST").status == 405
    preflight = server.get(URL, method="OPTIONS")
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["allow"] == "GET, HEAD, OPTIONS"
    assert preflight.headers["access-control-allow-origin"] == "*"


def test_paths_redirects_and_the_application(server: Server) -> None:
    assert server.get(quote("/✓ a.txt")).body == b"checked"
    assert server.get("/docs/").body == b"<title>docs</title>"
    assert server.get("/docs?a=%20b").headers["location"] == "docs/?a=%20b"
    assert server.get("/docs/index.html").headers["location"] == "./"
    assert "immutable" in server.get("/app.0a1b2c3d.js").headers["cache-control"]
    for path in ("/", "/missing", "/admin/css/base.css.gz", "/admin/..%2f..%2fetc/passwd", "/%ff"):
        reply = server.get(path)
        if reply.status != 400:  # anycorn's own answer to what is no UTF-8
            assert reply.body == b"application", path


def test_a_connection_is_kept_through_every_kind_of_answer(server: Server) -> None:
    connection = server.connect()
    for fields, method, status in [
        ({}, "GET", 200),
        ({"Range": "bytes=1-5"}, "GET", 206),
        ({"If-None-Match": "*"}, "GET", 304),
        ({"If-Match": '"a"'}, "GET", 412),
        ({"Range": "bytes=1-1,3-3"}, "GET", 206),
        ({}, "HEAD", 200),
        ({}, "OPTIONS", 204),
        ({"Range": "bytes=99999999-"}, "GET", 416),
        (GZIP, "GET", 200),
    ]:
        assert exchange(connection, URL, fields, method).status == status
    connection.close()


def begin(server: Server, url: str) -> tuple[HTTPConnection, int]:
    """Ask for ``url`` and take the first of it."""
    connection = server.connect()
    connection.request("GET", url, headers={"Accept-Encoding": "identity"})
    response = connection.getresponse()
    assert response.status == 200
    assert len(response.read(1000)) == 1000
    connection.response = response  # type: ignore[attr-defined]
    return connection, int(response.headers["content-length"])


def finish(connection: HTTPConnection) -> int:
    """Take the rest; returns how many bytes came in all."""
    response = connection.response  # type: ignore[attr-defined]
    try:
        return 1000 + len(response.read())
    except IncompleteRead as error:
        return 1000 + len(error.partial)
    except ConnectionResetError:
        return 0


def test_a_file_truncated_in_mid_stream_cuts_the_connection(server: Server, large: Path) -> None:
    connection, length = begin(server, LARGE_URL)
    assert length == LARGE
    os.truncate(large, 1_000_000)
    assert finish(connection) < LARGE
    connection.close()
    assert server.get(LARGE_URL).headers["content-length"] == "1000000"
    until(lambda: not server.has_open(large))
    if server.reads_files_itself:
        return
    log = server.log.read_text()
    assert f"{large} was sent in part: the file was truncated; the connection is cut" in log


def test_a_file_that_grows_in_mid_stream_is_as_long_as_was_said(
    server: Server, large: Path
) -> None:
    connection, length = begin(server, LARGE_URL)
    os.truncate(large, LARGE + 5_000_000)
    assert finish(connection) == length == LARGE
    again = exchange(connection, LARGE_URL, {}, "HEAD")
    assert again.headers["content-length"] == str(LARGE + 5_000_000)
    connection.close()


def test_a_file_replaced_in_mid_stream_is_sent_as_it_was(server: Server, large: Path) -> None:
    connection, _ = begin(server, LARGE_URL)
    write(large.parent / "new", b"new").replace(large)
    assert finish(connection) == LARGE
    assert exchange(connection, LARGE_URL, {}).body == b"new"
    connection.close()


def test_a_file_removed_in_mid_stream_is_sent_and_then_left_to_the_application(
    server: Server, large: Path
) -> None:
    connection, _ = begin(server, LARGE_URL)
    large.unlink()
    assert finish(connection) == LARGE
    assert exchange(connection, LARGE_URL, {}).body == b"application"
    connection.close()


def test_a_fifo_in_a_files_place_does_not_hang_the_server(server: Server, large: Path) -> None:
    large.unlink()
    os.mkfifo(large)
    assert server.get(LARGE_URL).body == b"application"
    assert server.get(LARGE_URL, {"Range": "bytes=0-0"}).body == b"application"


@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-"}], ids=["whole", "range"])
def test_a_client_that_hangs_up_leaves_nothing_open(
    server: Server, large: Path, fields: dict[str, str]
) -> None:
    connections = []
    for _ in range(1 if "sync" in server.process.args[-2:] else 3):  # type: ignore[index]
        connection = server.connect()
        connection.request("GET", LARGE_URL, headers=fields)
        response = connection.getresponse()
        assert len(response.read(100)) == 100
        connections.append((connection, response))
        assert server.has_open(large)
    for connection, response in connections:
        response.close()
        connection.close()
    until(lambda: not server.has_open(large))
    assert server.get("/missing").body == b"application"


def test_a_mount_point_is_taken_off(root: Path, tmp_path: Path) -> None:
    """Gunicorn's way to be told of one."""
    with running("gunicorn-sync", root, tmp_path / "log", SCRIPT_NAME="/app") as server:
        assert server.get("/app/admin/css/base.css").status == 200
        assert server.get("/app/docs").headers["location"] == "docs/"
