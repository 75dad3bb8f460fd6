"""One process with many listed files: time, memory, and the cost of a request."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.console import say
from tests.benchmarks.processes import output_of
from tests.benchmarks.scale.listing_probe import MANIFEST, PREFIX
from tests.benchmarks.scale.settings import Settings
from tests.benchmarks.scale.tree import SUFFIXES, make_manifest, make_tree

#: The kinds of trees, and their names in the table.
KINDS = {
    "plain": "files",
    PREFIX: "files, with the prefix `assets/static`",
    "variants": "files, each with a `.gz` and a `.br`",
    MANIFEST: "names in Django's manifest",
}
_TIMEOUT = 600.0
_FEW = 1_000
# Tracing takes ten times as long, and its figure does not depend on the number.
_MOST_TRACED = 100_000


def measure(folder: Path, settings: Settings) -> dict[str, Any]:
    """The figures of each kind, by the number of files."""
    small = folder / "small"
    make_tree(small, _FEW)
    found: dict[str, Any] = {}
    for kind in KINDS:
        for count in settings.files:
            root = folder / "tree" / "root"
            root.parent.mkdir()
            try:
                _make(kind, root, count)
                turns = [
                    _probe(folder, kind, count, root, small, "time") for _ in range(settings.rounds)
                ]
                figures = {key: median(turn[key] for turn in turns) for key in turns[0]}
                figures["traced"] = 0.0
                if count <= _MOST_TRACED:
                    traced = _probe(folder, kind, count, root, small, "trace")
                    figures["traced"] = traced["traced"]
            finally:
                shutil.rmtree(root.parent)
            found.setdefault(kind, {})[str(count)] = {
                key: round(value, 3) for key, value in figures.items()
            }
            say(f"listing  {kind}, {count:,}: {found[kind][str(count)]}")
    return found


def _make(kind: str, root: Path, count: int) -> None:
    if kind == MANIFEST:
        make_manifest(root, count)
    else:
        make_tree(root, count, SUFFIXES if kind == "variants" else ())


def _probe(folder: Path, kind: str, count: int, root: Path, small: Path, how: str) -> Any:
    arguments = [kind, str(count), str(root), str(small), how]
    printed = output_of("scale.listing_probe", arguments, folder, _TIMEOUT)
    return json.loads(printed)
