"""The fuzzer that coverage guides: atheris, libFuzzer for Python, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzzing.inputs import Input, load_all, undump
from tests.fuzzing.pieces import WORDS
from tests.fuzzing.tally import Limits, Tally

# The largest request in bytes. libFuzzer would generate many of the largest size, which are of
# little use.
_LONGEST = 4096


def is_available() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def run(limits: Limits) -> tuple[Tally, list[Input]]:
    """Try requests until a limit is reached.

    :returns: the tally, and the requests that the fuzzer found worth keeping.
    :raises RuntimeError: if the fuzzer ended too early, with its output.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(request.dump() for request in load_all()):
            if len(seed) <= _LONGEST:
                (corpus / f"{number}").write_bytes(seed)
        seeds = set(corpus.iterdir())
        (folder / "words").write_text("".join(map(_quoted, WORDS)), "ascii")
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzzing.libfuzzer", name, json.dumps(limits)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
        )
        result = folder / "result.json"
        if not result.exists():
            said = done.stderr.decode(errors="replace").splitlines()
            raise RuntimeError("\n".join(said[-40:]))
        tally = Tally(limits)
        tally.take(json.loads(result.read_text("ascii")))
        return tally, [undump(path.read_bytes()) for path in set(corpus.iterdir()) - seeds]


def _quoted(word: str) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{ord(character):02x}" for character in word[:64]) + '"\n'
