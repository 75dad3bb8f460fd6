"""Caches the content of small files, up to a number of bytes, least recently used out first."""

from __future__ import annotations

import threading
from time import monotonic


class Content:
    """The content of one representation: ``data`` is ``None`` while it is not in the cache.

    A response reads ``data`` once, and so has the whole content even if the cache drops it. It sets
    ``used`` to the time, by ``time.monotonic()``. Nothing else is done for a use: keeping an order
    up to date would cost as much as finding the file.
    """

    __slots__ = ("data", "used")

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.used = 0.0


class ContentCache:
    """Keeps at most ``limit`` bytes of content. Threads may share it."""

    def __init__(self, limit: int) -> None:
        """:param limit: bytes; 0 keeps nothing."""
        self._limit = limit
        self._size = 0
        self._sizes: dict[Content, int] = {}
        # The contents with the time of their last use, the latest first, as of the last sort. A
        # content that was used since then is more recent than all that were not.
        self._by_use: list[tuple[float, Content]] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size(self) -> int:
        """Bytes in the cache."""
        return self._size

    def add(self, content: Content, data: bytes) -> None:
        """Put ``data`` into ``content``, and drop the least recently used beyond the limit."""
        if len(data) > self._limit:
            return
        with self._lock:
            self._size -= self._sizes.pop(content, 0)
            while self._size + len(data) > self._limit:
                self._drop(self._least_recently_used())
            content.data, content.used = data, monotonic()
            self._sizes[content] = len(data)
            self._size += len(data)

    def reset_after_fork(self) -> None:
        """Make a new lock, and count again: a thread of the parent may have been adding."""
        self._lock = threading.Lock()
        self._size = sum(self._sizes.values())

    def drop(self, content: Content) -> None:
        """Remove ``content``, if it is in the cache."""
        with self._lock:
            self._drop(content)

    def _drop(self, content: Content) -> None:
        self._size -= self._sizes.pop(content, 0)
        content.data = None

    def _least_recently_used(self) -> Content:
        while True:
            while self._by_use:
                used, content = self._by_use.pop()
                if content.used == used and content in self._sizes:
                    return content
            uses = [(each.used, each) for each in self._sizes]
            self._by_use = sorted(uses, key=lambda use: use[0], reverse=True)
