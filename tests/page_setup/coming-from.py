"""Two folders of files, a WSGI and an ASGI application, and a client for each."""

from pathlib import Path

import anyio
import httpx

for path in (
    "static/app.css",
    "static/base.27e20196a850.css",
    "static/backup.202401311200.csv",
    "static/legacy.es6",
):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("body { color: black }\n")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"application\n"]


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"no such page"})


def get(application, path):
    """Request a path of a WSGI application."""
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path)


def aget(app, path):
    """Request a path of an ASGI application."""

    async def main():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
            return await client.get(path)

    return anyio.run(main)
