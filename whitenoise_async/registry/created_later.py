"""Warns about requested files that were created after their root was listed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from time import monotonic

from ..support.after_fork import register_after_fork
from ..support.logs import warn_once
from .interface import Root
from .live import LiveRegistry

# Seconds between two looks at the disk, and URLs per look: clients choose the URLs.
_INTERVAL = 1.0
_MAX_URLS = 16

# The thread rests this many times as long as it looked. Listing a folder of 50,000 files takes
# 50 ms, in which it competes with requests for the GIL.
_REST = 20

#: The thread that looks.
THREAD_NAME = "whitenoise_async_created_later"


class CreatedLater:
    """Looks for requested files that no root had when it was listed.

    A build under a running server replaces files with hashed names. Its pages then refer to files
    that are not served, and stay blank. The warning says what to do. No request waits for the disk.
    """

    def __init__(self, registry: LiveRegistry) -> None:
        """:param registry: finds the files that exist now."""
        self._registry = registry
        self._urls: list[str] = []  # for the next look
        self._next_look = 0.0  # by time.monotonic(); infinite while a thread looks
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Look again: a thread that looks is not in this process."""
        self._next_look = 0.0

    def add(self, root: Root) -> None:
        """Add a root that is listed now."""
        self._registry.add(root)

    def look_for(self, url: str) -> None:
        """Warn if there is a file for ``url`` by now. Returns at once."""
        now = monotonic()
        if len(self._urls) < _MAX_URLS:
            self._urls.append(url)
        if now < self._next_look:
            return
        self._next_look = math.inf
        # The thread gets a list of its own: it must end although clients request more files.
        urls, self._urls = self._urls, []
        thread = threading.Thread(target=self._look, args=[urls], name=THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread can be started, or the process ends
            self._next_look = now + _INTERVAL

    def _look(self, urls: Iterable[str]) -> None:
        started = monotonic()
        try:
            for url in urls:
                self._warn(url)
        finally:
            now = monotonic()
            self._next_look = max(started + _INTERVAL, now + _REST * (now - started))

    def _warn(self, url: str) -> None:
        path = self._registry.find_path(url)
        if path is not None:
            warn_once(
                f"{path} is not served, because it was created after startup. Restart the"
                " application, or use the option autorefresh during development"
            )
