"""Print to a terminal, whatever a line contains."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import NoReturn

from ..support.logs import printable


class Parser(argparse.ArgumentParser):
    """A parser of command lines. Its errors fit on one line, whatever the arguments contain."""

    def error(self, message: str) -> NoReturn:
        """Print ``message``, and exit with status 2."""
        super().error(printable(message))


def say(line: str, *, error: bool = False) -> None:
    """Print one line, to standard error if ``error``.

    File names may contain anything. Characters that the stream cannot show, that break the line or
    that control the terminal are escaped. If printing fails, the line is dropped, and the command
    continues.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # closed by the shell, as by ``>&-``
        return
    encoding = stream.encoding or "utf-8"
    try:
        # In one piece, so that lines of threads do not mix.
        print(
            printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n",
            end="",
            file=stream,
            flush=True,
        )
    except OSError:
        # The reader is gone, as after ``| head``, or the disk is full. The stream still buffers the
        # line, and Python would fail again when it exits.
        with suppress(OSError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
