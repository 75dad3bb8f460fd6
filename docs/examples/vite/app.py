"""A single-page application built by Vite, and its page for each URL of its router."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from whitenoise_async import ASGIWhiteNoise

DIST = Path(__file__).parent / "dist"


async def page(request: Request) -> FileResponse:
    return FileResponse(DIST / "index.html", headers={"Cache-Control": "no-cache"})


# Only the router's URLs get the page. A script of an earlier build must be a 404.
views = Starlette(routes=[Route("/colors/{name}", page)])

app = ASGIWhiteNoise(
    views,
    DIST,
    index_file=True,
    max_age=0,  # browsers revalidate the page each time, so they see a new build
    # Names with a hash of the content. Files from public/assets/ have none.
    immutable_file_test=r"^/assets/.+-(?=[\w-]{1,7}[A-Z])[\w-]{8}\.\w+$",
)
