"""Run the contenders in turn over fresh copies of one folder, each twice."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.compressing.contenders import ALIKE, BY_NAME
from tests.benchmarks.compressing.settings import Settings
from tests.benchmarks.compressing.spent import Spent, spend
from tests.benchmarks.compressing.variants import Made, compared, made_below, sizes_below
from tests.benchmarks.console import reason_of, say
from tests.benchmarks.contenders import OURS
from tests.benchmarks.processes import output_of


@dataclass
class _Tally:
    first: list[Spent] = field(default_factory=list)
    second: list[Spent] = field(default_factory=list)
    walked: list[tuple[float, float]] = field(
        default_factory=list
    )  # seconds of a bare walk, and of our second run
    made: Made = field(default_factory=dict)


def measure(tree: Path, names: Sequence[str], settings: Settings) -> dict[str, Any]:
    """The result of the row."""
    originals = sizes_below(tree)
    tallies = {name: _Tally() for name in names}
    left_out: dict[str, str] = {}
    for number in range(settings.rounds):
        for name in [name for name in names if name not in left_out]:
            try:
                _turn(name, tree, list(originals), tallies[name], settings)
            except RuntimeError as error:
                left_out[name] = reason_of(error)
                say(f"{tree.name}  {name}: left out, {left_out[name]}")
                continue
            first, second = tallies[name].first[-1], tallies[name].second[-1]
            say(
                f"{tree.name}  round {number + 1}  {name}: {first.seconds:.2f} s, then"
                f" {second.seconds:.2f} s; {first.kb / 1024:.0f} MB"
            )
    counted = {name: each for name, each in tallies.items() if name not in left_out}
    return {
        "files": len(originals),
        "bytes": sum(originals.values()),
        "contenders": _results(counted),
        "walk": _walk(counted[OURS].walked) if OURS in counted else None,
        "left_out": left_out,
    }


def _turn(
    name: str, tree: Path, originals: Sequence[str], tally: _Tally, settings: Settings
) -> None:
    # Copies are kept until the end. After many files are removed, ext4 takes ten times as long for
    # each new file for some minutes.
    folder = Path(tempfile.mkdtemp(prefix="turn-", dir=tree.parent))
    fresh = shutil.copytree(tree, folder / "tree")
    command, result = BY_NAME[name].on(fresh, folder / "copied")
    first = spend(command, folder)
    tally.made = made_below(result, originals)
    second = spend(command, folder)
    if name == OURS:
        printed = output_of("compressing.walk_probe", [str(result), str(settings.walks)], folder)
        tally.walked += json.loads(printed)
    tally.first.append(first)
    tally.second.append(second)


def _results(tallies: dict[str, _Tally]) -> dict[str, dict[str, Any]]:
    sizes = compared({name: tally.made for name, tally in tallies.items()})
    alike = tallies.get(ALIKE, _Tally())
    return {
        name: {
            "first": _spent(tally.first, alike.first),
            "second": _spent(tally.second, alike.second),
            **sizes[name],
        }
        for name, tally in tallies.items()
    }


def _spent(values: Sequence[Spent], alike: Sequence[Spent]) -> dict[str, Any]:
    ratios = [mine.seconds / ours.seconds for mine, ours in zip(values, alike, strict=False)]
    return {
        "seconds": [each.seconds for each in values],
        "median": median(each.seconds for each in values),
        "ratio": round(median(ratios), 3) if ratios else None,
        "median_cpu": median(each.cpu for each in values),
        "kb": max(each.kb for each in values),
    }


def _walk(walked: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {
        "bare": round(median(bare for bare, _ in walked), 5),
        "ours": round(median(ours for _, ours in walked), 5),
        "ratio": round(median(ours / bare for bare, ours in walked), 2),
    }
