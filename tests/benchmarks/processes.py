"""Child processes that are pinned to a core and never outlive this process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CPU, LOAD_CPU = 0, 1

_ROOT = Path(__file__).parents[2]
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a child, which finds these modules and writes into ``folder`` only."""
    paths = {"PYTHONPATH": str(_ROOT), "HOME": str(folder), "TMPDIR": str(folder)}
    return {**os.environ, **paths, "PYTHONDONTWRITEBYTECODE": "1", **more}


def pinned_to(cpu: int | None) -> Callable[[], None]:
    """A function that pins a child to its core, if any, and makes it die with its parent."""

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpu is not None and cpu in os.sched_getaffinity(0):
            os.sched_setaffinity(0, {cpu})

    return prepare


@contextmanager
def child(
    command: Sequence[str],
    cpu: int | None,
    folder: Path,
    output: int,
    environ: Mapping[str, str] | None = None,
    *,
    inherits: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """Run a program as the leader of a process group, which ends with the block.

    :param inherits: whether it inherits descriptors.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ if environ is not None else environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        close_fds=not inherits,
        preexec_fn=pinned_to(cpu),
    )
    try:
        yield process
    finally:
        _end(process)


def output_of(
    module: str,
    arguments: Sequence[str],
    folder: Path,
    timeout: float | None = 120,
    cpu: int | None = SERVER_CPU,
) -> str:
    """The output of a module of the benchmarks, run in a new process on the servers' core."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    with child(command, cpu, folder, subprocess.PIPE) as process:
        printed, _ = process.communicate(timeout=timeout)
    if process.returncode:
        raise RuntimeError(f"{module} failed with status {process.returncode}\n{printed}")
    return printed


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=3)
            if not _group_lives(process.pid):
                break
    if process.stdout is not None:
        process.stdout.close()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
