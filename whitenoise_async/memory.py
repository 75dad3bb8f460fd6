"""Small files in memory: a bound in bytes, the least recently used out first."""

from __future__ import annotations

import threading
from collections import OrderedDict


class Content:
    """The place for the bytes of one representation: ``data`` is ``None`` while they are not here.

    Whoever answers reads ``data`` once and has the whole content, whatever becomes of the place.
    """

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data: bytes | None = None


class Memory:
    """Keeps contents, ``limit`` bytes of them at most. Threads may share it."""

    def __init__(self, limit: int) -> None:
        """:param limit: bytes; 0 keeps nothing."""
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[Content, int] = OrderedDict()
        self._changing = threading.Lock()

    def keep(self, content: Content, data: bytes) -> None:
        """Put ``data`` into ``content``, and take from the least recently used what is too much."""
        if len(data) > self._limit:
            return
        with self._changing:
            self._let_go(content)
            content.data = data
            self._kept[content] = len(data)
            self._size += len(data)
            while self._size > self._limit:
                self._let_go(next(iter(self._kept)))

    def touch(self, content: Content) -> None:
        """Mark ``content`` as used just now."""
        try:  # contextlib.suppress would cost twice as much as the rest
            self._kept.move_to_end(content)
        except KeyError:  # another thread has taken it out since
            return

    def drop(self, content: Content) -> None:
        """Take ``content`` out, if it is kept."""
        with self._changing:
            self._let_go(content)

    def _let_go(self, content: Content) -> None:
        self._size -= self._kept.pop(content, 0)
        content.data = None
