"""A progress bar on a terminal."""

from __future__ import annotations

import importlib
import shutil
import sys
from contextlib import suppress
from typing import Any

from ..support.logs import printable
from .terminal import say


class Progress:
    """A bar of bytes on standard error, if both streams are terminals and tqdm is installed."""

    def __init__(self, *, shown: bool) -> None:
        """:param shown: ``False`` to show none at all."""
        streams = (sys.stdout, sys.stderr)
        is_terminal = all(
            each is not None and not each.closed and each.isatty() for each in streams
        )
        self._shown = shown and is_terminal
        self._bar: Any = None

    def begin(self, title: str, size: int) -> None:
        """Show a bar for ``size`` bytes."""
        self.end()
        if not (self._shown and size):
            return
        terminal = shutil.get_terminal_size()
        with suppress(ImportError):
            tqdm = importlib.import_module("tqdm").tqdm
            tqdm.monitor_interval = 0  # no monitoring thread: the bar is advanced often
            self._bar = tqdm(
                total=size,
                desc=printable(title),
                unit="B",
                unit_scale=True,
                leave=False,
                # A pseudo-terminal may report 0 columns and rows. Python 3.10 returns that, and
                # tqdm shows no bar then.
                ncols=terminal.columns or 80,
                nrows=terminal.lines or 24,
                file=sys.stderr,
            )

    def advance(self, size: float) -> None:
        """Advance the bar by ``size`` bytes."""
        if self._bar is not None:
            self._bar.update(size)

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, line: str, *, error: bool) -> None:
        """Print a line, and hide the bar while it is printed."""
        if self._bar is not None:
            self._bar.clear()
        say(line, error=error)
        if self._bar is not None:
            self._bar.refresh()
