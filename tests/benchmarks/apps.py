"""The application of each contender, configured for production as its documentation says.

Imports are inside the functions, so that a process loads only the contender that it runs.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.contenders import ASGI, HASHED, WSGI
from tests.benchmarks.rows import TRANSFERS
from tests.benchmarks.site import PREFIX

APPLICATION_BODY = b"Hello from the application\n"
_APPLICATION_HEADERS = [("content-type", "text/plain"), ("content-length", "27")]


class CapturedResponse(NamedTuple):
    """The response of the limit to a path."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    """The wrapped application, whose response is as cheap as possible."""
    headers = [(name.encode(), value.encode()) for name, value in _APPLICATION_HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": APPLICATION_BODY})


def wsgi_application(environ: Any, start_response: Any) -> Iterable[bytes]:
    """The same under WSGI."""
    start_response("200 OK", list(_APPLICATION_HEADERS))
    return [APPLICATION_BODY]


def asgi_limit(responses: dict[str, CapturedResponse]) -> Any:
    """Responds from a dictionary, with a new list of headers each time, as an application would."""

    async def limit(scope: Any, receive: Any, send: Any) -> None:
        status, headers, body = responses[scope["path"]]
        await send({"type": "http.response.start", "status": status, "headers": headers.copy()})
        await send({"type": "http.response.body", "body": body})

    return limit


def wsgi_limit(responses: dict[str, CapturedResponse]) -> Any:
    """The same under WSGI."""
    known = {
        path: (
            {200: "200 OK", 304: "304 Not Modified"}[response.status],
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers],
            response.body,
        )
        for path, response in responses.items()
    }

    def limit(environ: Any, start_response: Any) -> Iterable[bytes]:
        status, headers, body = known[environ["PATH_INFO"]]
        start_response(status, headers.copy())
        return [body]

    return limit


def _whitenoise_async(interface: str, site: Path) -> Any:
    from whitenoise_async import ASGIWhiteNoise, WhiteNoise

    if interface == ASGI:
        return ASGIWhiteNoise(asgi_application, site / PREFIX, PREFIX)
    return WhiteNoise(wsgi_application, site / PREFIX, PREFIX)


def _whitenoise(interface: str, site: Path) -> Any:
    from whitenoise import WhiteNoise

    return WhiteNoise(wsgi_application, str(site / PREFIX), PREFIX)


def _servestatic(interface: str, site: Path) -> Any:
    from servestatic import ServeStatic, ServeStaticASGI

    if interface == ASGI:
        return ServeStaticASGI(asgi_application, str(site / PREFIX), PREFIX)
    return ServeStatic(wsgi_application, str(site / PREFIX), PREFIX)


def _blacknoise(interface: str, site: Path) -> Any:
    from blacknoise import BlackNoise

    application = BlackNoise(asgi_application)
    application.add(site / PREFIX, f"/{PREFIX}")
    return application


def _whitesnout(interface: str, site: Path) -> Any:
    from whitesnout import WhiteSnout

    # Without this, it logs every request, unlike the others.
    return WhiteSnout(asgi_application, directory=str(site), log_level=None)


def _starlette(interface: str, site: Path) -> Any:
    from starlette.staticfiles import StaticFiles

    files = StaticFiles(directory=str(site))
    if os.environ["BENCH_WORK"] not in TRANSFERS:
        return files
    from starlette.applications import Starlette
    from starlette.routing import Mount

    files = StaticFiles(directory=str(site / PREFIX))
    return Starlette(routes=[Mount(f"/{PREFIX}", files), Mount("/", asgi_application)])


MAKERS: dict[str, Callable[[str, Path], Any]] = {
    "whitenoise_async": _whitenoise_async,
    HASHED: _whitenoise_async,
    "whitenoise": _whitenoise,
    "servestatic": _servestatic,
    "blacknoise": _blacknoise,
    "whitesnout": _whitesnout,
    "starlette": _starlette,
}


def make(name: str, interface: str, site: Path) -> Any:
    """The application of a contender."""
    if name in MAKERS:
        return MAKERS[name](interface, site)
    # granian needs an application even for its own static files, and never calls it.
    plain = {ASGI: asgi_application, WSGI: wsgi_application}[interface]
    if name != "limit" or os.environ["BENCH_WORK"] == "pass":
        return plain
    # Written by capture.py, for this run.
    captured = pickle.loads(Path(os.environ["BENCH_RESPONSES"]).read_bytes())
    responses = captured[interface, os.environ["BENCH_WORK"]]
    return asgi_limit(responses) if interface == ASGI else wsgi_limit(responses)
