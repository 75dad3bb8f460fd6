"""Threads of the product, which tests wait for."""

from __future__ import annotations

import threading


def wait_for_threads(name: str) -> None:
    """Wait until every thread with this name has ended."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join()
