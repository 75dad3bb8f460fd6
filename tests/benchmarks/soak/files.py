"""The served files, with the same bytes in each run."""

from __future__ import annotations

import gzip
import random
import zlib
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.site import many_names

PREFIX = "static"

#: URLs of the application, for statistics and commands of the run.
STATE, ADD = "/soak/state", "/soak/add/"

#: The ``max_cache_size`` in bytes: room for half of the small files, or less.
MEMORY = 4 << 20

_SMALLEST, _LARGEST = 200, 3000  # bytes of one of the many small files
_ONE_IN = 8  # of these has a .gz
_MEDIUM, _MEDIUM_SIZE = 24, 64 << 10

_LARGE_SIZES = (1_300_000, 1_300_001, 1_300_002, 1_300_003, 5 << 20)  # too large for the cache
_FILM_SIZE = 50 << 20  # the file of stalled readers

#: Files that are too large for the cache: these, the film, and a replaced one.
LARGE = len(_LARGE_SIZES) + 2


class File(NamedTuple):
    url: str
    content: bytes
    compressed: bytes | None = None  # its .gz variant


class Site(NamedTuple):
    many: list[File]
    medium: list[File]
    large: list[File]
    film: File
    page: File  # a folder's index file, at the folder's URL

    @property
    def first_asked(self) -> list[File]:
        """All files except the film, which aborted and stalled clients request."""
        return [*self.many, *self.medium, *self.large, self.page]


class Text:
    """Endless text that depends on the name alone."""

    def __init__(self) -> None:
        chance = random.Random(2024)
        words = [
            "".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(900)
        ]
        self._all = " ".join(chance.choices(words, k=400_000)).encode()

    def piece(self, name: str, size: int) -> bytes:
        """``size`` bytes, which begin with the name."""
        head = f"{name}\n".encode()
        start = zlib.crc32(head) % (len(self._all) - size)
        return (head + self._all[start : start + size - len(head)])[:size]


def make_site(folder: Path, count: int, text: Text) -> Site:
    """Write the files into ``folder``, ``count`` small ones among them."""
    chance = random.Random(count)
    many = []
    for number, path in enumerate(many_names(folder / "many", count, ".css")):
        size = chance.randint(_SMALLEST, _LARGEST)
        many.append(_write(folder, path, text, size, compressed=number % _ONE_IN == 0))
    medium = [
        _write(folder, folder / "medium" / f"{number:02}.js", text, _MEDIUM_SIZE, compressed=True)
        for number in range(_MEDIUM)
    ]
    large = [
        _write(folder, folder / "large" / f"{number}.bin", text, size)
        for number, size in enumerate(_LARGE_SIZES)
    ]
    (folder / "film.bin").write_bytes(film := chance.randbytes(_FILM_SIZE))
    page = _write(folder, folder / "pages" / "index.html", text, _LARGEST)
    page = page._replace(url=page.url.removesuffix("index.html"))
    return Site(many, medium, large, File(f"/{PREFIX}/film.bin", film), page)


def _write(folder: Path, path: Path, text: Text, size: int, *, compressed: bool = False) -> File:
    url = f"/{PREFIX}/{path.relative_to(folder).as_posix()}"
    content = text.piece(url, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    coded = gzip.compress(content, 1, mtime=0) if compressed else None
    if coded is not None:
        path.with_name(f"{path.name}.gz").write_bytes(coded)
    return File(url, content, coded)
