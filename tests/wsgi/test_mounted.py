"""Applications below a mount point: hashed URLs begin with it, also in a body that is made late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import call_wsgi, environ_of, make_call
from tests.helpers.files import write
from whitenoise_async import Assets, WhiteNoise


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    write(tmp_path / "a.js", b"a")
    return Assets(tmp_path, "static")


def application(make: Callable[[dict[str, Any]], Any]) -> Any:
    def call(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return make(environ)

    return call


def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
    """The server's, which ignores everything."""


def below(assets: Assets, mount: str) -> str:
    with assets.site.mounted_at(mount):
        return assets.url("a.js")


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("", ""), ("/", ""), ("/app", "/app"), ("/app/", "/app"), ("app", "/app"),
        ("/a/b", "/a/b"), ("/ü b", "/%C3%BC%20b"),
    ],
)  # fmt: skip
def test_urls_begin_with_script_name(assets: Assets, mount: str, expected: str) -> None:
    app = WhiteNoise(application(lambda environ: [assets.url("a.js").encode()]), assets=assets)
    url = call_wsgi(app, make_call("/page", mount=mount)).body.decode()
    assert url == expected + below(assets, "")
    assert assets.site.mount == ""


@pytest.mark.parametrize(
    ("script_name", "expected"), [("/\xff", "/%FF"), ("/文", "/%E6%96%87"), (None, "")]
)
def test_a_script_name_that_is_not_utf_8_or_was_decoded_is_quoted(
    assets: Assets, script_name: str | None, expected: str
) -> None:
    app = WhiteNoise(application(lambda environ: [assets.url("a.js").encode()]), assets=assets)
    environ = environ_of(make_call("/page"))
    del environ["SCRIPT_NAME"]
    if script_name is not None:
        environ["SCRIPT_NAME"] = script_name
    (body,) = app(environ, start_response)
    assert body.decode() == expected + below(assets, "")


class Body:
    """A body that is made while it is sent, up to its end."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        self.seen: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(2):
            self.seen.append(self.assets.url("a.js"))
            yield self.seen[-1].encode()

    def close(self) -> None:
        self.seen.append(self.assets.url("a.js"))


def test_a_body_that_is_made_while_it_is_sent_has_the_mount_point(assets: Assets) -> None:
    body = Body(assets)
    app = WhiteNoise(application(lambda environ: body), assets=assets)
    reply = call_wsgi(app, make_call("/page", mount="/app"))
    assert reply.body.decode() == below(assets, "/app") * 2
    assert body.seen == [below(assets, "/app")] * 3
    assert assets.site.mount == ""


def test_two_bodies_that_are_sent_in_turns_keep_their_mount_points(assets: Assets) -> None:
    app = WhiteNoise(application(lambda environ: Body(assets)), assets=assets)

    def start(mount: str) -> Iterator[bytes]:
        environ = environ_of(make_call("/page", mount=mount))
        return iter(app(environ, start_response))

    one, two = start("/one"), start("/two")
    for _ in range(2):
        assert next(one).decode() == below(assets, "/one")
        assert next(two).decode() == below(assets, "/two")
    with pytest.raises(StopIteration):
        next(one)


def test_a_body_without_close_is_passed_on(assets: Assets) -> None:
    app = WhiteNoise(application(lambda environ: {b"body": 1}), assets=assets)
    assert call_wsgi(app, make_call("/page", mount="/app")).body == b"body"


def test_an_error_of_the_application_ends_the_mount_point(assets: Assets) -> None:
    def fail(environ: Any) -> Any:
        raise RuntimeError("application")

    def fail_late(environ: Any) -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("application")

    for make in (fail, fail_late):
        app = WhiteNoise(application(make), assets=assets)
        with pytest.raises(RuntimeError, match="application"):
            call_wsgi(app, make_call("/page", mount="/app"))
        assert assets.site.mount == ""


class FileWrapper:
    def __init__(self, file: Any, size: int = 8192) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"file"])


def first_of(body: Any, environ: Any) -> Any:
    return body


@pytest.mark.parametrize("mount", ["", "/app"])
def test_a_server_gets_lists_and_wrapped_files_themselves(assets: Assets, mount: str) -> None:
    """It sends a wrapped file by its descriptor, and computes the length of a list."""
    bodies: tuple[Any, ...] = ([b"a"], (), FileWrapper(None))
    for body in bodies:
        app = WhiteNoise(application(partial(first_of, body)), assets=assets)
        environ = environ_of(make_call("/page", mount=mount))
        environ["wsgi.file_wrapper"] = FileWrapper
        assert app(environ, start_response) is body


def test_a_server_gets_a_file_itself_if_its_wrapper_is_a_function(assets: Assets) -> None:
    """That of uWSGI returns the file, and the server compares it with the body."""
    file = BytesIO(b"a")
    app = WhiteNoise(application(partial(first_of, file)), assets=assets)
    environ = environ_of(make_call("/page", mount="/app"))
    environ["wsgi.file_wrapper"] = lambda file, size: file
    assert app(environ, start_response) is file


def test_a_wrapper_that_is_a_function_is_no_type_of_files(assets: Assets) -> None:
    app = WhiteNoise(application(lambda environ: iter([b"a"])), assets=assets)
    environ = environ_of(make_call("/page", mount="/app"))
    environ["wsgi.file_wrapper"] = lambda file, size: file
    assert list(app(environ, start_response)) == [b"a"]


def test_nested_wrappers_have_mount_points_of_their_own(assets: Assets, tmp_path: Path) -> None:
    inner_assets = Assets(tmp_path, "inner")
    seen = []

    def page(environ: Any) -> list[bytes]:
        seen.append((assets.url("a.js"), inner_assets.url("a.js")))
        return []

    inner = WhiteNoise(application(page), assets=inner_assets)

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        moved = {**environ, "SCRIPT_NAME": "/app/sub", "PATH_INFO": "/page"}
        return inner(moved, start_response)

    outer = WhiteNoise(dispatch, assets=assets)
    call_wsgi(outer, make_call("/sub/page", mount="/app"))
    assert seen == [(below(assets, "/app"), below(inner_assets, "/app/sub"))]
    assert inner_assets.site.mount == assets.site.mount == ""


@pytest.mark.parametrize("mount", ["/app", "/app/", "app", "/ü"])
def test_the_url_that_a_page_gets_is_served_below_the_mount_point(
    assets: Assets, mount: str
) -> None:
    app = WhiteNoise(None, assets=assets)
    reply = call_wsgi(app, make_call(below(assets, ""), mount=mount))
    assert (reply.status, reply.body) == (200, b"a")
