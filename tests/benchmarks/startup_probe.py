"""One start with many files in this new process: ``NAME SITE EMPTY`` to a line of JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.apps import make
from tests.benchmarks.contenders import BARE_WALK, BY_NAME
from tests.benchmarks.proc import usage
from tests.benchmarks.startup_options import STARTS


def count_names(site: Path) -> int:
    """The bare walk."""
    count, waiting = 0, [str(site)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    count += 1
    return count


def start(name: str, site: Path) -> Any:
    """The function that lists the files of the site."""
    if name == BARE_WALK:
        return count_names(site)
    if name in STARTS:
        return STARTS[name](site)
    return make(name, BY_NAME[name].interfaces[0], site)


def main(name: str, site: Path, empty: Path) -> None:
    """Start once and print the time and memory."""
    # A start with an empty site comes first, so that only costs that grow with the files count.
    start(name, empty)
    gc.collect()
    before = usage(os.getpid()).resident
    began = time.perf_counter()
    kept = start(name, site)
    seconds = time.perf_counter() - began
    resident = usage(os.getpid()).resident
    del kept
    sys.stdout.write(json.dumps({"seconds": seconds, "kb": resident - before, "all_kb": resident}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
