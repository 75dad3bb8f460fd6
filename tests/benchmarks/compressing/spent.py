"""The time and the peak memory of a command."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.processes import output_of


class Spent(NamedTuple):
    seconds: float
    cpu: float  # seconds, of all cores
    kb: int  # resident, at the peak


def spend(command: Sequence[str], folder: Path) -> Spent:
    """Run a command to its end, on all cores.

    :raises RuntimeError: if it fails.
    """
    os.sync()  # so that a command does not wait for the writes of another
    told = json.loads(output_of("compressing.spent_probe", command, folder, None, cpu=None))
    if told["status"]:
        raise RuntimeError(f"status {told['status']}: {told['printed'].strip()}")
    return Spent(round(told["seconds"], 3), round(told["cpu"], 3), told["kb"])
