"""Quart: the middleware wraps ``app.asgi_app``. WebSockets pass through it unchanged."""

import asyncio
import random

from quart import Quart, render_template, websocket

from whitenoise_async import ASGIWhiteNoise, Assets

app = Quart(__name__)
assets = Assets(app.static_folder, app.static_url_path)
app.asgi_app = ASGIWhiteNoise(  # type: ignore[assignment, method-assign]
    app.asgi_app, assets=assets
)
app.jinja_env.globals["assets"] = assets


@app.get("/")
async def home() -> str:
    return await render_template("home.html")


@app.websocket("/noise")
async def noise() -> None:
    while True:
        await websocket.send(f"{random.random():.3f}")
        await asyncio.sleep(0.05)
