"""A single-page application: what Vite built, and the page for URLs that its router knows."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise

DIST = Path(__file__).parent / "dist"


async def page(request: Request) -> FileResponse:
    return FileResponse(DIST / "index.html", headers={"Cache-Control": "no-cache"})


# Not every URL is the page: a script of an earlier build, which is gone, has to be a 404.
views = Starlette(routes=[Route("/colours/{name}", page)])

app = ASGIWhiteNoise(
    views,
    DIST,
    index_file=True,
    max_age=0,  # the page is asked for again each time, so that a new build is seen
    # The names with a hash of the content: what comes from public/assets/ has none.
    immutable_file_test=r"^/assets/.+-(?=[\w-]{1,7}[A-Z])[\w-]{8}\.\w+$",
)
