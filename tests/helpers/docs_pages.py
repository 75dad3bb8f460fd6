"""The pages of the documentation, their code blocks and their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("README.md")])

_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})(?P<language>.*)")


class Block(NamedTuple):
    language: str
    line: int  # number of the first line of its text, from 1
    text: str

    @property
    def end(self) -> int:
        """The line of the closing fence."""
        return self.line + self.text.count("\n")


#: The languages of blocks that hold commands.
SHELL = ("console", "shell")


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, including those inside an HTML comment."""
    opened = None
    first, held = 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if opened is None:
            opened = _FENCE.fullmatch(line)
            first, held = number + 1, []
        elif line.rstrip() == opened["ticks"]:
            yield Block(opened["language"].strip(), first, "\n".join(held) + "\n")
            opened = None
        else:
            held.append(line)
    assert opened is None, f"{page}: a block without an end"


def rows_of(page: Path, columns: int) -> Iterator[list[str]]:
    """The cells of each row, for all tables of a page that have this many columns."""
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("| ") and len(cells) == columns + 2:
            yield cells[1:-1]


def code(cell: str) -> str | None:
    """The text of a cell that is all code, ``None`` for any other cell."""
    found = re.fullmatch("`([^`]+)`", cell)
    return found and found[1]
