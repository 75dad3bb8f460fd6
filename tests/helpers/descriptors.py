"""The descriptors that this process has open."""

from __future__ import annotations

import os
from pathlib import Path


def descriptors_of(path: Path) -> list[str]:
    """The descriptors of this process that are open on ``path``."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the descriptor of this listing
        if target.removesuffix(" (deleted)") == str(path):
            found.append(name)
    return found
