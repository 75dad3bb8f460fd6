"""The start with many files: time and memory, each in a new process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.benchmarks.console import reason_of, say
from tests.benchmarks.contenders import BARE_WALK
from tests.benchmarks.processes import output_of
from tests.benchmarks.servers import Place
from tests.benchmarks.settings import Settings
from tests.benchmarks.site import PREFIX, make_many
from tests.benchmarks.startup_options import STARTS, write_manifest


def measure(place: Place, names: Sequence[str], settings: Settings) -> dict[str, Any]:
    """The result of the row."""
    many, empty = place.folder / "many", place.folder / "empty"
    (empty / PREFIX).mkdir(parents=True, exist_ok=True)
    make_many(many / PREFIX, settings.files)
    if set(names) & STARTS.keys():
        write_manifest(many)
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    left_out: dict[str, str] = {}

    def turn(name: str) -> dict[str, float]:
        printed = output_of("startup_probe", [name, str(many), str(empty)], place.folder)
        found: dict[str, float] = json.loads(printed)
        return found

    try:
        turn(BARE_WALK)  # the kernel's caches are warm for the first contender too
        for number in range(settings.rounds):
            for name in [name for name in names if name not in left_out]:
                try:
                    took = turn(name)
                except (RuntimeError, ValueError) as error:
                    left_out[name] = reason_of(error)
                    say(f"startup  {name}: left out, {left_out[name]}")
                    continue
                seen[name].append(took)
                say(
                    f"startup  round {number + 1}  {name}: {took['seconds']:.3f} s,"
                    f" {took['kb'] / 1024:.1f} MB"
                )
    finally:
        shutil.rmtree(many)
    counted = {name: _result(name, seen) for name in names if name not in left_out}
    return {"contenders": counted, "left_out": left_out}


def _result(name: str, seen: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    values = [round(each["seconds"], 4) for each in seen[name]]
    walks = [each["seconds"] for each in seen.get(BARE_WALK, [])]
    ratios = [value / walk for value, walk in zip(values, walks, strict=False)]
    return {
        "values": values,
        "median": median(values),
        "ratio": round(median(ratios), 2) if ratios else None,
        "memory_kb": [each["kb"] for each in seen[name]],
        "median_memory_kb": median(each["kb"] for each in seen[name]),
        "median_process_kb": median(each["all_kb"] for each in seen[name]),
        "invalid": [],
    }
