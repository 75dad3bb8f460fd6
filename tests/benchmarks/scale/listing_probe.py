"""Lists one tree in this new process, and prints JSON: ``KIND COUNT ROOT SMALL time|trace``."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.apps import asgi_application
from tests.benchmarks.proc import usage
from tests.benchmarks.scale.tree import names
from tests.benchmarks.startup_probe import count_names
from whitenoise_async import ASGIWhiteNoise

_WARM = 200  # files that are requested
_REQUESTS = 4000  # in one turn
_TURNS = 9

MANIFEST = "manifest"
PREFIX = "prefix"


def main(kind: str, count: int, root: Path, small: Path, how: str) -> None:
    """List the tree, and measure requests unless ``how`` is ``trace``."""
    make = _maker(kind, root)
    _plain(small, kind)  # imports come first, so that only costs that grow with the files count
    gc.collect()
    before = usage(os.getpid()).resident
    if how == "trace":
        tracemalloc.start()
    began = time.perf_counter()
    application = make()
    seconds = time.perf_counter() - began
    gc.collect()
    resident = usage(os.getpid()).resident
    found = {
        "seconds": seconds,
        "resident": (resident - before) * 1024 / count,
        "peak": max(0, _peak() - before) * 1024 / count,
        "traced": tracemalloc.get_traced_memory()[0] / count,
    }
    if how != "trace":
        began = time.perf_counter()
        count_names(root)
        found["walk"] = time.perf_counter() - began
        if kind != MANIFEST:
            found.update(_requests(application, _plain(small, kind), count, kind))
    sys.stdout.write(json.dumps(found))


def _maker(kind: str, root: Path) -> Callable[[], Any]:
    if kind != MANIFEST:
        return lambda: _plain(root, kind)
    import django
    from django.conf import settings

    from whitenoise_async.django import DjangoWhiteNoise

    backend = "whitenoise_async.django.CompressedManifestStaticFilesStorage"
    settings.configure(
        STATIC_URL="/static/",
        STATIC_ROOT=str(root),
        WHITENOISE_USE_MANIFEST=True,
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STORAGES={"staticfiles": {"BACKEND": backend}},
    )
    django.setup()
    from django.contrib.staticfiles.storage import staticfiles_storage

    assert staticfiles_storage.hashed_files  # Django reads its manifest before the count begins
    return lambda: DjangoWhiteNoise(asgi_application)


def _plain(root: Path, kind: str) -> ASGIWhiteNoise:
    return ASGIWhiteNoise(asgi_application, root, "assets/static" if kind == PREFIX else None)


def _peak() -> int:
    """KB: the largest resident memory so far."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def _requests(large: ASGIWhiteNoise, small: ASGIWhiteNoise, count: int, kind: str) -> Any:
    """The time of a request among many files, and as a ratio to one among few, in turn."""
    start = "/assets/static/" if kind == PREFIX else "/"
    step = count // _WARM
    chosen = [start + name for number, name in enumerate(names(count)) if number % step == 0]
    few = [start + name for name in names(_WARM)]
    works = {"file": (chosen, few), "passed": (["/page"], ["/page"])}
    found = {}
    for work, (urls, others) in works.items():
        turns = []
        for _ in range(_TURNS):
            ours, theirs = _seconds(large, urls), _seconds(small, others)
            turns.append((ours, ours / theirs))
        found[f"{work}_us"] = 1e6 * median(ours for ours, _ in turns)
        found[f"{work}_ratio"] = median(ratio for _, ratio in turns)
    return found


def _seconds(application: ASGIWhiteNoise, urls: list[str]) -> float:
    """Seconds for a request, by the fastest of three passes, when all files were requested."""
    return asyncio.run(_timed(application, urls))


async def _timed(application: ASGIWhiteNoise, urls: list[str]) -> float:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    scopes = [
        {"type": "http", "method": "GET", "path": url, "raw_path": url.encode(), "headers": []}
        for url in urls
    ]
    for scope in scopes:
        await application(scope, receive, send)
    passes = []
    for _ in range(3):
        began = time.perf_counter()
        for number in range(_REQUESTS):
            await application(scopes[number % len(scopes)], receive, send)
        passes.append((time.perf_counter() - began) / _REQUESTS)
    return min(passes)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
