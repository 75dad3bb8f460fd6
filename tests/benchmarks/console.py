"""Prints the progress of a run."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def reason_of(error: Exception) -> str:
    """The line for an error in the results."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
