"""Changes during the run: files that are replaced, and roots that are added."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.soak.files import PREFIX, Text

REPLACED, SHARED, OWN = "replaced", "shared", "own"

#: The number of small files of each kind. The last replaced file is too large for the cache.
SMALL_FILES = 8
CLIP = "clip.bin"
_SMALL_SIZE, _CLIP_SIZE = 1500, 1_200_000

# Seconds in which an old version may still be served, and a margin for a busy machine.
_LATE = 1.0 + 15.0


class Versions:
    """The versions of a changing file that a response may have."""

    def __init__(self, late: float) -> None:
        """:param late: seconds for which the previous version may still be served."""
        self.newest = 0
        self._late = late
        self._oldest = 0
        self._done: deque[tuple[float, int]] = deque()

    def begin(self) -> int:
        """The next version, which may be served from now on."""
        self.newest += 1
        return self.newest

    def done(self) -> None:
        """The newest version is complete."""
        self._done.append((time.monotonic(), self.newest))

    def oldest(self) -> int:
        """The oldest version that may be served for a request that is sent now."""
        until = time.monotonic() - self._late
        while self._done and self._done[0][0] <= until:
            self._oldest = self._done.popleft()[1]
        return self._oldest


def small_names() -> list[str]:
    return [f"{number}.css" for number in range(SMALL_FILES)]


def url_of(folder: str, name: str) -> str:
    return f"/{PREFIX}/{folder}/{name}"


def content(text: Text, url: str, version: int) -> bytes:
    """The content of a file in a version. Its length changes as well."""
    size = _CLIP_SIZE if url.endswith(CLIP) else _SMALL_SIZE
    return text.piece(f"{version} {url}", size + version % 500)


def version_of(body: bytes) -> int:
    """The version that a body names; -1 if it names none."""
    number = body[:20].partition(b" ")[0]
    return int(number) if number.isdigit() else -1


class Changes:
    """Makes new versions of the files, and new roots, in a thread."""

    def __init__(self, folder: Path, text: Text, period: float) -> None:
        """
        :param folder: the folder of the site, for these files alone.
        :param period: seconds from one change to the next.
        """
        self.replaced, self.roots = Versions(_LATE), Versions(0)
        self.faults: list[str] = []
        self._folder, self._text, self._period = folder, text, period
        self._stopped = threading.Event()
        self._write_files(0)
        self._write_root(folder, 0)

    def run(self, add: Callable[[str], None]) -> None:
        """Make changes until :meth:`stop`.

        :param add: makes the server add a root, and waits until it has.
        """
        try:
            while not self._stopped.wait(self._period):
                self._write_files(self.replaced.begin())
                self.replaced.done()
                root = str(number := self.roots.newest + 1)
                self._write_root(self._folder.parent / "roots" / root, number)
                self.roots.begin()
                add(root)
                self.roots.done()
        except Exception as error:
            self.faults.append(f"changes ended: {error!r}")

    def stop(self) -> None:
        self._stopped.set()

    def _write_files(self, version: int) -> None:
        for name in (*small_names(), CLIP):
            self._put(self._folder, REPLACED, name, version)

    def _write_root(self, root: Path, number: int) -> None:
        for name in small_names():
            self._put(root, SHARED, name, number)
        self._put(root, OWN, f"{number}.css", number)

    def _put(self, root: Path, folder: str, name: str, version: int) -> None:
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._folder.parent / "draft"
        draft.write_bytes(content(self._text, url_of(folder, name), version))
        os.replace(draft, path)
