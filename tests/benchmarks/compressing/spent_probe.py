"""The time and memory of a command: ``COMMAND...`` to a line of JSON.

This is a small process, because the kernel includes the memory of the forking process in the peak
of the command.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from tests.benchmarks.processes import pinned_to


def main(command: Sequence[str]) -> None:
    """Run the command to its end, and print the measurements."""
    with tempfile.TemporaryFile("w+") as printed:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=printed, stderr=subprocess.STDOUT, preexec_fn=pinned_to(None)
        )
        _, status, used = os.wait4(process.pid, 0)
        told = {
            "seconds": time.perf_counter() - began,
            "cpu": used.ru_utime + used.ru_stime,
            "kb": used.ru_maxrss,
            "status": os.waitstatus_to_exitcode(status),
        }
        process.returncode = told["status"]
        printed.seek(0)
        sys.stdout.write(json.dumps({**told, "printed": printed.read()}))


if __name__ == "__main__":
    main(sys.argv[1:])
