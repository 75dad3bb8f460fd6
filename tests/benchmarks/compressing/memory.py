"""Time and memory of our command, for many files and for one huge file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.compressing.contenders import ours
from tests.benchmarks.compressing.settings import Settings
from tests.benchmarks.compressing.spent import spend
from tests.benchmarks.compressing.trees import make_even, make_large
from tests.benchmarks.compressing.variants import ENCODINGS, compared, made_below, sizes_below
from tests.benchmarks.console import say

# The levels for a file if the best ones would take hours.
_QUICKER = {"gzip": 6, "br": 5, "zstd": 9}


def measure_many(folder: Path, settings: Settings) -> list[dict[str, Any]]:
    """Measure one run over many files, with default options."""
    tree = folder / "even"
    make_even(tree, settings.files)
    try:
        return [_run(tree, f"{settings.files:,} files of 50 KB", {})]
    finally:
        shutil.rmtree(tree)


def measure_huge(folder: Path, settings: Settings) -> list[dict[str, Any]]:
    """Measure a piece of the file in each encoding, then the whole file at levels of bearable time.

    The best level is measured with a file far larger than its window, which fills its memory.
    """
    runs = [_run_large(folder, settings.piece, {encoding: None}) for encoding in ENCODINGS]
    times = settings.huge / settings.piece
    levels = {
        encoding: _QUICKER[encoding] if run["cpu"] * times > settings.patience else None
        for encoding, run in zip(ENCODINGS, runs, strict=True)
    }
    lowered = [encoding for encoding, level in levels.items() if level is not None]
    runs += [_run_large(folder, settings.window, {encoding: None}) for encoding in lowered]
    runs.append(_run_large(folder, settings.huge, levels))
    return runs


def _run_large(folder: Path, megabytes: int, levels: Mapping[str, int | None]) -> dict[str, Any]:
    tree = folder / "large"
    make_large(tree, megabytes)
    try:
        return _run(tree, f"one file of {megabytes:,} MB", levels)
    finally:
        shutil.rmtree(tree)


def _run(tree: Path, title: str, levels: Mapping[str, int | None]) -> dict[str, Any]:
    """:param levels: by encoding, ``None`` for the best level; empty for the default encodings."""
    options = ["--encodings", ",".join(levels)] if levels else []
    for encoding, level in levels.items():
        options += [] if level is None else [f"--{encoding}-level", str(level)]
    originals = sizes_below(tree)
    command, _ = ours(*options).on(tree, tree)
    spent = spend(command, tree.parent)
    made = compared({"": made_below(tree, originals)})[""]["encodings"]
    say(f"{title}  {' '.join(options)}: {spent.seconds:.1f} s, {spent.kb / 1024:.0f} MB")
    return {
        "title": title,
        "options": " ".join(options),
        "bytes": sum(originals.values()),
        **spent._asdict(),
        "encodings": {encoding: each["bytes"] for encoding, each in made.items()},
    }
