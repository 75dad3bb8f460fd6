"""The messages that the folder command prints when it starts."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence

from ..asgi.adapter import ASGIWhiteNoise
from ..compression.settings import DEFAULT_EXCLUDED, DEFAULT_MIN_SIZE, extension_of
from ..files.errors import FileSystemError
from ..files.state import state_or_none
from .terminal import BOLD, Colored, counted, say


def say_where(directory: str, urls: Sequence[str]) -> None:
    """Print the URL for this machine, which is the first one, and those for others."""
    say(f"Serving {os.path.abspath(directory)} at ", Colored(urls[0], BOLD))
    for url in urls[1:]:
        say("In the local network: ", Colored(url, BOLD))


def say_what_is_served(files: ASGIWhiteNoise, directory: str, program: str) -> None:
    """Print how many files there are, and how much of them is compressed.

    :param directory: the folder, as the user named it.
    :param program: the name of the command.
    """
    listed = files.listed_files()
    if listed is None:
        say("Files are looked up on each request")
        return
    count = size = compressed = compressible = 0
    for path, suffixes in listed.items():
        try:
            state = state_or_none(path)
        except FileSystemError:  # reported when the file is requested
            state = None
        if state is not None:
            count += 1
            size += state.size
            compressed += state.size if suffixes else 0
            if state.size >= DEFAULT_MIN_SIZE and extension_of(path) not in DEFAULT_EXCLUDED:
                compressible += 1
    share = f", {compressed / size:.0%} of them with compressed variants" if size else ""
    say(f"{counted(count, 'file')}, {size:,} bytes{share}")
    if compressible and not compressed:
        say(f"To compress them ahead of time: {_compress(program)} {shlex.quote(directory)}")


def _compress(program: str) -> str:
    """The command that compresses, as a user who runs ``program`` can enter it."""
    if program != "python -m whitenoise_async":
        return "whitenoise-async compress"
    # Debian has no ``python``, and outside an activated environment it is another interpreter.
    here, found = sys.executable, shutil.which("python")
    is_here = found is not None and os.path.dirname(found) == os.path.dirname(here)
    return f"{'python' if is_here else shlex.quote(here)} -m whitenoise_async.compress"
