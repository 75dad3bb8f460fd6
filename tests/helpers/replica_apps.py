"""The applications that a replica runs: pages of its release, and static files.

``REPLICA`` has the settings, as JSON: the middleware, its root and options, the file of the page
and its path.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

_MIDDLEWARES = {
    "asgi": "whitenoise_async.ASGIWhiteNoise",
    "wsgi": "whitenoise_async.WhiteNoise",
    "whitenoise": "whitenoise.WhiteNoise",
}
_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}

_settings = json.loads(os.environ["REPLICA"])
_page = Path(_settings["page"]).read_bytes()


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    status, body = (200, _page) if scope["path"] == _settings["path"] else (404, b"Not Found")
    headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    is_page = environ["PATH_INFO"] == _settings["path"]
    start_response("200 OK" if is_page else "404 Not Found", [*_HEADERS.items()])
    return [_page if is_page else b"Not Found"]


def _wrap(kind: str) -> Any:
    module, _, name = _MIDDLEWARES[kind].rpartition(".")
    middleware = getattr(import_module(module), name)
    application = _asgi if kind == "asgi" else _wsgi
    return middleware(application, _settings["root"], **_settings["options"])


application = _wrap(_settings["middleware"])
