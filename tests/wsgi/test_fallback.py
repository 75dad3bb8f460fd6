"""The fallback in place of the 404 of WSGI applications of every kind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper

import pytest

from tests.helpers.clients import call_wsgi, environ_of, make_call
from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import write
from whitenoise_async import WhiteNoise

PAGE = b"<!doctype html><title>App</title>"
NAVIGATION = {"Sec-Fetch-Mode": "navigate"}
HEADERS = [("Content-Type", "text/plain"), ("Set-Cookie", "a=b")]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    write(tmp_path / "index.html", PAGE)
    return tmp_path


class Body:
    """A body that counts how often it is closed."""

    def __init__(self, *pieces: bytes, first: Callable[[], object] | None = None) -> None:
        self.pieces = pieces
        self.first = first
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        if self.first is not None:
            self.first()
        yield from self.pieces

    def close(self) -> None:
        self.closed += 1


def start_nothing(*arguments: Any) -> Callable[[bytes], object]:
    return lambda data: pytest.fail("it was written")


def served(application: Any, dist: Path, fields: Any = NAVIGATION, **options: Any) -> bytes:
    """Request a page from the server of the standard library, which checks the protocol."""
    environ = environ_of(make_call("/users/7", fields))
    output = BytesIO()
    handler = SimpleHandler(BytesIO(), output, sys.stderr, environ)
    handler.run(WhiteNoise(application, dist, fallback="index.html", **options))
    return output.getvalue()


def is_fallback(response: bytes) -> bool:
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"Set-Cookie" not in head
    return head.startswith(b"HTTP/1.0 200 OK\r\n") and body == PAGE


def test_the_body_of_the_404_is_closed_and_not_read(dist: Path) -> None:
    body = Body(first=lambda: pytest.fail("it was read"))

    def application(environ: Any, start_response: Any) -> Body:
        start_response("404 Not Found", HEADERS)
        return body

    assert is_fallback(served(application, dist))
    assert body.closed == 1


@pytest.mark.parametrize("pieces", [(), (b"",), (b"No", b"pe")])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_may_start_the_response_when_it_is_read(
    dist: Path, pieces: tuple[bytes, ...], method: str
) -> None:
    bodies: list[Body] = []

    def application(environ: Any, start_response: Any) -> Body:
        bodies.append(Body(*pieces, first=lambda: start_response("404 Not Found", HEADERS)))
        return bodies[0]

    middleware = WhiteNoise(application, dist, fallback="index.html")
    reply = call_wsgi(middleware, make_call("/users/7", NAVIGATION, method))
    assert (reply.status, reply.body) == (200, b"" if method == "HEAD" else PAGE)
    assert bodies[0].closed == 1


def test_a_generator_application(dist: Path) -> None:
    ended: list[bool] = []

    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        try:
            start_response("404 Not Found", HEADERS)
            yield b"No"
            yield b"never read"
        finally:
            ended.append(True)

    assert is_fallback(served(application, dist))
    assert ended == [True]
    assert is_fallback(served(application, dist, max_cached_file_size=0))


@pytest.mark.parametrize("fields", [NAVIGATION, {}])
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_generator_may_send_another_response(dist: Path, status: str, fields: Any) -> None:
    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(status, HEADERS)
        yield b"a"
        yield b"b"

    response = served(application, dist, fields)
    if status == "404 Not Found" and fields:
        assert is_fallback(response)
    else:
        assert response.startswith(f"HTTP/1.0 {status}".encode()) and response.endswith(b"ab")
        assert (b"Vary: Accept, Sec-Fetch-Mode" in response) is (status == "404 Not Found")


def test_what_is_written_for_the_404_is_discarded(dist: Path) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("404 Not Found", HEADERS)
        write(b"No")
        return []

    assert is_fallback(served(application, dist))
    assert b"No" in served(application, dist, {})


@pytest.mark.parametrize("is_late", [False, True])
def test_an_error_after_the_404_may_start_another_response(dist: Path, is_late: bool) -> None:
    write(dist / "index.html", PAGE * 5000)

    def fail(start_response: Any) -> None:
        start_response("404 Not Found", HEADERS)
        try:
            raise ValueError
        except ValueError:
            start_response("500 Oops", HEADERS, sys.exc_info())

    def application(environ: Any, start_response: Any) -> Body:
        if is_late:
            return Body(b"oops", first=lambda: fail(start_response))
        fail(start_response)
        return Body(b"oops")

    response = served(application, dist, max_cached_file_size=0)
    assert response.startswith(b"HTTP/1.0 500 Oops\r\n") and response.endswith(b"oops")
    assert not descriptors_of(dist / "index.html")


def test_an_error_in_the_body_of_another_response_may_start_a_404(dist: Path) -> None:
    """The server reads the application's body, so the headers must be the application's too."""
    write(dist / "index.html", PAGE * 5000)

    def fail(start_response: Any) -> None:
        try:
            raise ValueError
        except ValueError:
            start_response("404 Not Found", [("Content-Length", "2")], sys.exc_info())

    def application(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", HEADERS)
        return Body(b"No", first=lambda: fail(start_response))

    response = served(application, dist, max_cached_file_size=0)
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 404 Not Found\r\n")
    assert b"\r\nContent-Length: 2\r\nVary: Accept, Sec-Fetch-Mode" in head
    assert body == b"No"
    assert not descriptors_of(dist / "index.html")


def test_an_error_before_the_response_may_end_in_a_404(dist: Path) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", HEADERS)
        try:
            raise ValueError
        except ValueError:
            start_response("404 Not Found", HEADERS, sys.exc_info())
        return [b"No"]

    assert is_fallback(served(application, dist))


@pytest.mark.parametrize("max_cached_file_size", [0, 1000])
def test_an_application_that_fails_after_the_404_leaves_no_open_file(
    dist: Path, max_cached_file_size: int
) -> None:
    write(dist / "index.html", PAGE * 5000)

    def failing(environ: Any, start_response: Any) -> None:
        start_response("404 Not Found", HEADERS)
        raise ValueError("after")

    def closing(environ: Any, start_response: Any) -> Any:
        start_response("404 Not Found", HEADERS)
        body = Body()
        body.close = fail  # type: ignore[method-assign]
        return body

    def fail() -> None:
        raise ValueError("after")

    for application in (failing, closing):
        middleware = WhiteNoise(
            application, dist, fallback="index.html", max_cached_file_size=max_cached_file_size
        )
        with pytest.raises(ValueError, match="after"):
            call_wsgi(middleware, make_call("/users/7", NAVIGATION))
        assert not descriptors_of(dist / "index.html")


def test_a_generator_that_fails_is_closed(dist: Path) -> None:
    def fail() -> None:
        raise ValueError("first")

    body = Body(first=fail)
    middleware = WhiteNoise(lambda *arguments: body, dist, fallback="index.html")
    with pytest.raises(ValueError, match="first"):
        call_wsgi(middleware, make_call("/users/7", NAVIGATION))
    assert body.closed == 1


def test_the_fallback_is_closed_with_the_response(dist: Path) -> None:
    write(dist / "index.html", PAGE * 50_000)

    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("404 Not Found", HEADERS)
        yield b"No"

    middleware = WhiteNoise(application, dist, fallback="index.html", max_cached_file_size=0)
    result: Any = middleware(environ_of(make_call("/users/7", NAVIGATION)), start_nothing)
    assert next(iter(result)).startswith(PAGE)
    assert descriptors_of(dist / "index.html")
    result.close()
    assert not descriptors_of(dist / "index.html")


def test_a_server_may_send_the_file_itself(dist: Path) -> None:
    write(dist / "index.html", PAGE * 5000)

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", HEADERS)
        return [b"No"]

    middleware = WhiteNoise(application, dist, fallback="index.html", max_cached_file_size=0)
    environ = environ_of(make_call("/users/7", NAVIGATION)) | {"wsgi.file_wrapper": FileWrapper}
    result = middleware(environ, start_nothing)
    assert isinstance(result, FileWrapper)
    assert b"".join(result) == PAGE * 5000
    result.close()


def test_the_result_of_another_response_is_passed_on_unchanged(dist: Path) -> None:
    results: list[Any] = []

    def application(environ: Any, start_response: Any) -> Any:
        start_response(environ["QUERY_STRING"], HEADERS)
        results.append(FileWrapper(BytesIO(b"a")))
        return results[-1]

    middleware = WhiteNoise(application, dist, fallback="index.html")
    for status, fields in [("200 OK", NAVIGATION), ("404 Not Found", {})]:
        environ = environ_of(make_call("/users/7", fields, query=status))
        assert middleware(environ, start_nothing) is results[-1]


def test_the_headers_of_another_404_are_not_changed_in_place(dist: Path) -> None:
    headers = list(HEADERS)

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", headers)
        return [b"No"]

    middleware = WhiteNoise(application, dist, fallback="index.html")
    reply = call_wsgi(middleware, make_call("/users/7"))
    assert reply["vary"] == "Accept, Sec-Fetch-Mode"
    assert headers == HEADERS


def test_an_application_that_never_starts_a_response_is_the_servers_matter(dist: Path) -> None:
    body = Body(b"a")
    middleware = WhiteNoise(lambda environ, start_response: body, dist, fallback="index.html")
    result: Any = middleware(environ_of(make_call("/users/7", NAVIGATION)), start_nothing)
    assert list(result) == [b"a"]
    result.close()
    assert body.closed == 1


def test_a_path_that_is_not_utf_8_is_the_applications(dist: Path) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", HEADERS)
        return [b"No"]

    middleware = WhiteNoise(application, dist, fallback="index.html")
    reply = call_wsgi(middleware, make_call("/", NAVIGATION), PATH_INFO="/\xff")
    assert (reply.status, reply.body) == (404, b"No")


def test_an_application_may_change_the_environ(dist: Path) -> None:
    """A dispatcher moves the mount point from one variable to the other."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/app", "/users/7"
        start_response("404 Not Found", HEADERS)
        return [b"No"]

    middleware = WhiteNoise(application, dist, "app", fallback="index.html")
    reply = call_wsgi(middleware, make_call("/app/users/7", NAVIGATION))
    assert (reply.status, reply.body) == (200, PAGE)


def test_an_application_may_answer_head_as_get(dist: Path) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        environ["REQUEST_METHOD"] = "GET"
        start_response("404 Not Found", HEADERS)
        return [b"No"]

    middleware = WhiteNoise(application, dist, fallback="index.html")
    reply = call_wsgi(middleware, make_call("/users/7", NAVIGATION, method="HEAD"))
    assert (reply.status, reply.body) == (200, b"")
