"""Python without root's right to read every file: ``python unprivileged.py SCRIPT ...``.

Tests that take the rights to a file away are run by root, too, in containers most of all. What is
given up here is so for the process that follows, and for all that it starts.
"""

from __future__ import annotations

import ctypes
import os
import sys

#: capabilities(7): CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
READ_EVERYTHING = (1, 2)
_PR_CAPBSET_DROP = 24  # prctl(2)

if __name__ == "__main__":
    if os.geteuid() == 0:
        for each in READ_EVERYTHING:
            # One who may not do that keeps the right: servers.Server.reads_everything tells.
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, each, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
