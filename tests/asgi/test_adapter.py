"""The ASGI adapter: scopes, and frameworks around it and inside it."""

from __future__ import annotations

import contextvars
import re
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tests.helpers.clients import call_asgi, make_call, scope_of
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise


async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"home of {request.url.path}")


def client_for(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_wrapped_starlette_application_answers_other_requests(site: Path) -> None:
    app = ASGIWhiteNoise(Starlette(routes=[Route("/{path:path}", home)]), site, "static")
    async with client_for(app) as client:
        assert (await client.get("/static/✓.txt")).text == "checked"
        assert (await client.get("/static/missing")).text == "home of /static/missing"
        assert (await client.get("/")).text == "home of /"


@pytest.mark.parametrize("inner_prefix", [None, "files"])
async def test_below_a_mount_files_are_found(site: Path, inner_prefix: str | None) -> None:
    mounted = ASGIWhiteNoise(None, site, inner_prefix, index_file=True)
    app = Starlette(
        routes=[Mount("/outer", Starlette(routes=[Mount("/inner", mounted)])), Route("/", home)]
    )
    base = "/outer/inner" + (f"/{inner_prefix}" if inner_prefix else "")
    async with client_for(app) as client:
        assert (await client.get(f"{base}/✓.txt")).text == "checked"
        assert (await client.get(f"{base}/docs", follow_redirects=True)).status_code == 200
        assert (await client.get(f"{base}/missing")).status_code == 404
        assert (await client.get("/✓.txt")).status_code == 404


async def test_starlettes_middlewares_around_it_do_not_pile_up_headers(site: Path) -> None:
    app = Starlette(
        routes=[Mount("/", ASGIWhiteNoise(None, site, allow_all_origins=False))],
        middleware=[
            Middleware(CORSMiddleware, allow_origins=["*"]),
            Middleware(GZipMiddleware, minimum_size=100),
        ],
    )
    async with client_for(app) as client:
        for path in ("/app.css", "/docs/deep/image.png", "/robots.txt"):
            seen = []
            for _ in range(4):
                reply = await client.get(path, headers={"Origin": "http://other"})
                assert reply.status_code == 200
                assert reply.content == (site / path[1:]).read_bytes()
                assert reply.headers.get_list("access-control-allow-origin") == ["*"]
                seen.append(reply.headers.multi_items())
            assert seen == [seen[0]] * 4


async def test_starlettes_gzip_leaves_a_served_variant_alone(site: Path) -> None:
    app = GZipMiddleware(ASGIWhiteNoise(None, site), minimum_size=1)
    async with client_for(app) as client:
        reply = await client.get("/app.css", headers={"Accept-Encoding": "gzip"})
        assert reply.headers["content-encoding"] == "gzip"
        assert reply.headers["content-length"] == str((site / "app.css.gz").stat().st_size)
        assert reply.content == (site / "app.css").read_bytes()


async def test_a_middleware_that_runs_the_application_in_a_task_gets_whole_files(
    site: Path,
) -> None:
    async def dispatch(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["X-Seen"] = "1"
        return response

    app = BaseHTTPMiddleware(ASGIWhiteNoise(None, site), dispatch)
    async with client_for(app) as client:
        for _ in range(3):
            reply = await client.get("/docs/deep/image.png")
            assert reply.content == (site / "docs/deep/image.png").read_bytes()
            assert reply.headers.get_list("x-seen") == ["1"]


async def exchange(app: Any, scope: Any, *events: str) -> list[str]:
    """Pass these events to ``app``; returns the types of the events that it sends."""
    waiting = [{"type": event} for event in events]
    sent: list[str] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await app(scope, receive, send)
    assert not waiting
    return sent


LIFESPAN = ("lifespan.startup", "lifespan.shutdown")


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "telnet"])
async def test_scopes_other_than_http_reach_the_application_untouched(
    site: Path, kind: str
) -> None:
    seen: list[Any] = []

    async def application(*arguments: Any) -> None:
        seen.extend(arguments)

    given = ({"type": kind, "path": "/robots.txt"}, home, home)
    await ASGIWhiteNoise(application, site)(*given)  # type: ignore[arg-type]
    assert all(here is there for here, there in zip(seen, given, strict=True))


async def test_a_wrapped_starlette_application_starts_and_ends(site: Path) -> None:
    app = ASGIWhiteNoise(Starlette(), site)
    assert await exchange(app, {"type": "lifespan", "state": {}}, *LIFESPAN) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_without_an_application_it_supports_lifespan_and_refuses_websockets(
    site: Path,
) -> None:
    app = ASGIWhiteNoise(None, site)
    assert await exchange(app, {"type": "lifespan"}, *LIFESPAN) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    scope = {"type": "websocket", "path": "/robots.txt"}
    assert await exchange(app, scope, "websocket.connect") == ["websocket.close"]


def test_without_an_application_it_refuses_an_unknown_scope(site: Path) -> None:
    with pytest.raises(RuntimeError, match="no application for a scope of type 'telnet'"):
        call_asgi(ASGIWhiteNoise(None, site), make_call("/"), type="telnet")


def test_a_scope_may_leave_out_what_is_optional(site: Path) -> None:
    app = ASGIWhiteNoise(None, site, index_file=True)
    scope = {"type": "http", "method": "GET", "path": "/docs", "headers": []}

    async def bare(full: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    assert call_asgi(bare, make_call("/"))["location"] == "docs/"


def test_a_header_in_several_lines_is_one_list(site: Path) -> None:
    app = ASGIWhiteNoise(None, site)
    tag = call_asgi(app, make_call("/robots.txt"))["etag"]
    lines = [("If-None-Match", '"other"')] * 900
    assert call_asgi(app, make_call("/robots.txt", lines)).status == 200
    assert call_asgi(app, make_call("/robots.txt", [*lines, ("If-None-Match", tag)])).status == 304


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("framework", [Starlette, FastAPI])
def test_a_wrong_option_is_logged_when_a_framework_creates_the_middleware_at_startup(
    framework: Any, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Servers hide the exception: they take it for missing support of lifespan."""
    error = "ASGIWhiteNoise() got an unknown option 'maxage'; did you mean 'max_age'?"
    app = framework()
    app.add_middleware(ASGIWhiteNoise, maxage=3)

    async def start() -> None:
        for _ in range(2):
            with pytest.raises(TypeError, match=re.escape(error)):
                await app({"type": "lifespan"}, None, None)

    anyio.run(start, backend=backend)
    assert caplog.messages == [error]


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
def test_a_wrong_option_is_not_logged_without_an_event_loop(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match="max_age must be 0 or more"):
        kind(None, max_age=-1)
    assert caplog.messages == []


@pytest.fixture
def assets(site: Path) -> Assets:
    return Assets(site, "static")


def below(assets: Assets, mount: str, name: str = "robots.txt") -> str:
    with assets.site.mounted_at(mount):
        return assets.url(name)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("mount", ["", "/app", "/app/", "app", "/ü b"])
def test_urls_begin_with_the_root_path(assets: Assets, backend: str, mount: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await anyio.lowlevel.checkpoint()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = [assets.url("robots.txt").encode()]
        async with anyio.create_task_group() as group:

            async def in_a_task() -> None:
                body.append(assets.url("robots.txt").encode())

            group.start_soon(in_a_task)
        body.append((await anyio.to_thread.run_sync(assets.url, "robots.txt")).encode())
        await send({"type": "http.response.body", "body": b" ".join(body)})

    app = ASGIWhiteNoise(application, assets=assets)
    reply = call_asgi(app, make_call("/page", mount=mount), backend)
    assert set(reply.body.decode().split(" ")) == {below(assets, mount)}
    assert assets.site.mount == ""
    url = below(assets, "")
    assert call_asgi(app, make_call(url, mount=mount), backend).body == b"User-agent: *\n"


async def test_requests_at_the_same_time_keep_their_mount_points(assets: Assets) -> None:
    begun = anyio.Event()
    seen: dict[str, str] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if len(seen) == 1:
            begun.set()
        seen[scope["root_path"]] = ""
        await begun.wait()
        seen[scope["root_path"]] = assets.url("robots.txt")

    app: Any = ASGIWhiteNoise(application, assets=assets)
    mounts = ["/one", "/two"]
    async with anyio.create_task_group() as group:
        for mount in mounts:
            group.start_soon(app, scope_of(make_call("/page", mount=mount)), None, None)
    assert seen == {mount: below(assets, mount) for mount in mounts}


async def test_a_websocket_has_a_mount_point_and_no_files(assets: Assets) -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["type"], assets.url("robots.txt")))

    app: Any = ASGIWhiteNoise(application, assets=assets)
    scope = {"type": "websocket", "path": "/app" + below(assets, ""), "root_path": "/app"}
    await app(scope, None, None)
    await app({"type": "lifespan"}, None, None)
    assert seen == [("websocket", below(assets, "/app")), ("lifespan", below(assets, ""))]


async def test_mounted_applications_with_assets_of_their_own(assets: Assets, site: Path) -> None:
    own = Assets(site / "docs")

    def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{assets.url('robots.txt')} {own.url('index.html')}")

    inner = Starlette(routes=[Route("/page", page)])
    inner.add_middleware(ASGIWhiteNoise, assets=own)
    outer = Starlette(routes=[Mount("/inner", inner), Route("/page", page)])
    outer.add_middleware(ASGIWhiteNoise, assets=assets)
    app = Starlette(routes=[Mount("/outer", outer)])
    async with client_for(app) as client:
        first, second = (await client.get("/outer/inner/page")).text.split(" ")
        assert first == below(assets, "/outer")
        assert second == below(own, "/outer/inner", "index.html")
        assert (await client.get(first)).text == "User-agent: *\n"
        assert (await client.get(second)).status_code == 200
        assert (await client.get("/outer/page")).text == f"{first} {below(own, '', 'index.html')}"


async def test_an_error_of_the_application_ends_the_mount_point(assets: Assets) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("application")

    app: Any = ASGIWhiteNoise(application, assets=assets)
    with pytest.raises(RuntimeError, match="application"):
        await app(scope_of(make_call("/page", mount="/app")), None, None)
    assert assets.site.mount == ""


def test_an_application_that_is_abandoned_causes_no_error(assets: Assets) -> None:
    """An event loop that stops leaves tasks to the garbage collector, in another context."""

    class Never:
        def __await__(self) -> Any:
            yield

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await Never()

    app: Any = ASGIWhiteNoise(application, assets=assets)
    running = app(scope_of(make_call("/page", mount="/app")), None, None)
    contextvars.copy_context().run(running.send, None)
    running.close()
    assert assets.site.mount == ""
