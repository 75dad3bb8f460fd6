"""Counts the thread hops of warm requests under ASGI: ``NAME SITE`` to a line of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.browser import HEADERS, conditions
from tests.benchmarks.capture import ask_asgi
from tests.benchmarks.contenders import ASGI, LIMIT
from tests.benchmarks.django.project import ASYNC_PATH, MISSING_PATH, make
from tests.benchmarks.rows import CLIP, NOT_MODIFIED, PASSED, SMALL, Work
from tests.helpers.hops import counting_hops

#: What is requested, as the table names it.
WORKS: dict[str, Work] = {
    "2 KB": SMALL,
    "304": NOT_MODIFIED,
    "10 MB": CLIP,
    "asynchronous view": PASSED._replace(path=ASYNC_PATH),
    "synchronous view": PASSED,
    "no such file or view": PASSED._replace(path=MISSING_PATH, status=404),
}


async def _hops(application: Any, work: Work) -> int:
    """The hops of a request, after two others."""
    headers = {**HEADERS}
    first = await ask_asgi(application, work.path, headers)
    if work.conditional:
        known = {name.lower(): value.decode() for name, value in first.headers}
        headers |= conditions(known[b"etag"], known.get(b"last-modified"))
    await ask_asgi(application, work.path, headers)
    with counting_hops() as hops:
        response = await ask_asgi(application, work.path, headers)
    if response.status != work.status:
        raise RuntimeError(f"status {response.status}")
    return hops.count


def main(name: str, site: Path) -> None:
    """Count the hops of each request, and print them."""
    os.environ["BENCH_WORK"] = PASSED.name
    application = make(name, ASGI, site)
    found = {
        title: asyncio.run(_hops(application, work))
        for title, work in WORKS.items()
        if name != LIMIT or (work.file is None and not work.conditional)
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
