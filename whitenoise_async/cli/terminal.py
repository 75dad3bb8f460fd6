"""Print to a terminal, whatever a line contains."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, NoReturn, TextIO

from ..support.logs import printable


class Parser(argparse.ArgumentParser):
    """A parser of command lines. Its errors fit on one line, whatever the arguments contain."""

    def error(self, message: str) -> NoReturn:
        """Print ``message``, and exit with status 2."""
        super().error(printable(message))


def counted(number: int, noun: str) -> str:
    """A number and a noun, such as ``1 file`` and ``1,000 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: the first column is aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        yield "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])])


class Colored(NamedTuple):
    """A part of a line, and the color that it has on a terminal."""

    text: str
    #: Parameters of Select Graphic Rendition (ECMA-48 §8.3.117).
    color: str


BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"


def say(*parts: str | Colored, error: bool = False) -> None:
    """Print one line, to standard error if ``error``.

    File names may contain anything. Characters that the stream cannot show, that break the line or
    that control the terminal are escaped. If printing fails, the line is dropped, and the command
    continues.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # closed by the shell, as by ``>&-``
        return
    shows_colors = any(isinstance(part, Colored) for part in parts) and _shows_colors(stream)
    line = "".join(_rendered(part, stream.encoding or "utf-8", shows_colors) for part in parts)
    try:
        # In one piece, so that lines of threads do not mix.
        print(line + "\n", end="", file=stream, flush=True)
    except OSError:
        # The reader is gone, as after ``| head``, or the disk is full. The stream still buffers the
        # line, and Python would fail again when it exits.
        with suppress(OSError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _shows_colors(stream: TextIO) -> bool:
    """Whether a line may have colors. A variable ``NO_COLOR`` forbids them (no-color.org)."""
    if not stream.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _rendered(part: str | Colored, encoding: str, shows_colors: bool) -> str:
    text = printable(part.text if isinstance(part, Colored) else part)
    if not text.isascii():
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    if shows_colors and isinstance(part, Colored):
        return f"\x1b[{part.color}m{text}\x1b[0m"
    return text
