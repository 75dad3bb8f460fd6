"""The contenders, their rows, and the reasons why one cannot take part."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from tests.benchmarks.rows import PASSED, Row
from tests.benchmarks.startup_options import STARTS

LIMIT = "limit"
OURS = "whitenoise_async"
HASHED = f"{OURS} (hashed URL)"
NGINX = "nginx"
BARE_WALK = "bare walk"

ASGI, WSGI = "asgi", "wsgi"
INTERFACES = {
    **dict.fromkeys(("uvicorn", "uvicorn-asyncio", "hypercorn", "hypercorn-trio", "granian"), ASGI),
    **dict.fromkeys(("gunicorn", "granian-wsgi"), WSGI),
}
SERVER_PACKAGES = {
    "uvicorn": ("uvicorn", "httptools", "uvloop"),
    "uvicorn-asyncio": ("uvicorn",),
    "hypercorn": ("hypercorn",),
    "hypercorn-trio": ("hypercorn", "trio"),
    "granian": ("granian",),
    "granian-wsgi": ("granian",),
    "gunicorn": ("gunicorn",),
}


class Contender(NamedTuple):
    name: str
    interfaces: tuple[str, ...]
    package: str | None = None
    wraps: bool = True  # wraps an application
    lists: bool = False  # lists the files at the start


CONTENDERS = (
    Contender(LIMIT, (ASGI, WSGI)),
    Contender(OURS, (ASGI, WSGI), OURS, lists=True),
    Contender("whitenoise", (WSGI,), "whitenoise", lists=True),
    Contender("servestatic", (ASGI, WSGI), "servestatic", lists=True),
    Contender("blacknoise", (ASGI,), "blacknoise", lists=True),
    Contender("whitesnout", (ASGI,), "whitesnout"),
    Contender("starlette", (ASGI,), "starlette", wraps=False),
    Contender("granian", (), "granian", wraps=False),
    Contender(NGINX, (ASGI, WSGI)),
)
PACKAGES = frozenset(
    {"anyio", "aiofiles"}.union(
        *SERVER_PACKAGES.values(), (each.package for each in CONTENDERS if each.package)
    )
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
NAMES = (*BY_NAME, BARE_WALK)


def is_ours(name: str) -> bool:
    """Whether it is a middleware of this package."""
    return name.split()[0] == OURS


def for_row(row: Row) -> list[str]:
    """The names of the contenders of a row, in the order of their turns."""
    interface = INTERFACES[row.server]
    return [
        each.name
        for each in CONTENDERS
        if (interface in each.interfaces and (each.wraps or row.work is not PASSED))
        or (each.name == "granian" and row.server.startswith("granian"))
    ]


def for_hashed() -> list[str]:
    """The two kinds of URLs of this package."""
    return [OURS, HASHED]


def for_startup() -> list[str]:
    """The names of those that list files at the start, and of a walk that only counts."""
    return [BARE_WALK, *(each.name for each in CONTENDERS if each.lists)]


def for_startup_options() -> list[str]:
    """The ways to start this package, and the bare walk."""
    return [BARE_WALK, OURS, *STARTS]


def for_stalled() -> list[str]:
    """The names of those that stream files under ASGI."""
    others = (LIMIT, NGINX)
    return [each.name for each in CONTENDERS if ASGI in each.interfaces and each.name not in others]


def missing(name: str) -> str | None:
    """Why a contender cannot take part on this machine."""
    if name == NGINX:
        return None if shutil.which("nginx") else "nginx is not installed"
    return missing_of([package] if name in BY_NAME and (package := BY_NAME[name].package) else [])


def missing_server(server: str) -> str | None:
    """Why a server cannot be run on this machine."""
    return missing_of(SERVER_PACKAGES[server])


def version_of(package: str) -> str | None:
    """The installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def missing_of(packages: Iterable[str]) -> str | None:
    """A reason that names the packages that are not installed, ``None`` if all are."""
    absent = [package for package in packages if version_of(package) is None]
    return f"not installed: {', '.join(absent)}" if absent else None
