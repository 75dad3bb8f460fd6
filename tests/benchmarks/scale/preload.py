"""The memory that each worker adds, with the list of files shared or not."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.console import say
from tests.benchmarks.processes import environment
from tests.benchmarks.scale.settings import Settings
from tests.benchmarks.scale.tree import make_tree, names
from tests.benchmarks.servers import free_port, started
from tests.benchmarks.stalled import steady

WORKERS = 2
REQUESTED = 2_000
_COMMAND = (
    "gunicorn --bind 127.0.0.1:{port} --workers {workers} --no-control-socket --log-level warning"
    " --timeout 600"
)
_TARGET = "tests.benchmarks.scale.preload_target:application"
#: The ways to start, and their arguments.
WAYS = {
    "each lists the files": ("", ""),
    "`--preload`": (" --preload", ""),
    "`--preload`, `gc.freeze()`": (" --preload", "1"),
}


def measure(folder: Path, settings: Settings) -> dict[str, Any]:
    """The memory of workers in MB, by the number of files and the way to start."""
    found: dict[str, Any] = {}
    for count in settings.shared:
        root = folder / "shared" / "root"
        root.parent.mkdir()
        try:
            make_tree(root, count)
            for way in WAYS:
                seen = _turn(folder, root, count, way)
                say(f"preload  {count:,}, {way}: {seen}")
                found.setdefault(str(count), {})[way] = seen
        finally:
            shutil.rmtree(root.parent)
    return found


def _turn(folder: Path, root: Path, count: int, way: str) -> dict[str, float]:
    port = free_port()
    preload, freeze = WAYS[way]
    command = _COMMAND.format(port=port, workers=WORKERS) + preload
    environ = environment(folder, SCALE_ROOT=str(root), SCALE_FREEZE=freeze)
    arguments = [sys.executable, "-m", *command.split(), _TARGET]
    with started(arguments, port, folder / "preload.log", environ, None) as server:
        _ask(port, ["page"])
        workers = _children(server.pid)
        for pid in workers:
            steady(pid)
        before = _memory(workers)
        step = max(1, count // REQUESTED)
        _ask(port, (name for number, name in enumerate(names(count)) if number % step == 0))
        after = _memory(workers)
    return {
        "pss": before["Pss"],
        "own": before["Private_Dirty"],
        "pss_requested": after["Pss"],
        "own_requested": after["Private_Dirty"],
    }


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def _memory(workers: list[int]) -> dict[str, float]:
    """MB in one worker: ``Pss`` counts a share of pages that processes share."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in workers]
    found = [dict(re.findall(r"^(Pss|Private_Dirty):\s+(\d+)", text, re.M)) for text in texts]
    return {key: round(median(int(each[key]) for each in found) / 1024, 1) for key in found[0]}


def _ask(port: int, paths: Iterable[str]) -> None:
    for path in paths:
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            received = b""
            while part := client.recv(1 << 16):
                received += part
        if not received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"/{path} was answered with {received[:60]!r}")
