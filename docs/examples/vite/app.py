"""A single-page application built by Vite, and the application that has its data."""

import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise

DIST = Path(__file__).resolve().parent / "dist"
MANIFEST = json.loads((DIST / ".vite" / "manifest.json").read_text("utf-8"))

# The files that Vite built have a hash in their names. Files from public/ have none.
BUILT = {
    str(DIST / name)
    for entry in MANIFEST.values()
    for name in [entry["file"], *entry.get("css", []), *entry.get("assets", [])]
}


def is_built(path: str, url: str) -> bool:
    return path in BUILT


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
    immutable_file_test=is_built,
)
