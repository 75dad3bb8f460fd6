"""Small files in memory: a bound in bytes, the least recently used out first."""

from __future__ import annotations

import threading
from time import monotonic


class Content:
    """The place for the bytes of one representation: ``data`` is ``None`` while they are not here.

    Whoever answers reads ``data`` once and has the whole content, whatever becomes of the place;
    and sets ``used`` to the time, by ``time.monotonic()``. That is all a use costs: an order that
    is kept up to date would cost as much as finding the file.
    """

    __slots__ = ("data", "used")

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.used = 0.0


class Memory:
    """Keeps contents, ``limit`` bytes of them at most. Threads may share it."""

    def __init__(self, limit: int) -> None:
        """:param limit: bytes; 0 keeps nothing."""
        self._limit = limit
        self._size = 0
        self._kept: dict[Content, int] = {}
        # The contents by their last use, the latest first, as it was when they were sorted; with
        # that use. One that was used since is more recent than all that were not.
        self._by_use: list[tuple[float, Content]] = []
        self._changing = threading.Lock()

    def keep(self, content: Content, data: bytes) -> None:
        """Put ``data`` into ``content``, and take from the least recently used what is too much."""
        if len(data) > self._limit:
            return
        with self._changing:
            self._let_go(content)
            while self._size + len(data) > self._limit:
                self._let_go(self._least_recently_used())
            content.data, content.used = data, monotonic()
            self._kept[content] = len(data)
            self._size += len(data)

    def reset_after_fork(self) -> None:
        """Begin anew, in a process that was just forked from one in which threads kept contents."""
        self._changing = threading.Lock()
        self._size = sum(self._kept.values())

    def drop(self, content: Content) -> None:
        """Take ``content`` out, if it is kept."""
        with self._changing:
            self._let_go(content)

    def _let_go(self, content: Content) -> None:
        self._size -= self._kept.pop(content, 0)
        content.data = None

    def _least_recently_used(self) -> Content:
        while True:
            while self._by_use:
                used, content = self._by_use.pop()
                if content.used == used and content in self._kept:
                    return content
            uses = [(each.used, each) for each in self._kept]
            self._by_use = sorted(uses, key=lambda use: use[0], reverse=True)
