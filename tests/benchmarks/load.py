"""The load: wrk, pinned to the core that the servers do not use."""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from tests.benchmarks.checks import Checked
from tests.benchmarks.processes import LOAD_CPU, child
from tests.benchmarks.rows import Work

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class InvalidError(Exception):
    """The reason why a measurement is invalid."""


def wrk_is_missing() -> bool:
    return shutil.which("wrk") is None


def requests_per_second(
    folder: Path, port: int, work: Work, checked: Checked, seconds: float
) -> float:
    """Load a server for some seconds.

    :raises InvalidError: if any response was an error, or not as long as the checked one.
    """
    report = _run(folder, port, work, checked, seconds)
    for complaint in ("Non-2xx or 3xx responses", "Socket errors"):
        if found := re.search(rf"{complaint}: .*", report):
            raise InvalidError(found[0])
    count = re.search(r"(\d+) requests in \S+, ([\d.]+)([KMGT]?)B read", report)
    rate = re.search(r"Requests/sec: +([\d.]+)", report)
    if count is None or rate is None:
        raise InvalidError(f"wrk: {report.strip() or 'no report'}")
    if int(count[1]) == 0:
        raise InvalidError(f"not one response in {seconds:g} s")
    _compare_sizes(int(count[1]), float(count[2]) * _UNITS[count[3]], work, checked)
    return float(rate[1])


def _compare_sizes(count: int, received: float, work: Work, checked: Checked) -> None:
    # Each connection may have been in the middle of a response, and wrk rounds.
    allowance = work.connections * checked.size + 0.01 * received
    if abs(received - count * checked.size) > allowance:
        size = received / count
        raise InvalidError(f"responses of {size:.0f} bytes, not of {checked.size}")


def _run(folder: Path, port: int, work: Work, checked: Checked, seconds: float) -> str:
    whole = math.ceil(seconds)
    headers = [part for pair in checked.headers.items() for part in ("-H", "{}: {}".format(*pair))]
    command = ["wrk", "-t", "1", "-c", str(work.connections), "-d", f"{whole}s", *headers]
    command.append(f"http://127.0.0.1:{port}{work.path}")
    with child(command, LOAD_CPU, folder, subprocess.PIPE) as process:
        try:
            if whole == seconds:
                return process.communicate(timeout=seconds + 30)[0]
            return _cut_short(process, seconds)
        except subprocess.TimeoutExpired:
            raise InvalidError("wrk did not end") from None


def _cut_short(process: subprocess.Popen[str], seconds: float) -> str:
    """Interrupt wrk after a fraction of a second: it accepts only whole seconds."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGINT)
    return process.communicate(timeout=30)[0]
