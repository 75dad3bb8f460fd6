"""A single-page application built by Vite, and the application that has its data."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise, Assets

COLORS = ["white", "pink", "brown"]
LINKS = "\n".join(f'<a href="/colors/{each}">{each}</a>' for each in COLORS)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The spectrum of {color} noise</title>
<link rel="icon" href="{icon}" type="image/svg+xml">
{tags}
<nav><a href="/">Spectrum</a> {links}</nav>
<main id="view"></main>
</html>
"""

assets = Assets(
    Path(__file__).resolve().parent / "dist",
    exclude=[".vite"],
    index_file=True,
    fallback="index.html",  # the page for every other URL that a browser opens
    max_age=0,  # browsers revalidate the page each time, so they see a new build
    immutable_file_test="vite",  # the files in the manifest; those from public/ are not there
)


async def api_colors(request: Request) -> JSONResponse:
    return JSONResponse(COLORS)


async def color(request: Request) -> HTMLResponse:
    """Render a page here, so that previews of links have its title."""
    name = request.path_params["name"]
    if name not in COLORS:
        raise HTTPException(404)
    icon, tags = assets.url("assets/icon-spectrum.svg"), assets.vite("index.html")
    return HTMLResponse(PAGE.format(color=name, icon=icon, tags=tags, links=LINKS))


app = ASGIWhiteNoise(
    Starlette(routes=[Route("/api/colors", api_colors), Route("/colors/{name}", color)]),
    assets=assets,
)
