"""The messages that the folder command prints when it starts."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..asgi.adapter import ASGIWhiteNoise
from ..assets.small_files import Saving
from ..compression.settings import is_compressible
from ..files.errors import FileSystemError
from ..files.state import state_or_none
from .terminal import BOLD, Colored, counted, say


def say_where(directory: str, urls: Sequence[str]) -> None:
    """Print the URL for this machine, which is the first one, and those for others."""
    say(f"Serving {os.path.abspath(directory)} at ", Colored(urls[0], BOLD))
    for url in urls[1:]:
        say("In the local network: ", Colored(url, BOLD))


class _Total(NamedTuple):
    """A number of files, and their bytes together."""

    files: int
    size: int

    @classmethod
    def of(cls, sizes: Iterable[int]) -> _Total:
        """The total of files with these sizes, in bytes."""
        listed = list(sizes)
        return cls(len(listed), sum(listed))

    def __str__(self) -> str:
        return f"{counted(self.files, 'file')}, {self.size:,} bytes"


def say_what_is_served(
    files: ASGIWhiteNoise, directory: str, program: str, *, compresses: bool
) -> None:
    """Print how many files there are, and how much of them is compressed.

    :param directory: the folder, as the user named it.
    :param program: the name of the command.
    :param compresses: whether small files are compressed in memory.
    """
    listed = files.listed_files()
    if listed is None:
        say("Files are looked up on each request")
        return
    sizes = {path: size for path in listed if (size := _size_of(path)) is not None}
    total = _Total.of(sizes.values())
    compressed = _Total.of(size for path, size in sizes.items() if listed[path])
    line = str(total)
    if total.size:
        line += f", {compressed.size / total.size:.0%} of them with compressed variants"
    say(line)
    plain = {path: size for path, size in sizes.items() if not listed[path]}
    compressible = {path: size for path, size in plain.items() if is_compressible(path, size)}
    if compresses:
        limit = files.site.options.max_cached_file_size
        small = _Total.of(size for size in compressible.values() if size <= limit)
        say(f"Compressed in memory when first requested: {small}")
    elif compressible and not compressed.files:
        command = f"{_compress(program)} {shlex.quote(directory)}"
        say(f"To compress them, add --compress, or run this ahead of time: {command}")


def say_saving(saving: Saving) -> None:
    """Print what the compression in memory saved."""
    if saving.files:
        before, after = f"{saving.size:,} bytes", f"{saving.compressed:,}"
        say(f"Compressed in memory: {counted(saving.files, 'file')}, from {before} to {after}")


def _size_of(path: str) -> int | None:
    """The bytes of a file; ``None`` if it was removed."""
    try:
        state = state_or_none(path)
    except FileSystemError:  # reported when the file is requested
        return None
    return None if state is None else state.size


def _compress(program: str) -> str:
    """The command that compresses, as a user who runs ``program`` can enter it."""
    if program != "python -m whitenoise_async":
        return "whitenoise-async compress"
    # Debian has no ``python``, and outside an activated environment it is another interpreter.
    here, found = sys.executable, shutil.which("python")
    is_here = found is not None and os.path.dirname(found) == os.path.dirname(here)
    return f"{'python' if is_here else shlex.quote(here)} -m whitenoise_async.compress"
