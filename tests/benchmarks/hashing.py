"""The costs of hashes: of URLs in pages, and of all files at startup, each in a new process."""

from __future__ import annotations

import json
import shutil
from statistics import median
from typing import Any

from tests.benchmarks.console import say
from tests.benchmarks.contenders import OURS
from tests.benchmarks.processes import output_of
from tests.benchmarks.servers import Place
from tests.benchmarks.settings import Settings
from tests.benchmarks.site import PREFIX, make_assets

FILES = 5_000


def measure(place: Place, settings: Settings) -> dict[str, Any]:
    """The result of the row."""
    site = place.folder / "assets"
    make_assets(site / PREFIX, FILES)
    rounds: list[dict[str, float]] = []
    try:
        for number in range(settings.rounds):
            # On all cores, as at the start of an application.
            printed = output_of("hashing_probe", [str(site)], place.folder, cpu=None)
            found: dict[str, float] = json.loads(printed)
            rounds.append(found)
            figures = ", ".join(f"{name} {value:g}" for name, value in found.items())
            say(f"assets  round {number + 1}: {figures}")
    finally:
        shutil.rmtree(site)
    names = rounds[0]
    values = {name: [each[name] for each in rounds] for name in names}
    medians = {name: median(values[name]) for name in names}
    return {
        "contenders": {OURS: {"values": values, **medians, "invalid": []}},
        "left_out": {},
    }
