"""Django's handlers with the middleware, compared with the plain adapters."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

import anyio
import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory, override_settings
from django.utils.deprecation import MiddlewareMixin
from hypothesis import given, settings

from tests.helpers import django_project
from tests.helpers.clients import (
    Call,
    Reply,
    ask_asgi,
    call_asgi,
    call_wsgi,
    environ_of,
    make_call,
    receiving,
    scope_of,
)
from tests.helpers.examples import some
from tests.helpers.files import write
from tests.helpers.slow import in_turns
from tests.helpers.waiting import until
from tests.system.test_differential import LARGE, SMALL, Pair, calls, make_site, with_real_tags
from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.asgi.file_stream import MAX_PIECE_SIZE
from whitenoise_async.django import WhiteNoiseMiddleware
from whitenoise_async.files import open_file as files
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.files.pread import supports_page_cache_reads
from whitenoise_async.wsgi.bodies import WholeFile

MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"


class Sides(NamedTuple):
    plain: Pair
    django: Pair


def handlers(*middleware: Any, **changed: Any) -> Pair:
    """Make Django's handlers with these settings."""
    with override_settings(MIDDLEWARE=list(middleware or [MIDDLEWARE]), **changed):
        return Pair(WSGIHandler(), django_project.with_lower_case_headers(ASGIHandler()))


@pytest.fixture(scope="module", params=[False, True], ids=["walked", "autorefresh"])
def sides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sides:
    root = tmp_path_factory.mktemp("site")
    make_site(root)
    options: Any = {"index_file": True, "autorefresh": request.param, "max_cached_file_size": 1000}
    plain = Pair(WhiteNoise(None, root, **options), ASGIWhiteNoise(None, root, **options))
    changed = {f"WHITENOISE_{name.upper()}": value for name, value in options.items()}
    return Sides(plain, handlers(WHITENOISE_ROOT=root, **changed))


@in_turns(5)
@settings(max_examples=some(50), deadline=None)
@given(call=calls)
def test_django_gives_the_same_answers_as_the_plain_adapters(
    sides: Sides, turn: int, call: Call
) -> None:
    # Under ASGI, Django refuses a query that is not UTF-8 before any middleware runs.
    call = call._replace(query=call.query.encode().decode("latin-1"))
    call = with_real_tags(sides.plain, call)
    expected = call_wsgi(sides.plain.wsgi, call)
    here, there = call_wsgi(sides.django.wsgi, call), call_asgi(sides.django.asgi, call)
    if expected.status == 404:
        # For other mount points, Django's two handlers differ from each other.
        if call.path and call.mount.startswith("/") and not call.mount.endswith("/"):
            view = (call.mount + call.path).encode()
            assert (here.body, there.body) == (view, view)
        return
    assert in_order(here) == in_order(expected)
    assert in_order(there) == in_order(expected)


@pytest.mark.parametrize("path", ["/docs/index.html", "/docs/", "/app.css"])
def test_an_encoded_slash_is_not_a_slash(sides: Sides, path: str) -> None:
    encoded = "/" + quote(path[1:], safe="")
    is_encoded = encoded != path
    for environ in ({"RAW_URI": encoded}, {"REQUEST_URI": f"{encoded}?a"}):
        reply = call_wsgi(sides.django.wsgi, Call(path), **environ)
        assert (reply.body == path.encode()) is is_encoded
    reply = call_asgi(sides.django.asgi, Call(path), raw_path=f"{encoded}?a".encode())
    assert (reply.body == path.encode()) is is_encoded
    reply = call_asgi(sides.django.asgi, Call(path), raw_path=None)
    assert reply.body != path.encode()


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("/api/", "/api//app.css"),
        ("/api/", "/api/app.css"),
        ("/api/", "/app.css"),
        ("api", "api/app.css"),
        ("api", "/api/app.css"),
        ("/", "//app.css"),
    ],
)
def test_files_are_found_below_every_form_of_the_mount_point(
    sides: Sides, mount: str, path: str
) -> None:
    scope = {"path": path, "root_path": mount}
    assert call_asgi(sides.django.asgi, Call("/app.css"), **scope).body == SMALL
    assert call_asgi(sides.django.asgi, Call("/app.css"), path="/apiary/app.css").status == 200
    environ = {"SCRIPT_NAME": "/api/", "PATH_INFO": "docs"}
    assert call_wsgi(sides.django.wsgi, Call("/docs"), **environ)["location"] == "docs/"


def test_a_path_set_by_another_middleware_is_used(root: Path) -> None:
    def moved(get_response: Any) -> Any:
        async def middleware(request: Any) -> Any:
            request.path_info = request.path_info.replace("/old/", "/static/")
            return await get_response(request)

        return markcoroutinefunction(middleware)

    moved.async_capable, moved.sync_capable = True, False  # type: ignore[attr-defined]
    globals()["moved"] = moved
    pair = served(root, f"{__name__}.moved", MIDDLEWARE)
    assert call_asgi(pair.asgi, Call("/old/a.css", mount="/app")).body == SMALL


def in_order(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    return reply.status, sorted(reply.headers), reply.body


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "a.css", SMALL)
    write(tmp_path / "b.bin", LARGE * 30)
    return tmp_path


def served(root: Path, *middleware: Any, **changed: Any) -> Pair:
    changed = {"STATIC_ROOT": root, "WHITENOISE_MAX_CACHED_FILE_SIZE": 1000, **changed}
    return handlers(*middleware, **changed)


def test_other_urls_are_passed_to_the_view(root: Path) -> None:
    django = served(root)
    call = make_call("/static/none.css", method="POST")
    assert call_wsgi(django.wsgi, call).body == call_asgi(django.asgi, call).body
    assert call_wsgi(django.wsgi, call).body == b"/static/none.css"


def test_the_url_of_a_removed_file_is_passed_to_the_view(root: Path) -> None:
    django = served(root, WHITENOISE_CHECK_INTERVAL=0)
    (root / "a.css").unlink()
    call = make_call("/static/a.css")
    assert call_wsgi(django.wsgi, call).body == b"/static/a.css"
    assert call_asgi(django.asgi, call).body == b"/static/a.css"


def test_a_server_that_sends_files_receives_only_whole_files(root: Path) -> None:
    django = served(root)
    wrapped: list[Any] = []

    def wrapper(file: Any, size: int) -> Any:
        wrapped.append(file)
        try:
            return [os.pread(file.fileno(), 10**8, 0)]
        finally:
            file.close()

    environ = {"wsgi.file_wrapper": wrapper}
    assert call_wsgi(django.wsgi, make_call("/static/b.bin"), **environ).body == LARGE * 30
    assert [type(each) for each in wrapped] == [WholeFile]
    part = make_call("/static/b.bin", {"Range": "bytes=1-3"})
    assert call_wsgi(django.wsgi, part, **environ).body == LARGE[1:4]
    assert len(wrapped) == 1


@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=1-3"}])
def test_mod_wsgi_receives_pieces_and_closes_the_connection(
    root: Path, fields: dict[str, str]
) -> None:
    django = served(root)
    version: Any = {"mod_wsgi.version": (4, 9, 4), "wsgi.file_wrapper": pytest.fail}
    got = call_wsgi(django.wsgi, make_call("/static/b.bin", fields), **version)
    assert got["connection"] == "close"
    assert got.body == (LARGE[1:4] if fields else LARGE * 30)
    small = call_wsgi(django.wsgi, make_call("/static/a.css", fields), **version)
    assert "connection" not in small


def test_a_server_that_sent_too_few_bytes_gets_an_error(root: Path) -> None:
    # Django ignores errors in closers, and the server would continue with the next response.
    django = served(root)

    def wrapper(file: Any, size: int) -> Any:
        os.truncate(root / "b.bin", 10)
        try:
            return [os.pread(file.fileno(), 10**8, 0)]
        finally:
            file.close()

    environ = environ_of(make_call("/static/b.bin")) | {"wsgi.file_wrapper": wrapper}
    before = descriptors()
    with pytest.raises(BrokenBodyError, match="truncated"):
        django.wsgi(environ, lambda *started: None)
    assert descriptors() == before


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def none_left() -> Iterator[None]:
    before = descriptors()
    yield
    gc.collect()
    until(lambda: descriptors() <= before)


@pytest.mark.usefixtures("none_left")
@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-"}])
def test_an_abandoned_wsgi_body_leaves_no_file_open(root: Path, fields: dict[str, str]) -> None:
    django = served(root)
    body = django.wsgi(environ_of(make_call("/static/b.bin", fields)), lambda *started: None)
    next(iter(body))
    body.close()


async def hang_up_after(application: Any, call: Call, pieces: int) -> list[Any]:
    """Send a request, and disconnect after a number of messages."""
    gone, messages = asyncio.Event(), list[Any]()

    async def hung_up() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        if len(messages) > pieces:
            gone.set()
            await anyio.sleep_forever()

    await application(scope_of(call), receiving(hung_up), send)
    return messages


@pytest.mark.usefixtures("none_left")
@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_disconnected_client_under_asgi_leaves_no_file_open(root: Path, pieces: int) -> None:
    import django

    if django.VERSION < (5, 0):
        pytest.skip("Django 4.2 does not listen for a client that hangs up")
    application = served(root).asgi

    async def main() -> None:
        call = make_call("/static/b.bin")
        assert len(await hang_up_after(application, call, pieces)) == pieces + 1

    asyncio.run(main())
    close_kept_files()


def close_kept_files() -> None:
    from whitenoise_async.serving.descriptor_cache import close_all

    close_all()


async def response_for_b(root: Path) -> Any:
    """Call the middleware alone, on an event loop; returns its response."""

    async def get_response(request: Any) -> Any:
        raise AssertionError

    with override_settings(STATIC_ROOT=root, WHITENOISE_MAX_CACHED_FILE_SIZE=0):
        middleware: Any = WhiteNoiseMiddleware(get_response)
    return await middleware(AsyncRequestFactory().get("/static/b.bin"))


@pytest.mark.usefixtures("none_left")
def test_django_closes_an_unread_response(root: Path) -> None:
    async def main() -> None:
        response = await response_for_b(root)
        assert response.streaming and response.is_async
        response.close()
        response.close()

    asyncio.run(main())
    close_kept_files()


@pytest.mark.parametrize("supports_nowait", [True, False])
def test_pieces_have_a_size_that_django_sends_unsplit(
    root: Path, supports_nowait: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supports_nowait:  # pieces that need a thread are larger
        monkeypatch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)
    content = os.urandom(MAX_PIECE_SIZE)
    write(root / "b.bin", content)
    with (root / "b.bin").open("rb") as file:
        # Not every file system supports it.
        at_once = supports_nowait and supports_page_cache_reads(file.fileno())

    async def main() -> list[bytes]:
        return [piece async for piece in await response_for_b(root)]

    pieces = asyncio.run(main())
    size = ASGIHandler.chunk_size if at_once else MAX_PIECE_SIZE
    assert [len(piece) for piece in pieces] == [size] * (MAX_PIECE_SIZE // size)
    assert b"".join(pieces) == content


def test_a_file_truncated_under_asgi_aborts_the_response_and_is_logged_once(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    application = served(root).asgi

    async def main() -> None:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)
            os.truncate(root / "b.bin", 10)

        scope = scope_of(make_call("/static/b.bin"))
        with pytest.raises(BrokenBodyError):
            await application(scope, receiving(anyio.sleep_forever), send)
        assert all(message.get("more_body", True) for message in sent)
        error = f"{root / 'b.bin'} was sent in part: the file was truncated; the connection is cut"
        assert [each for each in caplog.messages if "sent in part" in each] == [error]

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # Django's temporary file for the body of the request
        asyncio.run(main())
        gc.collect()


class SyncOnly:
    """A synchronous middleware, as many are."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


@pytest.mark.parametrize("around", [True, False])
def test_synchronous_middleware_does_not_stop_async_streaming(root: Path, around: bool) -> None:
    name = f"{__name__}.SyncOnly"
    django = served(root, *([name, MIDDLEWARE] if around else [MIDDLEWARE, name]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Django warns when it must read a body in a thread
        for url, content in {"/static/a.css": SMALL, "/static/b.bin": LARGE * 30}.items():
            assert call_asgi(django.asgi, make_call(url)).body == content
        assert call_asgi(django.asgi, make_call("/static/none")).body == b"/static/none"


class AsyncOnly:
    """An asynchronous middleware."""

    sync_capable, async_capable = False, True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> Any:
        return await self.get_response(request)


def test_responses_sent_by_a_wsgi_server_never_share_a_descriptor(root: Path) -> None:
    # A server's sendfile may use the position of the descriptor, which they would share.
    django = served(root, MIDDLEWARE, f"{__name__}.AsyncOnly")

    def read_by_descriptor(file: Any, size: int) -> Any:
        with closing(file):
            yield os.read(file.fileno(), 10**8)

    environ = {"wsgi.file_wrapper": read_by_descriptor}
    for _ in range(3):
        assert call_wsgi(django.wsgi, make_call("/static/b.bin"), **environ).body == LARGE * 30


def test_repeated_headers_are_joined(root: Path) -> None:
    def add(headers: Any, path: str, url: str) -> None:
        headers.add_header("Link", "</a>; rel=preload")
        headers.add_header("Link", "</b>; rel=preload")

    django = served(root, WHITENOISE_ADD_HEADERS_FUNCTION=add)
    reply = call_wsgi(django.wsgi, make_call("/static/a.css"))
    assert reply["link"] == "</a>; rel=preload, </b>; rel=preload"


def test_a_response_that_fails_leaves_no_file_open(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whitenoise_async.django import responses

    def fail(*arguments: Any, **keywords: Any) -> Any:
        raise MemoryError

    django = served(root)
    before = descriptors()
    monkeypatch.setattr(responses, "FileBody", fail)
    call = make_call("/static/b.bin", {"Range": "bytes=5-"})
    with pytest.raises(MemoryError):
        call_wsgi_raising(django.wsgi, call)
    assert descriptors() == before


def call_wsgi_raising(application: Any, call: Call) -> Reply:
    from django.core.signals import got_request_exception

    raised: list[BaseException] = []

    def note(**_: Any) -> None:
        import sys

        raised.append(sys.exc_info()[1])  # type: ignore[arg-type]

    got_request_exception.connect(note)
    try:
        reply = call_wsgi(application, call)
    finally:
        got_request_exception.disconnect(note)
    if raised:
        raise raised[0]
    return reply


def test_a_query_beyond_latin_1_is_kept_in_a_redirect(root: Path) -> None:
    write(root / "docs" / "index.html", SMALL)
    django = served(root, WHITENOISE_INDEX_FILE=True)
    call = make_call("/static/docs", query="q=\xe2\x9c\x93")
    expected = call_wsgi(django.wsgi, call)
    assert expected["location"] == "docs/?q=%E2%9C%93"
    assert call_asgi(django.asgi, call)["location"] == expected["location"]


def test_options_and_hooks_of_a_subclass_apply(root: Path) -> None:
    django = served(root, f"{__name__}.Hooked", WHITENOISE_MAX_AGE=7)
    reply = call_wsgi(django.wsgi, make_call("/static/a.css"))
    assert reply["cache-control"] == "max-age=315360000, public, immutable"
    assert "access-control-allow-origin" not in reply


def make_hooked() -> type:
    from whitenoise_async.django import WhiteNoiseMiddleware

    class Hooked(WhiteNoiseMiddleware):
        allow_all_origins = False

        def is_immutable_file(self, static_file: Any, url: str) -> bool:
            return url.endswith(".css")

    return Hooked


Hooked = make_hooked()


def test_an_unsuitable_get_response_is_refused() -> None:
    with pytest.raises(TypeError, match=r"get_response, called as \(request\)"):
        WhiteNoiseMiddleware(lambda: HttpResponse())  # type: ignore[misc, arg-type]


def test_without_get_response_other_urls_are_404(root: Path) -> None:
    with override_settings(STATIC_ROOT=root):
        middleware: Any = WhiteNoiseMiddleware()
    assert middleware(RequestFactory().get("/static/a.css")).getvalue() == SMALL
    reply = middleware(RequestFactory().get("/page"))
    assert (reply.status_code, reply["content-type"]) == (404, "text/plain; charset=utf-8")


def test_get_response_is_an_attribute_that_may_be_replaced(root: Path) -> None:
    def first(request: Any) -> Any:
        return HttpResponse(b"first")

    middleware: Any = WhiteNoiseMiddleware(first)
    assert middleware.get_response is first
    middleware.get_response = lambda request: HttpResponse(b"second")
    assert middleware(RequestFactory().get("/page")).content == b"second"


def test_an_async_callable_object_makes_the_middleware_async(root: Path) -> None:
    class GetResponse:
        async def __call__(self, request: Any) -> Any:
            return HttpResponse(b"page")

    async def ask(middleware: Any) -> Any:
        assert iscoroutinefunction(middleware)
        return await middleware(RequestFactory().get("/page"))

    assert asyncio.run(ask(WhiteNoiseMiddleware(GetResponse()))).content == b"page"


def test_settings_may_be_another_object(root: Path) -> None:
    mine = SimpleNamespace(STATIC_ROOT=root, STATIC_URL="/files/", WHITENOISE_MAX_AGE=7)
    middleware: Any = WhiteNoiseMiddleware(None, mine)
    reply = middleware(RequestFactory().get("/files/a.css"))
    assert reply["cache-control"] == "max-age=7, public"
    mine.WHITENOISE_MAX_AGE = "7"
    with pytest.raises(ImproperlyConfigured, match="WHITENOISE_MAX_AGE"):
        WhiteNoiseMiddleware(settings=mine)


class WithDocs(WhiteNoiseMiddleware):
    """Serves another folder, as projects do with their documentation."""

    def __init__(self, get_response: Any = None) -> None:
        super().__init__(get_response)
        self.add_files(django_settings.DOCS_ROOT, prefix="/docs/api/")


class WithManifest(WhiteNoiseMiddleware):
    """Reads the output of a build tool before ``super().__init__()``."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.bundle = {path.name for path in Path(django_settings.STATIC_ROOT).glob("*.css")}
        super().__init__(*arguments, **keywords)

    def is_immutable_file(self, static_file: Any, url: str) -> bool:
        return url.rpartition("/")[2] in self.bundle


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_subclass_may_add_a_folder(tmp_path: Path, autorefresh: bool) -> None:
    write(tmp_path / "index.html", b"contents")
    write(tmp_path / "page.html", b"a page")
    changed: dict[str, Any] = {
        "DEBUG": True,
        "STATIC_ROOT": "",
        "DOCS_ROOT": str(tmp_path),
        "WHITENOISE_ROOT": None,
        "WHITENOISE_AUTOREFRESH": autorefresh,
        "WHITENOISE_INDEX_FILE": True,
        "WHITENOISE_USE_FINDERS": False,
        "WHITENOISE_MAX_AGE": 60,
    }
    with override_settings(**changed):
        middleware: Any = WithDocs(lambda request: HttpResponse(status=418))
    for path, content in {"": b"contents", "page.html": b"a page"}.items():
        response = middleware(RequestFactory().get(f"/docs/api/{path}"))
        assert b"".join(response.streaming_content) == content
        assert response.has_header("ETag")
        assert response.headers.get("Cache-Control", "") == "max-age=60, public"
    assert middleware(RequestFactory().get("/docs/none")).status_code == 418


def test_a_subclass_may_set_attributes_before_super_init(root: Path) -> None:
    with override_settings(STATIC_ROOT=root, STATIC_URL="/static/"):
        middleware: Any = WithManifest(get_response=lambda request: request)
    reply = middleware(RequestFactory().get("/static/a.css"))
    assert reply["cache-control"] == "max-age=315360000, public, immutable"
    assert middleware.static_prefix == "/static/"


class Stamping(WhiteNoiseMiddleware):
    """Changes the response."""

    def __call__(self, request: Any) -> Any:
        response: Any = super().__call__(request)
        response["X-Shape"] = "stamped"
        return response


class StampingAsynchronously(WhiteNoiseMiddleware):
    """Changes the response, asynchronously."""

    async def __call__(self, request: Any) -> Any:
        response: Any = await super().__call__(request)
        response["X-Shape"] = "stamped"
        return response


class Early(WhiteNoiseMiddleware):
    """Answers some requests itself, and passes on the others."""

    def __call__(self, request: Any) -> Any:
        if "none" in request.path:
            return HttpResponse(request.path.encode(), headers={"X-Shape": "early"})
        return super().__call__(request)


class Mixin:
    """Has another base class first, such as packages offer."""

    def __call__(self, request: Any) -> Any:
        response: Any = super().__call__(request)  # type: ignore[misc]
        response["X-Shape"] = "mixed in"
        return response


class MixedIn(Mixin, WhiteNoiseMiddleware):
    pass


class Below(StampingAsynchronously):
    """Has an asynchronous base class, but is synchronous."""

    def __call__(self, request: Any) -> Any:
        return WhiteNoiseMiddleware.__call__(self, request)


class Later(WhiteNoiseMiddleware):
    """Sets ``get_response`` after ``super().__init__()``."""

    def __init__(self, get_response: Any) -> None:
        super().__init__()
        self.get_response = get_response


class BothKinds(WhiteNoiseMiddleware):
    """Declares that it is both synchronous and asynchronous."""

    async_capable = True

    def __call__(self, request: Any) -> Any:
        return self.later(request) if iscoroutinefunction(self) else super().__call__(request)

    async def later(self, request: Any) -> Any:
        response: Any = await super().__call__(request)
        response["X-Shape"] = "both"
        return response


class SynchronousAlone(WhiteNoiseMiddleware):
    async_capable = False


class WithMiddlewareMixin(WhiteNoiseMiddleware, MiddlewareMixin):  # type: ignore[misc]
    pass


class WithView(WhiteNoiseMiddleware):
    """Has a method that Django calls before the view."""

    def process_view(self, request: Any, *arguments: Any) -> Any:
        request.path += ""


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        *[("Stamping", "stamped"), ("StampingAsynchronously", "stamped"), ("Early", None)],
        *[("MixedIn", "mixed in"), ("SynchronousAlone", None), ("BothKinds", None)],
        *[("WithMiddlewareMixin", None), ("WithView", None), ("Below", None)],
        ("Later", None),
    ],
)
def test_every_kind_of_subclass_serves_pages_and_files(
    root: Path, name: str, mark: str | None
) -> None:
    django = served(root, f"{__name__}.{name}")
    contents = {"/static/a.css": SMALL, "/static/b.bin": LARGE * 30, "/static/none": b""}
    for call in (partial(call_wsgi, django.wsgi), partial(call_asgi, django.asgi)):
        for url, content in contents.items():
            reply = call(make_call(url))
            assert (reply.status, reply.body) == (200, content or url.encode())
            if mark:
                assert reply["x-shape"] == mark


def test_the_class_that_defines_call_declares_whether_it_is_async() -> None:
    kinds = (Stamping, StampingAsynchronously, MixedIn, Below, BothKinds, SynchronousAlone)
    assert [(each.sync_capable, each.async_capable) for each in kinds] == [
        *[(True, False), (False, True), (True, False), (True, False), (True, True)],
        (True, False),
    ]
    assert (WithView.sync_capable, WithView.async_capable) == (True, True)


def test_middleware_mixin_may_precede_the_middleware(root: Path) -> None:
    class Before(MiddlewareMixin, WhiteNoiseMiddleware):  # type: ignore[misc]
        def process_request(self, request: Any) -> Any:
            return WhiteNoiseMiddleware.__call__(self, request)

    with override_settings(STATIC_ROOT=root):
        middleware: Any = Before(lambda request: HttpResponse(b"page"))
    assert middleware(RequestFactory().get("/page")).content == b"page"
    assert middleware(RequestFactory().get("/static/a.css")).content == SMALL


def test_a_small_file_also_has_streaming_content(root: Path) -> None:
    with override_settings(STATIC_ROOT=root, MIDDLEWARE=[MIDDLEWARE]):
        response: Any = Client().get("/static/a.css")
        for _ in range(2):
            assert b"".join(response.streaming_content) == SMALL
        assert response.content == response.getvalue() == SMALL
        assert next(response.streaming_content) == SMALL
        response.streaming_content = [b"a", b"b"]
        assert response.content == b"ab"
        etag = {"If-None-Match": response["etag"]}
        for other in (Client().head("/static/a.css"), Client().get("/static/a.css", headers=etag)):
            assert list(other.streaming_content) == []


def test_a_small_file_also_has_streaming_content_on_an_event_loop(root: Path) -> None:
    async def main() -> None:
        response: Any = await AsyncClient().get("/static/a.css")
        assert [piece async for piece in response] == [SMALL]
        assert [piece async for piece in response.streaming_content] == [SMALL]
        assert b"".join(response.streaming_content) == SMALL

    with override_settings(STATIC_ROOT=root, MIDDLEWARE=[MIDDLEWARE]):
        asyncio.run(main())


def test_a_slow_disk_does_not_block_the_event_loop(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whitenoise_async.serving import responder

    application = served(root).asgi
    afresh: Callable[..., Any] = responder.Responder._from_new_snapshot
    looked, may_go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> Any:
        looked.set()
        assert may_go_on.wait(30)
        return afresh(*arguments)

    async def main() -> None:
        task = asyncio.create_task(ask_asgi(application, scope_of(make_call("/static/a.css"))))
        assert await asyncio.to_thread(looked.wait, 30)
        may_go_on.set()
        assert (await task).body == SMALL

    monkeypatch.setattr(responder.Responder, "_from_new_snapshot", slow)
    asyncio.run(main())
