"""Starlette: the first middleware serves the files. The lifespan passes through it."""

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

from whitenoise_async import ASGIWhiteNoise

HERE = Path(__file__).parent
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Uptime</title>
<link rel="stylesheet" href="/static/style.css">
<h1>Up for {:.1f} seconds</h1>
</html>
"""


class State(TypedDict):
    started: float


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[State]:
    yield {"started": monotonic()}


async def home(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE.format(monotonic() - request.state.started))


app = Starlette(
    routes=[Route("/", home)],
    middleware=[
        Middleware(ASGIWhiteNoise, root=HERE / "static", prefix="static"),
    ],
    lifespan=lifespan,
)
