"""Folders with very many files, made of hard links so that they need no space."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

_CONTENT = b"body { margin: 0 }\n" * 8
_LINKS = 50_000  # to one file; ext4 allows 65,000

#: Suffixes of the variants. Requests without ``Accept-Encoding`` read only the length of a ``.br``.
SUFFIXES = (".gz", ".br")
_CONTENTS = {"": _CONTENT, ".gz": gzip.compress(_CONTENT, mtime=0), ".br": _CONTENT[:40]}


def make_tree(root: Path, count: int, suffixes: Sequence[str] = ()) -> None:
    """Write ``count`` small files below ``root``, a hundred in each directory.

    :param suffixes: those of the variants of each file.
    """
    for number, name in enumerate(names(count)):
        if number % 100 == 0:
            (root / name).parent.mkdir(parents=True)
        for suffix in ("", *suffixes):
            source = f"{root}-{number // _LINKS}{suffix}"
            if number % _LINKS == 0:
                Path(source).write_bytes(_CONTENTS[suffix])
            os.link(source, f"{root}/{name}{suffix}")


def make_manifest(root: Path, count: int) -> None:
    """Write the manifest of Django's storage for ``count`` names: originals and hashed copies."""
    paths = {
        name: f"{name[:-4]}.{number * 2_654_435_761 % (1 << 48):012x}.css"
        for number, name in enumerate(names(count // 2))
    }
    root.mkdir(parents=True)
    text = json.dumps({"paths": paths, "version": "1.1", "hash": ""})
    (root / "staticfiles.json").write_text(text)


def names(count: int) -> Iterator[str]:
    """The paths of the files below their root."""
    for number in range(count):
        yield f"{number // 10_000:03}/{number // 100 % 100:02}/file-{number:07}.css"
