"""The time of imports: ``python -m tests.benchmarks.imports [RUNS]`` for the running interpreter.

Each import runs in a new process, with compiled bytecode. CPU time counts, since other work on the
machine affects it less. The counts of modules are exact; a test limits them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parents[2]

#: The modules of the two dependencies, and those of the standard library that these import.
DEPENDENCIES = (
    "import anyio, anyio.abc, anyio.lowlevel, anyio.to_thread, aiofiles, aiofiles.threadpool"
)

#: What is measured: the import, and what was imported before.
IMPORTS = {
    "WhiteNoise, beyond anyio and aiofiles": (
        "from whitenoise_async import WhiteNoise",
        DEPENDENCIES,
    ),
    "ASGIWhiteNoise, beyond anyio and aiofiles": (
        "from whitenoise_async import ASGIWhiteNoise",
        DEPENDENCIES,
    ),
    # anyio imports these modules when a name of theirs is used for the first time.
    "anyio's own modules in that": (
        "from anyio import CapacityLimiter, WouldBlock, move_on_after",
        DEPENDENCIES,
    ),
    "WhiteNoise, in a new interpreter": ("from whitenoise_async import WhiteNoise", ""),
    "anyio and aiofiles, in a new interpreter": (DEPENDENCIES, ""),
}

_SCRIPT = """
import sys, time
{before}
loaded = set(sys.modules)
began = time.process_time()
{statement}
print((time.process_time() - began) * 1000, *sorted(set(sys.modules) - loaded))
"""


def run(statement: str, before: str = "", bytecode: str | None = None) -> tuple[float, list[str]]:
    """Import in a new process: the milliseconds of CPU, and the modules that this added.

    :param bytecode: a folder for the bytecode; ``None`` writes none.
    """
    script = _SCRIPT.format(statement=statement, before=before)
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    if bytecode is not None:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = bytecode
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    milliseconds, *modules = done.stdout.split()
    return float(milliseconds), modules


def main(runs: int) -> None:
    """Print a row for each import."""
    with TemporaryDirectory() as bytecode:
        for name, (statement, before) in IMPORTS.items():
            modules = run(statement, before, bytecode)[1]  # compiles too
            times = [run(statement, before, bytecode)[0] for _ in range(runs)]
            sys.stdout.write(
                f"{name}: {min(times):.1f} ms, median {median(times):.1f} ms,"
                f" {len(modules)} modules\n"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
