"""The tools that compress, and the command of each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.contenders import OURS, missing_of

#: Our command, limited to the encodings of the other tools.
ALIKE = f"{OURS}, gzip and br"

LIBRARIES = ("brotli", "deflate", "backports.zstd", "django")


class Contender(NamedTuple):
    name: str
    package: str
    command: tuple[str, ...]  # the folder follows it
    copies: bool = False  # copies to another folder, and compresses there

    def on(self, tree: Path, copied: Path) -> tuple[list[str], Path]:
        """Return the whole command, and the folder where it writes the variants."""
        folders = [tree, copied] if self.copies else [tree]
        command = [sys.executable, "-m", *self.command, *map(str, folders)]
        return command, folders[-1]


_OURS = ("whitenoise_async.compress", "--quiet")

CONTENDERS = (
    Contender(ALIKE, OURS, (*_OURS, "--encodings", "gzip,br")),
    Contender(OURS, OURS, _OURS),
    Contender("whitenoise", "whitenoise", ("whitenoise.compress", "--quiet")),
    Contender(
        "servestatic", "servestatic", ("servestatic.cli", "--compress", "--quiet"), copies=True
    ),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
PACKAGES = frozenset({*LIBRARIES, *(each.package for each in CONTENDERS)})


def ours(*options: str) -> Contender:
    """Our command with some options."""
    return BY_NAME[OURS]._replace(command=(*_OURS, *options))


def missing(name: str) -> str | None:
    """Why a contender cannot take part on this machine."""
    return missing_of([BY_NAME[name].package])
