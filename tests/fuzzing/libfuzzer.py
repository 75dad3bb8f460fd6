"""The process of libFuzzer, which exits its process: see :mod:`tests.fuzzing.guided`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["whitenoise_async"]):
    # The whole package must be imported here, for the first time.
    from tests.fuzzing.inputs import undump
    from tests.fuzzing.sites import Sites
    from tests.fuzzing.tally import Limits, Tally

# Seconds that a request may take on a busy machine.
_TIMEOUT = 60


def main(folder: Path, limits: Limits) -> None:
    """Fuzz with the corpus and the words in ``folder``, and write the result there."""
    (folder / "files").mkdir()
    sites = Sites(folder / "files")
    tally = Tally(limits)

    def attempt(data: bytes) -> None:
        if tally.is_over():
            (folder / "result.json").write_text(json.dumps(tally.to_json()), "ascii")
            os._exit(0)
        tally.attempt(sites, undump(data))

    options = [f"-dict={folder / 'words'}", f"-timeout={_TIMEOUT}"]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Limits(*json.loads(sys.argv[2])))
