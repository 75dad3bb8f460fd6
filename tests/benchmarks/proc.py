"""The resources of a process, as the kernel reports them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    resident: int  # KB
    threads: int
    descriptors: int


def usage(pid: int) -> Usage:
    """The resources that a process uses now."""
    status = Path(f"/proc/{pid}/status").read_text()
    figures = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.M))
    return Usage(int(figures["VmRSS"]), int(figures["Threads"]), len(os.listdir(f"/proc/{pid}/fd")))


def send_queues(port: int) -> int:
    """Bytes in the send queues of the sockets that are bound to ``port``: the kernel's memory."""
    total = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, queues = line.split()[1], line.split()[4]
        if int(local.rpartition(":")[2], 16) == port:
            total += int(queues.partition(":")[0], 16)
    return total
