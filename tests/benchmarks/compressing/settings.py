"""The two sizes of a run."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    kind: str
    rounds: int  # one turn of every contender in each
    scripts: int
    walks: int  # second runs and bare walks in one process, in each round
    files: int  # files of 50 KB, to measure memory
    piece: int  # MB of the large file that are tried first
    window: int  # MB, many times the largest window, for the best level
    huge: int  # MB of the large file
    patience: int  # CPU seconds that one encoding of the large file may take at its best level


FULL = Settings("full", 3, 10_000, 5, 10_000, 64, 300, 4096, 2700)
QUICK = Settings("quick", 1, 300, 3, 100, 1, 2, 4, 30)
