"""What the command lines print."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import NoReturn

from ..support.logs import printable


class Parser(argparse.ArgumentParser):
    """A parser of command lines whose errors fit on one line, whatever the arguments hold."""

    def error(self, message: str) -> NoReturn:
        """Print ``message``, and exit with status 2."""
        super().error(printable(message))


def say(line: str, *, error: bool = False) -> None:
    """Print one line, to standard error if ``error``.

    File names may hold anything: what the stream cannot show, and what would break the line or
    steer the terminal, is escaped. Where nothing can be printed the line is dropped: the work is
    done to its end all the same.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # closed from the start, as by ``>&-``
        return
    encoding = stream.encoding or "utf-8"
    try:
        # In one piece: what another thread prints comes before or after.
        print(
            printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n",
            end="",
            file=stream,
            flush=True,
        )
    except OSError:
        # Nobody reads on, as after ``| head``, or the disk is full. The stream still holds the
        # line, at which Python would fail again when it exits.
        with suppress(OSError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
