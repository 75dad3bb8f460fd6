"""Starlette: the first middleware serves the files. The lifespan computes their hashes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise, Assets

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Uptime</title>
<link rel="stylesheet" href="{}">
<h1>Up for {:.1f} seconds</h1>
</html>
"""

assets = Assets(Path(__file__).parent / "static", prefix="static")


class State(TypedDict):
    started: float


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[State]:
    await assets.prepare()  # so that no page has to
    yield {"started": monotonic()}


async def home(request: Request) -> HTMLResponse:
    uptime = monotonic() - request.state.started
    return HTMLResponse(PAGE.format(assets.url("style.css"), uptime))


app = Starlette(
    routes=[Route("/", home)],
    middleware=[Middleware(ASGIWhiteNoise, assets=assets)],
    lifespan=lifespan,
)
