"""What the command lines print."""

from __future__ import annotations

import os
from contextlib import redirect_stdout

from whitenoise_async.console import say


def test_lines_for_a_reader_that_went_away_are_dropped() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as output, redirect_stdout(output):
        say("first")
        say("second")
        assert os.readlink(f"/proc/self/fd/{output.fileno()}") == os.devnull
