"""The costs of hashes in this new process: ``SITE`` to a line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from time import perf_counter
from timeit import timeit

from tests.benchmarks.site import PREFIX
from whitenoise_async import Assets

_FILES = 300
_REPEATED = 100_000


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def first_urls(site: Path, names: Iterable[str]) -> tuple[float, float]:
    """The seconds for the first URL of a file, and for reading a file: the medians."""
    assets = Assets(site / PREFIX, PREFIX)
    reading, asking = [], []
    for number, name in enumerate(names):
        path = site / PREFIX / name
        path.read_bytes()  # the page cache is warm for both
        reading.append(seconds(path.read_bytes))
        asking.append(seconds(lambda name=name: assets.url(name)))  # type: ignore[misc]
        if number == 0:  # it has imported modules
            reading.clear()
            asking.clear()
    return median(asking), median(reading)


def main(site: Path) -> None:
    """Print the figures, in the units of their names."""
    root = site / PREFIX
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*"))
    scripts = [name for name in names if name.endswith(".js")]
    script, read = first_urls(site, scripts[:: len(scripts) // _FILES])
    style, _ = first_urls(site, [name for name in names if name.endswith(".css")])
    assets = Assets(root, PREFIX)
    prepared = seconds(assets.prepare_sync)
    repeated = timeit(lambda: assets.url(scripts[0]), number=_REPEATED) / _REPEATED
    figures = {
        "read_us": 1e6 * read,
        "script_us": 1e6 * script,
        "style_sheet_us": 1e6 * style,
        "all_s": prepared,
        "repeated_us": 1e6 * repeated,
    }
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
