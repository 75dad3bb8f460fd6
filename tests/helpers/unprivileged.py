"""Python without root's right to read every file: ``python unprivileged.py SCRIPT ...``.

In containers, tests often run as root. Tests that make a file unreadable start their servers by
this script, so that the server and its children cannot read the file.
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
            # A user without the right to drop it keeps it: see servers.Server.reads_everything.
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, each, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
