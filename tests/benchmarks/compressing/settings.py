"""How many, how often: the two sizes of a run."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    kind: str
    rounds: int  # in each, every contender has one turn
    scripts: int
    walks: int  # of a second run and a bare walk in one process, in each round
    files: int  # of 50 KB, for the memory of many
    piece: int  # MB of the large file that are tried first
    window: int  # MB that fill the largest window many times over, at the best level
    huge: int  # MB of the large file
    patience: int  # CPU seconds that one encoding of the large file may take at its best level


FULL = Settings("full", 3, 10_000, 5, 10_000, 64, 300, 4096, 2700)
QUICK = Settings("quick", 1, 300, 3, 100, 1, 2, 4, 30)
