"""The application for the servers, chosen by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from tests.benchmarks.django.project import make

application = make(
    os.environ["BENCH_CONTENDER"], os.environ["BENCH_INTERFACE"], Path(os.environ["BENCH_SITE"])
)
