"""The rows of the table: a server and its work."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks import site

APPLICATION_PATH = "/page"


class Work(NamedTuple):
    """A request, and the response to expect."""

    name: str
    path: str
    status: int = 200
    file: str | None = None  # a file with the body; else the wrapped application responds
    encoding: str | None = None
    conditional: bool = False  # with the validators of the contender's own response
    connections: int = 32


class Row(NamedTuple):
    name: str
    title: str
    server: str
    work: Work


def _file(name: str, file: str, connections: int) -> Work:
    return Work(name, f"/{site.PREFIX}/{file}", file=file, connections=connections)


SMALL = _file("2k", site.SMALL, 32)
PHOTO = _file("1m", site.PHOTO, 4)
CLIP = _file("10m", site.CLIP, 4)
GZIP = _file("gzip", site.SCRIPT, 32)._replace(file=f"{site.SCRIPT}.gz", encoding="gzip")
NOT_MODIFIED = _file("304", site.SCRIPT, 32)._replace(status=304, file=None, conditional=True)
PASSED = Work("pass", APPLICATION_PATH)

WORKS = {work.name: work for work in (SMALL, GZIP, NOT_MODIFIED, PASSED, PHOTO, CLIP)}

ROWS = (
    Row("uvicorn-2k", "uvicorn, 2 KB", "uvicorn", SMALL),
    Row("uvicorn-gzip", "uvicorn, 64 KB sent as gzip", "uvicorn", GZIP),
    Row("uvicorn-304", "uvicorn, 304", "uvicorn", NOT_MODIFIED),
    Row("uvicorn-pass", "uvicorn, request passed through", "uvicorn", PASSED),
    Row("uvicorn-1m", "uvicorn, 1 MB", "uvicorn", PHOTO),
    Row("uvicorn-10m", "uvicorn, 10 MB", "uvicorn", CLIP),
    Row("granian-2k", "granian, 2 KB", "granian", SMALL),
    Row("granian-10m", "granian, 10 MB", "granian", CLIP),
    Row("gunicorn-2k", "gunicorn, 2 KB", "gunicorn", SMALL),
    Row("gunicorn-10m", "gunicorn, 10 MB", "gunicorn", CLIP),
    Row("granian-wsgi-2k", "granian as WSGI, 2 KB", "granian-wsgi", SMALL),
)

DOWNLOADS = "downloads"
WARM = "warm-downloads"
READERS = "readers"


class FairnessRow(NamedTuple):
    """Repeated small requests during large transfers."""

    name: str
    title: str
    server: str
    kind: str


#: The kinds of large transfers.
TRANSFERS = {
    DOWNLOADS: "the application's requests during eight cold downloads of 100 MB",
    WARM: "the application's requests during eight downloads of 100 MB from the page cache",
    READERS: "a small file's requests when slow readers of 50 MB begin",
}
FAIRNESS_ROWS = tuple(
    FairnessRow(f"{server}-{kind}", f"{server}, {title}", server, kind)
    for kind, title in TRANSFERS.items()
    for server in ("uvicorn", "uvicorn-asyncio", "hypercorn", "hypercorn-trio", "granian")
)

#: A small file at its hashed URL, compared with its plain URL.
HASHED_ROWS = tuple(
    Row(f"{server}-hashed", f"{server}, 2 KB", server, SMALL) for server in ("uvicorn", "gunicorn")
)

STARTUP = "startup"
STARTUP_OPTIONS = "startup-options"
STALLED = "stalled"
ASSETS = "assets"
NAMES = (
    *(row.name for row in ROWS),
    *(row.name for row in FAIRNESS_ROWS),
    *(row.name for row in HASHED_ROWS),
    STARTUP,
    STARTUP_OPTIONS,
    STALLED,
    ASSETS,
)
