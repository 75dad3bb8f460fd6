"""FastAPI: one middleware serves the files below one path and those at the top."""

from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from whitenoise_async import ASGIWhiteNoise, Assets

HERE = Path(__file__).parent
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Decibels</title>
<link rel="icon" href="{}" type="image/svg+xml">
<link rel="stylesheet" href="{}">
<h1>Decibels</h1>
<p><a href="/api/ratio/-3">-3 dB</a> <a href="/api/ratio/6">6 dB</a></p>
<p><a href="/docs">API</a></p>
</html>
"""

assets = Assets(HERE / "static", prefix="static")
# Files at the top, which browsers and crawlers request: /favicon.svg and /robots.txt.
assets.add_files(HERE / "public")

app = FastAPI()
app.add_middleware(ASGIWhiteNoise, assets=assets)


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home() -> str:
    return PAGE.format(assets.url("favicon.svg"), assets.url("style.css"))


@app.get("/api/ratio/{decibels}")
async def ratio(decibels: float) -> dict[str, float]:
    """Give the ratio of two powers."""
    if not -200 <= decibels <= 200:
        raise HTTPException(404, "Out of range")
    return {"decibels": decibels, "ratio": 10 ** (decibels / 10)}
