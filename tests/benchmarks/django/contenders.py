"""The middlewares that serve the static files of a Django project."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks.contenders import LIMIT, OURS, PACKAGES, SERVER_PACKAGES

WRAPPING = f"{OURS} (wrapping)"
WHITENOISE = "whitenoise"


class Contender(NamedTuple):
    package: str | None = None
    middleware: str | None = None


CONTENDERS = {
    WHITENOISE: Contender("whitenoise", "whitenoise.middleware.WhiteNoiseMiddleware"),
    OURS: Contender(OURS, f"{OURS}.django.WhiteNoiseMiddleware"),
    WRAPPING: Contender(OURS),
    "servestatic": Contender("servestatic", "servestatic.middleware.ServeStaticMiddleware"),
    LIMIT: Contender(),
}

SERVERS = ("uvicorn", "gunicorn")
VERSIONS = PACKAGES & {
    "aiofiles",
    "anyio",
    *(each.package for each in CONTENDERS.values()),
    *(package for server in SERVERS for package in SERVER_PACKAGES[server]),
} | {"asgiref", "django"}
