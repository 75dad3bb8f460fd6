"""The lines for each framework on the page about hashed URLs, on the real framework."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.helpers.docs_pages import DOCS, blocks_of, code, rows_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise

STYLE = 'body { background: url("../images/logo.svg") }\n'
HASHED = r"/static/css/site\.[0-9a-f]{12}\.css"

#: The lines of the page by framework: the wrapper, and the global name of templates.
LINES = {
    name.partition(",")[0]: (serve, let)
    for name, *cells in rows_of(DOCS / "assets.md", 3)
    if (serve := code(cells[0])) and (let := code(cells[1]))
}


class Site(NamedTuple):
    """An application with a page at ``/``."""

    application: Any
    assets: Assets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with static files and the first template of the page."""
    write(tmp_path / "static" / "css" / "site.css", STYLE.encode())
    write(tmp_path / "static" / "images" / "logo.svg", b"<svg/>")
    template = next(each for each in blocks_of(DOCS / "assets.md") if each.language == "html")
    write(tmp_path / "templates" / "home.html", template.text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def applied(framework: str, **names: Any) -> Site:
    """The site after the lines of the page for a framework."""
    assets = Assets("static", prefix="static")
    names |= {"WhiteNoise": WhiteNoise, "ASGIWhiteNoise": ASGIWhiteNoise, "assets": assets}
    for line in LINES[framework]:
        exec(line, names)
    return Site(names.get("application") or names["app"], assets)


def flask_site() -> Site:
    from flask import Flask, render_template

    app = Flask("example", root_path=str(Path.cwd()))
    app.add_url_rule("/", view_func=lambda: render_template("home.html"), endpoint="home")
    return applied("Flask", app=app)


def jinja_site() -> Site:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader("templates"), autoescape=True)

    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        # The server asks for the body after the application has returned.
        yield environment.get_template("home.html").render().encode()

    return applied("Jinja2", application=application, environment=environment)


def starlette_site(kind: Any = None, **arguments: Any) -> Site:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.templating import Jinja2Templates

    templates = Jinja2Templates("templates")

    async def home(request: Request) -> Any:
        return templates.TemplateResponse(request, "home.html")

    app = (kind or Starlette)(**arguments)
    app.add_route("/", home)
    return applied("Starlette" if kind is None else "FastAPI", app=app, templates=templates)


def fastapi_site(**arguments: Any) -> Site:
    from fastapi import FastAPI

    return starlette_site(FastAPI, **arguments)


def quart_site() -> Site:
    quart = pytest.importorskip("quart")
    app = quart.Quart("example", root_path=str(Path.cwd()))

    @app.get("/")  # type: ignore[untyped-decorator,misc,unused-ignore]
    async def home() -> Any:
        return await quart.render_template("home.html")

    return applied("Quart", app=app)


def litestar_site() -> Site:
    litestar = pytest.importorskip("litestar")
    from litestar.plugins.jinja import JinjaTemplateEngine
    from litestar.response import Template
    from litestar.template import TemplateConfig

    def home() -> Any:
        return Template("home.html")

    home.__annotations__["return"] = Template  # Litestar would evaluate the string
    route = litestar.get("/", sync_to_thread=True)(home)
    templates = TemplateConfig(directory=Path("templates"), engine=JinjaTemplateEngine)
    # Litestar would configure the root logger, for all tests that follow.
    app = litestar.Litestar([route], template_config=templates, logging_config=None)
    return applied("Litestar", app=app)


@contextmanager
def wsgi_client(application: Any) -> Iterator[Callable[[str], httpx.Response]]:
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        yield client.get


def check(get: Callable[[str], httpx.Response], mount: str = "") -> None:
    """The page names a hashed URL below ``mount``, and the files are found there."""
    page = get(f"{mount}/")
    assert page.status_code == 200, page.text
    found = re.fullmatch(rf'<link rel="stylesheet" href="({mount}{HASHED})">\n?', page.text)
    assert found is not None, page.text
    style = get(found[1])
    (image,) = re.findall(r'url\("\.\./(images/logo\.[0-9a-f]{12}\.svg)"\)', style.text)
    for reply in (style, get(f"{mount}/static/{image}")):
        assert reply.status_code == 200
        assert reply.headers["cache-control"] == "max-age=315360000, public, immutable"


def get_of(application: Any, root_path: str = "") -> Callable[[str], httpx.Response]:
    """A function that sends a GET request to an ASGI application."""

    async def get(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(application, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
            return await client.get(path)

    return lambda path: asyncio.run(get(path))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("make", [flask_site, jinja_site])
def test_a_wsgi_application_has_hashed_urls(make: Callable[[], Site]) -> None:
    site = make()
    with wsgi_client(site.application) as get:
        check(get)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("make", [flask_site, jinja_site])
def test_a_mounted_wsgi_application_has_hashed_urls(make: Callable[[], Site]) -> None:
    from werkzeug.exceptions import NotFound
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    site = make()
    outer: Any = DispatcherMiddleware(NotFound(), {"/shop": site.application})
    with wsgi_client(outer) as get:
        check(get, "/shop")
    assert re.fullmatch(HASHED, site.assets.url("css/site.css"))


ASGI_SITES = [
    starlette_site,
    fastapi_site,
    pytest.param(quart_site, marks=pytest.mark.slow),
    pytest.param(litestar_site, marks=pytest.mark.slow),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("make", ASGI_SITES)
def test_an_asgi_application_has_hashed_urls(make: Callable[[], Site]) -> None:
    check(get_of(make().application))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("make", ASGI_SITES)
def test_an_asgi_application_below_a_root_path_has_hashed_urls(make: Callable[[], Site]) -> None:
    site = make()
    check(get_of(site.application, "/shop"), "/shop")
    assert re.fullmatch(HASHED, site.assets.url("css/site.css"))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("make", ASGI_SITES)
def test_an_application_that_starlette_mounts_has_hashed_urls(make: Callable[[], Site]) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    check(get_of(Starlette(routes=[Mount("/shop", make().application)])), "/shop")


@pytest.mark.usefixtures("folder")
@pytest.mark.filterwarnings("ignore:The `root_path` parameter is deprecated")
def test_fastapi_s_root_path_is_the_mount_point() -> None:
    get = get_of(fastapi_site(root_path="/shop").application)
    check(get, "/shop")
    # Behind a proxy that removes the mount point from the path.
    check(lambda url: get(url.removeprefix("/shop")), "/shop")


def test_the_page_has_lines_for_each_framework() -> None:
    assert [*LINES] == ["Flask", "Quart", "Starlette", "FastAPI", "Litestar", "Jinja2"]
