"""Two releases of a single-page application whose page loads chunks when it needs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.helpers.builds import hashed_name
from tests.helpers.files import MTIME, write
from whitenoise_async import compress_tree

_PAGE = """<!doctype html><title>Release {release}</title><link rel="icon" href="data:,">
<script type="module" src="/{main}"></script>
"""
# Every chunk of a release differs from that of the other one.
_CHUNK = "export const release = {release}, number = {number};\n" + "// a line of code\n" * 40
_MAIN = """const chunks = {names};
window.load = (number) => import(chunks[number]).then((chunk) => chunk.release);
window.release = {release};
"""
_NAME = re.compile(rb"[\w/]+\.[0-9a-f]{12}\.js")


class Release(NamedTuple):
    """A build of the application."""

    folder: Path
    page: bytes
    main: str  # the path of the script that the page loads
    chunks: list[str]  # the paths of the scripts that it loads later


def make_release(folder: Path, number: int, chunks: int) -> Release:
    """Build a release, with gzip variants.

    :param number: the release.
    :param chunks: how many chunks it has.
    """
    mtime = MTIME + 1000 * number
    names = []
    for each in range(chunks):
        content = _CHUNK.format(release=number, number=each).encode()
        names.append(hashed_name(f"assets/c{each}", content))
        write(folder / names[-1], content, mtime=mtime)
    listed = [f"/{name}" for name in names]
    script = _MAIN.format(names=listed, release=number).encode()
    main = hashed_name("assets/main", script)
    write(folder / main, script, mtime=mtime)
    page = _PAGE.format(release=number, main=main).encode()
    write(folder / "index.html", page, mtime=mtime)
    compress_tree(folder, encodings=["gzip"])
    return Release(folder, page, f"/{main}", listed)


def names_in(content: bytes) -> list[str]:
    """The paths of the files that a page or a script names."""
    return [f"/{each.decode().lstrip('/')}" for each in _NAME.findall(content)]
