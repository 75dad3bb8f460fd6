"""The two sizes of a run."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    kind: str
    rounds: int  # of listing a tree
    files: tuple[int, ...]  # files of the trees
    connections: int  # that are idle
    shared: tuple[int, ...]  # files of the list that workers share
    readers: int  # that stall


FULL = Settings("full", 1, (1_000, 10_000, 100_000, 1_000_000), 10_000, (100_000, 1_000_000), 100)
QUICK = Settings("quick", 1, (1_000, 10_000), 500, (10_000,), 20)
