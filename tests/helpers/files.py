"""Writes the files of a test."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

MTIME = 1_600_000_000  # Sun, 13 Sep 2020 12:26:40 GMT


def write(path: Path, content: bytes, compressed: bool = False, mtime: float = MTIME) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))
    if compressed:
        write(path.with_name(path.name + ".gz"), gzip.compress(content, mtime=0), mtime=mtime)
    return path
