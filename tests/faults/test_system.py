"""Each system call of a response fails: the first, the second, the n-th, or all from there on.

:data:`FAULTS` lists what a client may notice of each error.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.after_faults import (
    CASES,
    OTHER,
    Case,
    Census,
    Site,
    ask_at_each_call,
    outcome,
    require_right,
)
from tests.faults.injection import CALLS, EACH_READING, FEW_SETUPS, READS, SimulatedServer
from tests.helpers.slow import slow_unless


class Fault(NamedTuple):
    """An error, and the system calls that raise it.

    :param seen: the outcomes that a client may see.
    """

    error: type[Exception]
    number: int
    calls: tuple[str, ...] = CALLS
    seen: frozenset[str] = frozenset({"right", "503", "cut"})

    @property
    def cause(self) -> str:
        return os.strerror(self.number)

    def come(self) -> None:
        raise self.error(*() if self.error is MemoryError else (self.number, self.cause))


_BEFORE_IT_BEGINS = frozenset({"right", "503"})
_NO_FILE = frozenset({"right", "application"})

FAULTS = {
    "EIO": Fault(OSError, errno.EIO),
    "ESTALE": Fault(OSError, errno.ESTALE),
    "ENOMEM": Fault(OSError, errno.ENOMEM),
    "MemoryError": Fault(MemoryError, errno.ENOMEM, READS),
    "EMFILE": Fault(OSError, errno.EMFILE, ("open", "dup"), _BEFORE_IT_BEGINS),
    "ENFILE": Fault(OSError, errno.ENFILE, ("open", "dup"), _BEFORE_IT_BEGINS),
    "EACCES": Fault(OSError, errno.EACCES, ("open", "stat"), _NO_FILE),
    "EPERM": Fault(OSError, errno.EPERM, ("open", "stat"), _NO_FILE),
    "ELOOP": Fault(OSError, errno.ELOOP, ("open", "stat"), _NO_FILE),
}


def require_logged(records: list[logging.LogRecord], seen: str, site: Site, fault: Fault) -> None:
    """Require one line for each fault that the client may notice."""
    said = [(record.levelno, record.getMessage()) for record in records]
    if seen in ("503", "cut"):
        ((level, line),) = said
        assert level == logging.ERROR
        path, tail = line.rsplit(f": {fault.cause}", 1)
        if seen == "503":
            assert path in [f"{each} cannot be read now" for each in (site.path, site.variant)]
            assert tail == ""
        else:
            assert path in [f"{each} was sent in part" for each in (site.path, site.variant)]
            assert tail == "; the connection is cut"
    else:
        left_out = [site.path] if seen == "application" else []
        left_out += [site.variant] if len(said) > len(left_out) else []
        lines = [f"{each} is not served: {fault.cause}" for each in left_out]
        assert sorted(said) == sorted((logging.WARNING, line) for line in lines)
        assert said == [] or fault.seen == _NO_FILE


TURNS = [
    *((fault, False, setup) for fault in FAULTS for setup in FEW_SETUPS),
    *(("MemoryError", True, setup) for setup in FEW_SETUPS),
    *(("EIO", True, setup) for setup in EACH_READING),
    *(("EIO", False, setup) for setup in EACH_READING if setup not in FEW_SETUPS),
]


def is_fast(turn: tuple[str, bool, str]) -> bool:
    fault, _, setup = turn
    return setup == "wsgi" or (fault == "EIO" and setup in FEW_SETUPS)


@pytest.mark.parametrize(("fault", "on", "setup"), slow_unless(TURNS, is_fast))
def test_whichever_call_fails_the_client_notices_and_the_next_response_is_right(
    setup: str,
    fault: str,
    on: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SimulatedServer(setup, monkeypatch)
    comes = FAULTS[fault]
    seen: set[str] = set()

    async def at_each_call(case: Case) -> None:
        site = Site(tmp_path, case.size)
        census = Census()
        app = server.make(tmp_path, **case.options)
        async for got, _ in ask_at_each_call(server, app, case, comes.come, comes.calls, on):
            word = outcome(got, server, case.call, site.representations)
            seen.add(word)
            require_logged(caplog.records, word, site, comes)
            caplog.clear()
            got.error = None
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)
            await census.require_nothing_left(app)

    async def main() -> None:
        for case in CASES.values():
            await at_each_call(case)

    server.run(main)
    assert seen <= comes.seen
    assert seen > {"right"}
