"""The folder of the soak, and what each request for it has to get."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.soak.settings import Settings

TEXT = b"body { color: black }\n" * 200
CODED = gzip.compress(TEXT, mtime=0)
MEDIUM = random.Random(1).randbytes(300_000)
FILM = 50 << 20  # bytes, which are all zero
CHANGING = 5_000  # bytes, which are all the same
ROOTS = 40  # that are added meanwhile, again and again


class Expected(NamedTuple):
    """One request, as it is sent, and its answer."""

    request: bytes
    status: int
    body: bytes | None = None  # None: each byte of it is the same
    length: int = 0  # where body is None
    has_body: bool = True


def make(folder: Path, settings: Settings) -> None:
    """Write all the files."""
    root = folder / "root"
    (root / "many").mkdir(parents=True)
    for number in range(settings.files):
        (root / "many" / f"{number}.txt").write_bytes(_small(number))
    (root / "app.css").write_bytes(TEXT)
    (root / "app.css.gz").write_bytes(CODED)
    (root / "medium.bin").write_bytes(MEDIUM)
    with (root / "film.bin").open("wb") as film:
        film.write(bytes(FILM))
    replace(folder, 0)
    for number in range(ROOTS):
        added = folder / "added" / str(number)
        added.mkdir(parents=True)
        (added / "later.txt").write_bytes(b"later")
        (added / f"{number}.added").write_bytes(b"added")


def replace(folder: Path, number: int) -> None:
    """Put another state in the place of the file that changes."""
    new = folder / "new"
    new.write_bytes(bytes([97 + number % 26]) * CHANGING)
    os.replace(new, folder / "root" / "changing.txt")


def each_once(settings: Settings) -> Iterator[Expected]:
    """Every small file."""
    for number in range(settings.files):
        yield Expected(_get(f"/many/{number}.txt"), 200, _small(number))


def mixed(settings: Settings, count: int, seed: int) -> Iterator[Expected]:
    """Requests of every kind, in no order."""
    chance = random.Random(seed)
    kinds: Sequence[Expected | Callable[[random.Random, Settings], Expected]]
    kinds = [_many, _hostile, *_FIXED]
    for _ in range(count):
        kind = chance.choice(kinds)
        yield kind if isinstance(kind, Expected) else kind(chance, settings)


def _small(number: int) -> bytes:
    return f"{number}\n".encode() * (200 + number % 200)


def _get(path: str, method: str = "GET", **fields: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _many(chance: random.Random, settings: Settings) -> Expected:
    number = chance.randrange(settings.files)
    return Expected(_get(f"/many/{number}.txt"), 200, _small(number))


def _hostile(chance: random.Random, settings: Settings) -> Expected:
    """A value that nobody has sent before: what is kept for each would grow."""
    noise = f"x{chance.getrandbits(64):x}"
    return chance.choice(
        [
            Expected(_get("/app.css", Accept_Encoding=f"{noise};q=0.5"), 200, TEXT),
            Expected(_get("/app.css", If_None_Match=f'"{noise}"'), 200, TEXT),
            Expected(_get("/app.css", Range=f"{noise}=0-1"), 200, TEXT),
            Expected(_get(f"/{noise}"), 299, b"application"),
        ]
    )


_FIXED = [
    Expected(_get("/app.css"), 200, TEXT),
    Expected(_get("/app.css", Accept_Encoding="gzip, deflate, br, zstd"), 200, CODED),
    Expected(_get("/app.css", If_None_Match="*"), 304, has_body=False),
    Expected(_get("/app.css", If_Match='"none"'), 412, b""),
    Expected(_get("/app.css", method="HEAD"), 200, has_body=False),
    Expected(_get("/app.css", method="POST", Content_Length="0"), 405, b""),
    Expected(_get("/app.css", method="OPTIONS"), 204, has_body=False),
    Expected(_get("/app.css", Range="bytes=10-19"), 206, TEXT[10:20]),
    Expected(_get("/app.css", Range="bytes=99999-"), 416, b""),
    Expected(_get("/medium.bin"), 200, MEDIUM),
    Expected(_get("/medium.bin", Range="bytes=-1000"), 206, MEDIUM[-1000:]),
    Expected(_get("/film.bin", Range="bytes=1000000-1100000"), 206, bytes(100_001)),
    Expected(_get("/changing.txt"), 200, None, CHANGING),
    Expected(_get("/later.txt"), 200, b"later"),
    Expected(_get("/missing/page"), 299, b"application"),
]
