"""The fallback in place of the 404 of ASGI applications of every kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from tests.helpers.clients import Reply, call_asgi, make_call, receiving, scope_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.asgi import sending
from whitenoise_async.files.errors import BrokenBodyError

PAGE = b"<!doctype html><title>App</title>"
NAVIGATION = {"Sec-Fetch-Mode": "navigate"}

Send = Callable[[Any], Awaitable[None]]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    write(tmp_path / "index.html", PAGE)
    return tmp_path


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def start(status: int = 404, **more: Any) -> Any:
    headers = [(b"content-type", b"text/plain")]
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def body(content: bytes = b"", more: bool = False) -> Any:
    return {"type": "http.response.body", "body": content, "more_body": more}


def sending_all(*messages: Any) -> Any:
    """An application that sends these messages."""

    async def application(scope: Any, receive: Any, send: Send) -> None:
        for message in messages:
            await send(message)

    return application


def run(
    application: Any, backend: str = "asyncio", send: Any = None, fields: Any = NAVIGATION
) -> list[Any]:
    """Request a page; returns the messages that the server gets."""
    sent: list[Any] = []

    async def record(message: Any) -> None:
        sent.append(message)
        if send is not None:
            await send(message)

    async def main() -> None:
        scope = scope_of(make_call("/users/7", fields))
        await application(scope, receiving(anyio.sleep_forever), record)

    anyio.run(main, backend=backend)
    return sent


def is_fallback(sent: list[Any]) -> bool:
    types = [each["type"] for each in sent]
    assert types == ["http.response.start", "http.response.body"]
    return bool(sent[0]["status"] == 200 and sent[1]["body"] == PAGE)


@pytest.mark.parametrize(
    "messages",
    [
        [start(), body(b"No")],
        [start(), body(b"No", more=True), body(b"pe", more=True), body()],
        [start(), body(b"")],
        [start()],
        [start(trailers=True), body(b"No"), {"type": "http.response.trailers", "headers": []}],
        [start(), {"type": "http.response.pathsend", "path": "/etc/hostname"}],
        [{"type": "http.response.start", "status": 404}, body()],
    ],
)
def test_every_message_of_the_404_is_discarded(
    dist: Path, backend: str, messages: list[Any]
) -> None:
    application = ASGIWhiteNoise(sending_all(*messages), dist, fallback="index.html")
    assert is_fallback(run(application, backend))


def test_early_hints_are_passed_on(dist: Path) -> None:
    hint = {"type": "http.response.early_hint", "links": [b"</app.css>; rel=preload"]}
    application = ASGIWhiteNoise(sending_all(hint, start(), body()), dist, fallback="index.html")
    first, *rest = run(application)
    assert first is hint
    assert is_fallback(rest)


def test_another_response_passes_unchanged(dist: Path) -> None:
    messages = [start(200, trailers=True), body(b"a", more=True), body(b"b")]
    application = ASGIWhiteNoise(sending_all(*messages), dist, fallback="index.html")
    sent = run(application)
    assert all(here is there for here, there in zip(sent, messages, strict=True))


def test_the_message_of_another_404_is_not_changed_in_place(dist: Path) -> None:
    message = start()
    application = ASGIWhiteNoise(sending_all(message, body()), dist, fallback="index.html")
    sent = run(application, fields={})
    assert sent[0]["headers"] == [
        (b"content-type", b"text/plain"),
        (b"vary", b"Accept, Sec-Fetch-Mode"),
    ]
    assert message == start()


def test_a_404_without_headers_passes_with_vary(dist: Path) -> None:
    bare = {"type": "http.response.start", "status": 404}
    application = ASGIWhiteNoise(sending_all(bare, body()), dist, fallback="index.html")
    assert run(application, fields={})[0]["headers"] == [(b"vary", b"Accept, Sec-Fetch-Mode")]


def test_an_error_after_the_404_reaches_the_server(dist: Path) -> None:
    async def failing(scope: Any, receive: Any, send: Send) -> None:
        await send(start())
        raise ValueError("after")

    sent: list[Any] = []

    async def record(message: Any) -> None:
        sent.append(message)

    with pytest.raises(ValueError, match="after"):
        run(ASGIWhiteNoise(failing, dist, fallback="index.html"), send=record)
    assert is_fallback(sent)


def test_an_error_before_the_response_reaches_the_server(dist: Path) -> None:
    async def failing(scope: Any, receive: Any, send: Send) -> None:
        raise ValueError("before")

    with pytest.raises(ValueError, match="before"):
        run(ASGIWhiteNoise(failing, dist, fallback="index.html"))


def test_an_application_may_send_nothing(dist: Path) -> None:
    assert run(ASGIWhiteNoise(sending_all(), dist, fallback="index.html")) == []


def test_an_endless_404_does_not_occupy_the_event_loop(dist: Path, backend: str) -> None:
    async def endless(scope: Any, receive: Any, send: Send) -> None:
        await send(start())
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await checkpoint()
                group.cancel_scope.cancel()

            group.start_soon(stop)
            while True:
                await send(body(b"No", more=True))

    assert is_fallback(run(ASGIWhiteNoise(endless, dist, fallback="index.html"), backend))


def test_the_application_alone_receives_messages(dist: Path) -> None:
    """It may be waiting for one while its 404 is sent."""
    write(dist / "index.html", PAGE * 10_000)  # large enough for a task that would watch

    async def receive() -> Any:
        raise AssertionError

    sent = []

    async def send(message: Any) -> None:
        sent.append(message)
        await checkpoint()

    application = ASGIWhiteNoise(
        sending_all(start(), body()), dist, fallback="index.html", max_cached_file_size=0
    )
    anyio.run(application, scope_of(make_call("/users/7", NAVIGATION)), receive, send)
    assert b"".join(each.get("body", b"") for each in sent) == PAGE * 10_000


@pytest.mark.parametrize("ignores", [False, True])
def test_a_broken_body_cuts_the_connection(
    dist: Path, monkeypatch: pytest.MonkeyPatch, ignores: bool
) -> None:
    """Even if the application ignores that ``send`` has failed."""

    async def application(scope: Any, receive: Any, send: Send) -> None:
        try:
            await send(start())
        except BrokenBodyError:
            if not ignores:
                raise
        await send(body())

    async def fail(*arguments: Any) -> None:
        raise BrokenBodyError("index.html", "cut")

    monkeypatch.setattr(sending, "send_file", fail)
    middleware = ASGIWhiteNoise(application, dist, fallback="index.html", max_cached_file_size=0)
    write(dist / "index.html", PAGE * 10_000)
    with pytest.raises(BrokenBodyError, match="cut"):
        run(middleware)


def test_a_lost_client_is_no_error(dist: Path) -> None:
    async def lose(message: Any) -> None:
        raise OSError

    sent = run(ASGIWhiteNoise(sending_all(start(), body()), dist, fallback="index.html"), send=lose)
    assert len(sent) == 1


def test_headers_may_be_any_iterable(dist: Path) -> None:
    """The application reads them too."""
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Send) -> None:
        seen.extend(scope["headers"])
        await send(start())

    middleware = ASGIWhiteNoise(application, dist, fallback="index.html")
    fields = [(b"accept", b"image/png"), (b"accept", b"text/html")]
    reply = call_asgi(middleware, make_call("/users/7"), headers=iter(fields))
    assert (reply.status, reply.body) == (200, PAGE)
    assert seen == fields


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_scopes_are_untouched(dist: Path, kind: str) -> None:
    seen: list[Any] = []

    async def application(*arguments: Any) -> None:
        seen.extend(arguments)

    middleware = ASGIWhiteNoise(application, dist, fallback="index.html")
    arguments: Any = ({"type": kind, "path": "/users/7", "headers": []}, object(), object())
    anyio.run(middleware, *arguments)
    assert all(here is there for here, there in zip(seen, arguments, strict=True))


def test_starlettes_background_tasks_run_after_the_fallback_was_sent(
    dist: Path, backend: str
) -> None:
    events: list[str] = []

    async def view(request: Any) -> PlainTextResponse:
        task = BackgroundTask(events.append, "task")
        return PlainTextResponse("No", 404, background=task)

    async def note(message: Any) -> None:
        events.append(message["type"])

    application = ASGIWhiteNoise(
        Starlette(routes=[Route("/users/{number}", view)]), dist, fallback="index.html"
    )
    assert is_fallback(run(application, backend, note))
    assert events == ["http.response.start", "http.response.body", "task"]


async def _streams(request: Any) -> StreamingResponse:
    async def pieces() -> Any:
        for _ in range(3):
            yield b"No"
            await checkpoint()

    return StreamingResponse(pieces(), 404)


async def _raises(request: Any) -> None:
    raise HTTPException(404)


async def _passes(request: Any, call_next: Any) -> Any:
    return await call_next(request)


@pytest.mark.parametrize("view", [_streams, _raises, None])
@pytest.mark.parametrize("where", ["inside", "outside", "neither"])
def test_starlettes_404_is_replaced_with_a_base_middleware_on_either_side(
    dist: Path, view: Any, where: str
) -> None:
    base = Middleware(BaseHTTPMiddleware, dispatch=_passes)
    ours = Middleware(ASGIWhiteNoise, root=dist, fallback="index.html")
    middleware = {"inside": [ours, base], "outside": [base, ours], "neither": [ours]}[where]
    routes = [] if view is None else [Route("/users/{number}", view)]
    reply = call_asgi(
        Starlette(routes=routes, middleware=middleware), make_call("/users/7", NAVIGATION)
    )
    assert (reply.status, reply.body) == (200, PAGE)


def test_below_a_mount_of_starlette(dist: Path) -> None:
    ours = ASGIWhiteNoise(None, dist, fallback="index.html")
    mounted = Starlette(routes=[Mount("/app", ours)])
    reply: Reply = call_asgi(mounted, make_call("/app/users/7", NAVIGATION))
    assert (reply.status, reply.body) == (200, PAGE)
    assert call_asgi(mounted, make_call("/users/7", NAVIGATION)).status == 404


def test_around_a_mount_of_starlette_that_changes_the_scope(dist: Path) -> None:
    inner = Starlette(routes=[Mount("/app", Starlette())])
    application = ASGIWhiteNoise(inner, dist, "app", fallback="index.html")
    reply = call_asgi(application, make_call("/app/users/7", NAVIGATION))
    assert (reply.status, reply.body) == (200, PAGE)
    assert call_asgi(application, make_call("/users/7", NAVIGATION)).status == 404


def test_an_application_may_answer_head_as_get(dist: Path) -> None:
    async def inner(scope: Any, receive: Any, send: Send) -> None:
        scope["method"] = "GET"
        await sending_all(start(), body(b"No"))(scope, receive, send)

    application = ASGIWhiteNoise(inner, dist, fallback="index.html")
    reply = call_asgi(application, make_call("/users/7", NAVIGATION, method="HEAD"))
    assert (reply.status, reply.body) == (200, b"")
