"""Runs Python scripts as a user without root's right to read every file."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from tests.helpers.docs_pages import ROOT


def run_as_nobody(script: str) -> str:
    """Run a script, as the user nobody if the tests run as root; returns its output."""
    prologue = f"""
import encodings.idna, logging, os, sys
import base64, datetime, difflib, hashlib, inspect, json, urllib.parse  # used later
sys.path[:] = {[*sys.path, str(ROOT)]!r}
import whitenoise_async
from whitenoise_async.compression.settings import Settings
from tests.helpers.clients import client_of
Settings()  # imports what compresses
if os.getuid() == 0:
    os.setuid(65534)
"""
    done = subprocess.run(
        [sys.executable, "-c", prologue + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.stderr == ""
    return done.stdout
