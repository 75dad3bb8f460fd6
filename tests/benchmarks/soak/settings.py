"""How long the soak is."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    requests: int
    aborted: int
    stalled: tuple[int, ...]  # readers at once, one time after the other; the last twice
    files: int  # small ones, each asked for once before anything is judged
    connections: int


FULL = Settings(1_000_000, 10_000, (400, 1000, 1000), 20_000, 32)
#: For CI: a minute.
SHORT = Settings(60_000, 600, (400, 400), 4_000, 32)
