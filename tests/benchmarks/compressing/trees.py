"""The folders that are compressed, with the same bytes in each run."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import django

from tests.benchmarks.compressing.scripts import bundle, script
from tests.benchmarks.site import many_names

_SMALLEST, _TIMES = 500, 24  # bytes, and how much larger the largest script is
_EVEN = 50_000  # bytes
_MEGABYTE = 1 << 20

# The largest window in HTTP is 16 MB, so no encoder finds a repetition at this distance.
_FRESH = 64 * _MEGABYTE


def make_admin(folder: Path) -> None:
    """The static files of Django's admin."""
    shutil.copytree(Path(django.__path__[0]) / "contrib/admin/static", folder)


def make_scripts(folder: Path, count: int) -> None:
    """Scripts of 0.5 to 12 KB, more small ones than large ones."""
    chance = random.Random(2025)
    for number, name in enumerate(many_names(folder, count, ".js")):
        size = int(_SMALLEST * _TIMES ** (chance.random() ** 1.5))
        name.write_bytes(script(f"script {number}", size))


def make_even(folder: Path, count: int) -> None:
    """Scripts of 50 KB."""
    for number, name in enumerate(many_names(folder, count, ".js")):
        name.write_bytes(script(f"even {number}", _EVEN))


def make_large(folder: Path, megabytes: int) -> None:
    """One file: a bundle of scripts that repeats after 64 MB."""
    size = megabytes * _MEGABYTE
    fresh = bundle("large", min(size, _FRESH), 20_000)
    folder.mkdir()
    with (folder / "bundle.js").open("wb") as file:
        while size > 0:
            size -= file.write(fresh[:size])
