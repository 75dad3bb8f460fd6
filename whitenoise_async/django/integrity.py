"""The ``integrity`` of collected files: digests that browsers compare with what they load."""

from __future__ import annotations

from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from ..files.content import integrity_of
from ..support.after_fork import register_after_fork
from ..support.logs import warn_once


class FileIntegrity:
    """The integrity of files in a storage, by their hashed names. Each file is read once.

    A hashed name stands for one content, so a value never expires. The names of the manifest limit
    the number of values.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._lock = Lock()

    def __len__(self) -> int:
        """The number of storages whose values are kept."""
        return len(self._values)

    def value(self, storage: Any, name: str) -> str | None:
        """Return the value of an ``integrity`` attribute, such as ``sha384-…``.

        :param storage: the storage that contains the file.
        :param name: the hashed name of the file.
        :returns: ``None`` if the file cannot be read. A web server or a CDN may have the files in
            place of this machine. One warning is logged, and the next call tries again.
        """
        with self._lock:
            values = self._values.setdefault(storage, {})
            if name not in values:
                try:
                    values[name] = _integrity(storage, name)
                except OSError as error:
                    warn_once(f"{name} has no integrity, because it cannot be read: {error}")
            return values.get(name)


def _integrity(storage: Any, name: str) -> str:
    with storage.open(name) as file:
        return integrity_of(file.chunks())


#: The integrity of the files that pages name.
file_integrity = FileIntegrity()
