"""Trees of files for the tests of what compresses them: made, told of, compared."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sys
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli

from whitenoise_async.compression import Action, Failure, Outcome, Report, Watcher
from whitenoise_async.compression.encoders import _KINDS
from whitenoise_async.compression.record import NAME
from whitenoise_async.files.folder import Folder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:  # processes of the tests import this module, and need no pytest
    import pytest

TEXT = b"body { color: black; background: white }\n" * 60
OTHER = b"body { color: white; background: black }\n" * 60  # as long
NOISE = random.Random(0).randbytes(1500)
SUFFIXES = {"gzip": ".gz", "br": ".br", "zstd": ".zst"}
ALL = tuple(SUFFIXES.values())
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
    ".zst": zstd.decompress,
}


def at(path: str | os.PathLike[str]) -> Folder:
    """A folder as on Windows, where it has no descriptor to close."""
    return Folder(os.fspath(path), None)


def below(root: Path) -> list[str]:
    """All that is no folder, but for the record; paths with ``/``."""
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if is_leaf(path))
    return sorted(name for name in found if name != NAME)


def is_leaf(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def contents(root: Path) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in below(root)}


def with_variants(*names: str) -> list[str]:
    return sorted(name + suffix for name in names for suffix in ("", *ALL))


def snapshot(root: Path) -> dict[str, tuple[int, ...]]:
    """Everything that any change would change: no write goes unseen."""

    def state(path: Path) -> tuple[int, ...]:
        status = path.lstat()
        numbers = (status.st_mode, status.st_ino, status.st_nlink, status.st_size)
        return (*numbers, status.st_mtime_ns, status.st_ctime_ns)

    return {str(path): state(path) for path in (root, *root.rglob("*"))}


def told(report: Report) -> dict[str, str]:
    """The result for each variant, by its path."""
    names = [each.path + SUFFIXES[each.encoding] for each in report.outcomes]
    assert len(set(names)) == len(names), "a variant is told of twice"
    return {name: each.action.value for name, each in zip(names, report.outcomes, strict=True)}


def counted(report: Report) -> dict[str, int]:
    """How many variants became what."""
    assert not report.failures
    actions = [each.action.value for each in report.outcomes]
    return {action: actions.count(action) for action in sorted(set(actions))}


def require_right(root: Path, but_for: Container[str] = ()) -> None:
    """Require of each variant that it is its original, with its mode and date."""
    for name in below(root):
        if name in but_for:
            continue
        original, suffix = os.path.splitext(root / name)
        if suffix in ALL and os.path.exists(original):
            assert DECODERS[suffix]((root / name).read_bytes()) == Path(original).read_bytes()
            status, of_original = (root / name).lstat(), os.stat(original)
            assert status.st_mode == of_original.st_mode
            assert status.st_mtime_ns == of_original.st_mtime_ns


def write_quietly(path: Path, content: bytes) -> None:
    """Change a file in place, and set back its date."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def swapping(folder: Path, target: Path) -> Iterator[None]:
    """Somebody puts a link in the place of a folder and takes it away, again and again."""
    done = threading.Event()

    def work() -> None:
        moved = folder.with_name("moved")
        while not done.is_set():
            with suppress(OSError):
                folder.rename(moved)
                folder.symlink_to(target)
            with suppress(OSError):
                folder.unlink()
            try:
                moved.rename(folder)
            except OSError:  # who works there has made it anew
                shutil.rmtree(moved, ignore_errors=True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Listener(Watcher):
    """Keeps all results; ``happen`` is called at each one."""

    def __init__(self, happen: Callable[[], object] = lambda: None) -> None:
        self.waited: list[str] = []
        self.begun: list[int] = []
        self.advanced: list[float] = []
        self.results: list[Outcome | Failure] = []
        self.happen = happen

    def on_wait(self, root: str) -> None:
        self.waited.append(root)

    def on_start(self, size: int) -> None:
        self.begun.append(size)

    def on_progress(self, size: float) -> None:
        self.advanced.append(size)

    def on_result(self, result: Outcome | Failure) -> None:
        self.results.append(result)
        self.happen()

    def written(self) -> Iterator[str]:
        for each in self.results:
            if isinstance(each, Outcome) and each.action is Action.WRITTEN:
                yield each.path + SUFFIXES[each.encoding]


def count_compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a list grow by the encoding each time that something is compressed."""
    calls: list[str] = []
    for kind in _KINDS.values():

        def counting(self: Any, pieces: Any, size: int, really: Any = kind.compress) -> Any:
            calls.append(self.token)
            return really(self, pieces, size)

        monkeypatch.setattr(kind, "compress", counting)
    return calls
