"""Counts the calls of a warm request: ``NAME INTERFACE SITE`` to a line of JSON."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

from tests.benchmarks.browser import HEADERS
from tests.benchmarks.capture import ask
from tests.benchmarks.contenders import ASGI
from tests.benchmarks.django.project import make
from tests.benchmarks.rows import SMALL

_WARM, _COUNTED = 5, 5


class Calls:
    """Counts the calls of a request in all threads."""

    def __init__(self) -> None:
        self._seen: Counter[str] | None = None
        self.counts: list[Counter[str]] = []
        # Threads that start before the counting begins need the profile function as well.
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, argument: object) -> None:
        if self._seen is not None:
            self._seen[event] += 1

    @contextmanager
    def _counting(self) -> Iterator[None]:
        self._seen = Counter()
        try:
            yield
        finally:
            self.counts.append(self._seen)
            self._seen = None

    def of_asgi(self, application: Any) -> Any:
        """The application, whose calls are counted."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            with self._counting():
                await application(scope, receive, send)

        return counted

    def of_wsgi(self, application: Any) -> Any:
        """The same under WSGI, including the whole body."""

        def counted(environ: Any, start_response: Any) -> list[bytes]:
            with self._counting():
                result = application(environ, start_response)
                body = list(result)
                getattr(result, "close", tuple)()
            return body

        return counted


def main(name: str, interface: str, site: Path) -> None:
    """Count, and print the median of some requests."""
    calls = Calls()
    application = make(name, interface, site)
    counted = calls.of_asgi(application) if interface == ASGI else calls.of_wsgi(application)
    for _ in range(_WARM + _COUNTED):
        response = ask(interface, counted, SMALL.path, HEADERS)
        if response.status != SMALL.status:
            raise RuntimeError(f"status {response.status}")
    sys.setprofile(None)
    kept = calls.counts[_WARM:]
    found = {kind: median(each[kind] for each in kept) for kind in ("call", "c_call")}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
