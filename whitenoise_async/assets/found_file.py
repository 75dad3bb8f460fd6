"""The record of a file that a page asked for."""

from __future__ import annotations

from typing import NamedTuple

from ..files.state import FileState
from ..registry.entries import StaticFile


class FoundFile(NamedTuple):
    """A file that a page asked for. The URLs are quoted paths below the mount point."""

    file: StaticFile  # at the URL that the page gets
    plain_url: str
    url: str  # with a hash, unless the file keeps its plain URL
    state: FileState | None  # if it keeps its plain URL
    check_after: float  # by time.monotonic()
