"""Litestar: the middleware wraps the whole application, outside its routing."""

from pathlib import Path

from litestar import Litestar, MediaType, get
from litestar.exceptions import NotFoundException

from whitenoise_async import ASGIWhiteNoise, Assets

NOTES = {"a": 440.0, "c": 523.25}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Notes</title>
<link rel="stylesheet" href="{}">
<h1>Notes</h1>
<p>In hertz: <a href="/notes/a">a</a> <a href="/notes/c">c</a></p>
</html>
"""

assets = Assets(Path(__file__).parent / "static", prefix="static")


@get("/", media_type=MediaType.HTML)
async def home() -> str:
    return PAGE.format(assets.url("style.css"))


@get("/notes/{name:str}")
async def note(name: str) -> dict[str, float]:
    if name not in NOTES:
        raise NotFoundException(f"No note is called {name}")
    return {name: NOTES[name]}


app = ASGIWhiteNoise(Litestar([home, note]), assets=assets)
