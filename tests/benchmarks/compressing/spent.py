"""What a command takes: time, and memory at its peak."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import child


class Spent(NamedTuple):
    seconds: float
    cpu: float  # seconds, of all cores
    kb: int  # resident, at the peak


def spend(command: Sequence[str], folder: Path) -> Spent:
    """Run a command to its end, on all cores.

    :raises RuntimeError: where it fails.
    """
    printed = folder / "printed"
    os.sync()  # nobody waits for what another one wrote
    with printed.open("wb") as output:
        began = time.perf_counter()
        with child(command, None, folder, output.fileno()) as process:
            spent = _wait(process, began)
    if process.returncode:
        raise RuntimeError(f"status {process.returncode}: {printed.read_text()}")
    return spent


def _wait(process: subprocess.Popen[str], began: float) -> Spent:
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Spent(round(seconds, 3), round(used.ru_utime + used.ru_stime, 3), used.ru_maxrss)
