"""A single-page application built by Vite, and the application that has its data."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise

DIST = Path(__file__).resolve().parent / "dist"


async def colors(request: Request) -> JSONResponse:
    return JSONResponse(["white", "pink", "brown"])


api = Starlette(routes=[Route("/api/colors", colors)])

app = ASGIWhiteNoise(
    api,
    DIST,
    exclude=[".vite"],
    index_file=True,
    fallback="index.html",  # the page for every other URL that a browser opens
    max_age=0,  # browsers revalidate the page each time, so they see a new build
    immutable_file_test="vite",  # the files in the manifest; those from public/ are not there
)
