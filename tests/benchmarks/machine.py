"""The machine and the software of a measurement."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders import version_of


def describe(packages: Iterable[str], tools: Iterable[str] = ()) -> dict[str, Any]:
    """The machine and all versions. Each tool must support ``-v``."""
    versions = {name: version_of(name) for name in sorted(packages)}
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release().split("-")[0],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version for name, version in versions.items() if version},
        **{tool: _version_line(tool) for tool in tools},
    }


def today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return found[1] if found else platform.machine()


def _version_line(program: str) -> str | None:
    try:
        done = subprocess.run(
            [program, "-v"], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else None
