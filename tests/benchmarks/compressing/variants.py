"""The variants of the originals, and their sizes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.compressing.contenders import ALIKE
from tests.benchmarks.contenders import OURS

# ServeStatic writes zstd as .zstd.
_SUFFIXES = {"gzip": (".gz",), "br": (".br",), "zstd": (".zst", ".zstd")}
ENCODINGS = tuple(_SUFFIXES)

Sizes = dict[str, int]  # bytes, by the original's path below the root
Made = dict[str, Sizes]  # by encoding


def sizes_below(root: Path) -> Sizes:
    """The sizes of all files."""
    return {
        os.path.relpath(path, root): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file()
    }


def made_below(root: Path, originals: Iterable[str]) -> Made:
    """The variants of the originals."""
    found = sizes_below(root)
    return {
        encoding: {
            path: found[path + suffix]
            for path in originals
            for suffix in suffixes
            if path + suffix in found
        }
        for encoding, suffixes in _SUFFIXES.items()
    }


def compared(made: Mapping[str, Made]) -> dict[str, dict[str, Any]]:
    """Count each contender's files and bytes by encoding, in total and for common files."""
    common = {encoding: _common(made, encoding) for encoding in ENCODINGS}
    return {
        name: {
            "encodings": {
                encoding: {
                    "files": len(sizes),
                    "bytes": sum(sizes.values()),
                    "common_files": len(common[encoding]),
                    "common_bytes": sum(sizes[path] for path in common[encoding]),
                }
                for encoding, sizes in each.items()
                if sizes
            },
            "ours_larger": _ours_larger(made, name),
        }
        for name, each in made.items()
    }


def _common(made: Mapping[str, Made], encoding: str) -> frozenset[str]:
    """The files that all contenders with this encoding compressed."""
    makers = [frozenset(each[encoding]) for each in made.values() if each[encoding]]
    return frozenset.intersection(*makers) if makers else frozenset()


def _ours_larger(made: Mapping[str, Made], peer: str) -> dict[str, int] | None:
    """Files of ours that are larger than the peer's."""
    if peer in (ALIKE, OURS) or OURS not in made:
        return None
    return {
        encoding: sum(made[OURS][encoding].get(path, 0) > size for path, size in sizes.items())
        for encoding, sizes in made[peer].items()
        if sizes
    }
