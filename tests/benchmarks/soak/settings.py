"""The two sizes of a run, and the limits of each."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    kind: str
    files: int  # small files
    requests: int  # mixed requests
    aborted: int  # downloads
    stalled: tuple[int, ...]  # readers at once, in each wave
    period: float  # seconds from one change of files and roots to the next
    growth: int  # additional KB of memory that the second round may use


# The C library's free lists, one for each thread, vary by some 2 MB. In one round of a full run,
# 4 MB are 8 bytes for each request: a single pointer that leaks. In a short run they are 140 bytes
# for each request, and 1,200 for each with a unique header: the size of a cached response.
FULL = Settings("full", 20_000, 1_000_000, 10_000, (400, 1_000), 3.0, 4 << 10)
SHORT = Settings("short", 4_000, 60_000, 300, (400,), 2.0, 4 << 10)
