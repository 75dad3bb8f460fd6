"""The servers, and the limits of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tests.benchmarks.contenders import ASGI, WSGI
from tests.benchmarks.servers import COMMANDS
from tests.benchmarks.soak.client import CONNECTIONS
from tests.benchmarks.soak.files import LARGE
from tests.benchmarks.soak.judge import Bounds
from tests.benchmarks.soak.settings import Settings
from whitenoise_async.asgi.worker_threads import MAX_THREADS

# KB of memory for each stalled reader: what the project promises.
_READER = 150

# A client that reconnects may count twice for a moment. Large files are kept open for a while, and
# each thread may check a file and its variant.
_DESCRIPTORS = 2 * CONNECTIONS + LARGE + 2 * MAX_THREADS

# Threads that read files, one that closes idle files, and for a moment threads that end while
# others begin.
_THREADS = MAX_THREADS + 1 + 3


class Profile(NamedTuple):
    command: str
    interface: str
    packages: tuple[str, ...]
    threads: int = 0  # threads of the server, started on demand
    keeps_threads: bool = False  # permanently
    most_readers: int | None = None  # readers that can stall at once while others are served
    reader: float = _READER  # KB

    def waves(self, wanted: Sequence[int]) -> list[int]:
        """The number of readers that stall at once, in each wave."""
        return sorted({min(readers, self.most_readers or readers) for readers in wanted})

    def bounds(self, settings: Settings) -> Bounds:
        """The limits for it."""
        return Bounds(
            settings.growth,
            self.reader,
            _THREADS + self.threads,
            self.threads if self.keeps_threads else 0,
            _DESCRIPTORS,
        )


PROFILES = {
    "uvicorn": Profile(COMMANDS["uvicorn"], ASGI, ("uvicorn", "httptools", "uvloop")),
    "hypercorn-trio": Profile(
        "hypercorn --bind 127.0.0.1:{port} --worker-class trio --log-level warning",
        ASGI,
        ("hypercorn", "trio"),
    ),
    # It opens and sends large files itself, in its own threads and memory.
    "granian": Profile(
        COMMANDS["granian"], ASGI, ("granian", "uvloop"), 64, most_readers=20, reader=math.inf
    ),
    # A stalled reader occupies one of its four threads.
    "gunicorn": Profile(
        COMMANDS["gunicorn"], WSGI, ("gunicorn",), 4, True, most_readers=3, reader=math.inf
    ),
}
