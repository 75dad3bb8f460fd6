"""The names that a manifest knows, for a start at which nobody walks the folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..codings import CODINGS


def manifest_names(storage: Any) -> Iterator[str]:
    """The names below the storage's folder of each file that its manifest has, and of its hashed
    copy; with each those of its variants, which are in no manifest.

    Not each of them need be there.
    """
    for name in dict.fromkeys(each for pair in storage.hashed_files.items() for each in pair):
        yield name
        for coding in CODINGS:
            yield name + coding.suffix
