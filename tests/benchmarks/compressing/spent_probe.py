"""A command and what it takes: ``COMMAND...`` to a line of JSON.

In a process of its own, which is small: the kernel counts to a command's peak what the process had
that it was forked from.
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
    """Run it to its end."""
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
