"""The two sizes of a run."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    kind: str
    rounds: int  # one turn of every contender in each
    warmup: float  # seconds of load to warm up
    seconds: float  # seconds of load that count
    files: int  # files of the start-up, each with a .gz
    readers: int  # readers that stall
    stalled_rounds: int  # fewer rounds, since a turn takes long and its figures hardly vary
    grace: float  # seconds in which a server must release all after its clients have gone


FULL = Settings("full", 5, 0.5, 2.0, 50_000, 400, 3, 5.0)
QUICK = Settings("quick", 1, 0.2, 0.5, 5_000, 100, 1, 3.0)
