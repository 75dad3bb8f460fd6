"""The served files, with the same bytes in each run."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from pathlib import Path

PREFIX = "static"
MTIME = 1_700_000_000

SMALL = "small.css"  # 2 KB, no .gz
SCRIPT = "app.js"  # 64 KB, with a .gz
PHOTO = "photo.jpg"  # 1 MB
CLIP = "clip.mp4"  # 10 MB
FILM = "film.mp4"  # 50 MB
DOWNLOAD_NAMES = tuple(f"download-{number}.bin" for number in range(8))  # 100 MB each

_SIZES = {SMALL: 2 << 10, SCRIPT: 64 << 10, PHOTO: 1 << 20, CLIP: 10 << 20, FILM: 50 << 20}
_COMPRESSED = (SCRIPT,)


def make_site(folder: Path) -> None:
    """Write the files into ``folder/static``, since all URLs begin with that prefix."""
    root = folder / PREFIX
    root.mkdir(parents=True)
    chance = random.Random(2024)
    for name, size in _SIZES.items():
        text = name.endswith((".css", ".js"))
        content = _text(chance, size) if text else chance.randbytes(size)
        _write(root / name, content)
        if name in _COMPRESSED:
            _write(root / f"{name}.gz", gzip.compress(content, mtime=0))


def make_downloads(folder: Path) -> None:
    """Write the large files into ``folder/static``; few rows need them."""
    content = random.Random(2025).randbytes(100 << 20)
    for name in DOWNLOAD_NAMES:
        if not (folder / PREFIX / name).exists():
            _write(folder / PREFIX / name, content)


def make_many(folder: Path, count: int) -> None:
    """Write ``count`` small files, each with its .gz, a hundred pairs to a directory."""
    content = b"body { margin: 0 }\n" * 8
    compressed = gzip.compress(content, mtime=0)
    for name in many_names(folder, count, ".css"):
        name.write_bytes(content)
        name.with_name(f"{name.name}.gz").write_bytes(compressed)


def make_assets(folder: Path, count: int) -> None:
    """Write ``count`` files of 20 KB, a hundred in each directory.

    One in fifty is a style sheet that refers to nine other files; the rest are scripts.
    """
    chance = random.Random(2026)
    rules = [f".b{number} {{ margin: {number}px 0 auto auto }}" for number in range(600)]
    for number, name in enumerate(many_names(folder, count, ".js")):
        if number % 50:
            name.write_bytes(chance.randbytes(20 << 10))
            continue
        others = (f"file-{other:05}.js" for other in range(number + 1, number + 10))
        references = [f'.a {{ background: url("{other}") }}' for other in others]
        name.with_suffix(".css").write_text("\n".join([*references, *rules]))


def many_names(folder: Path, count: int, extension: str) -> Iterator[Path]:
    """Paths for new files, a hundred in each directory, which is created."""
    for number in range(count):
        if number % 100 == 0:
            directory = folder / f"{number // 10_000:02}" / f"{number // 100 % 100:02}"
            directory.mkdir(parents=True)
        yield directory / f"file-{number:05}{extension}"


def _text(chance: random.Random, size: int) -> bytes:
    """Text that compresses to about a third, like a minified script."""
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(900)]
    marks = ["(", ")", ";", "=", ".", ",", "{", "}", "=>", "const ", "return "]
    text = "".join(chance.choice(words) + chance.choice(marks) for _ in range(size // 3))
    return text.encode()[:size]


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.utime(path, (MTIME, MTIME))
