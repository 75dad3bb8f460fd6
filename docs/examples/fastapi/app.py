"""FastAPI: a mount serves the files below one path, a middleware those at the top."""

from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from whitenoise_async import ASGIWhiteNoise

HERE = Path(__file__).parent
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Decibels</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{}">
<h1>Decibels</h1>
<p><a href="/api/ratio/-3">-3 dB</a> <a href="/api/ratio/6">6 dB</a></p>
<p><a href="/docs">API</a></p>
</html>
"""

app = FastAPI()
# Files at the top, which browsers and crawlers request: /favicon.svg and /robots.txt.
app.add_middleware(ASGIWhiteNoise, root=HERE / "public")
# Instead of StaticFiles. url_for() builds the URLs. A missing file never reaches FastAPI.
app.mount("/static", ASGIWhiteNoise(None, HERE / "static"), name="static")


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home(request: Request) -> str:
    return PAGE.format(request.url_for("static", path="style.css").path)


@app.get("/api/ratio/{decibels}")
async def ratio(decibels: float) -> dict[str, float]:
    """Give the ratio of two powers."""
    if not -200 <= decibels <= 200:
        raise HTTPException(404, "Out of range")
    return {"decibels": decibels, "ratio": 10 ** (decibels / 10)}
