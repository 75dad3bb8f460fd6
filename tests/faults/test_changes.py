"""A file or its variant changes at each point of a response: before each system call, and after.

:data:`CHANGES` lists what a client may notice of each change, and what is logged.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
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
from tests.faults.injection import APPLICATION, EACH_READING, FEW_SETUPS, Received, SimulatedServer
from tests.helpers.files import write
from tests.helpers.slow import slow_unless


def another(path: Path) -> bytes:
    """Other content of the same length. A variant still matches its original."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return content[:4] + b"1" + content[5:]  # MTIME (RFC 1952 §2.3.1)
    return content[::-1]


def replace(path: Path, content: bytes) -> None:
    write(path.with_name("new"), content, mtime=500_000_000).replace(path)


def shorter(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.compress(gzip.decompress(content)) if path.suffix == ".gz" else content[:-7]


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def link(path: Path) -> None:
    other = path.with_name("link")
    other.unlink(missing_ok=True)
    os.link(path, other)


def put_in_its_place(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.unlink()
        make(path)

    return put


class Change(NamedTuple):
    """A change, and what may be noticed of it.

    :param seen: the outcomes that the client may see.
    :param cause: the cause in the log, if the connection is cut or the file is not served.
    :param listed: the cause in the log if ``autorefresh`` notices it when it lists a folder.
    """

    make: Callable[[Path], object]
    seen: frozenset[str]
    cause: str = ""
    listed: str = ""


RIGHT = frozenset({"right"})
GONE = RIGHT | {"application"}
BROKEN = RIGHT | {"cut"}
_TRUNCATED = "the file was truncated"
_NO_FILE = "it is not a regular file"
_NOWHERE = "it is a dangling link"

CHANGES = {
    "deleted": Change(os.unlink, GONE),
    "replaced by a dangling link": Change(
        put_in_its_place(lambda path: path.symlink_to("nowhere")), GONE, "", _NOWHERE
    ),
    "replaced by a link to itself": Change(
        put_in_its_place(lambda path: path.symlink_to(path.name)),
        GONE,
        "Too many levels of symbolic links",
        _NOWHERE,
    ),
    "replaced by a FIFO": Change(
        put_in_its_place(os.mkfifo), GONE, _NO_FILE, "it is neither a file nor a directory"
    ),
    "replaced by a directory": Change(put_in_its_place(Path.mkdir), GONE, _NO_FILE),
    "made unreadable": Change(lambda path: path.chmod(0), GONE, "Permission denied"),
    "replaced": Change(lambda path: replace(path, shorter(path)), RIGHT),
    "replaced by one as long": Change(lambda path: replace(path, another(path)), RIGHT),
    "given another link": Change(link, RIGHT),
    "given other rights": Change(lambda path: path.chmod(0o640), RIGHT),
    "renamed": Change(lambda path: path.rename(path.with_name("old")), GONE),
    "grown": Change(grow, RIGHT),
    "truncated": Change(
        lambda path: os.truncate(path, path.stat().st_size // 2), BROKEN, _TRUNCATED
    ),
    "emptied": Change(lambda path: os.truncate(path, 0), BROKEN, _TRUNCATED),
    "overwritten by as much": Change(
        lambda path: path.write_bytes(another(path)), BROKEN, "the file was overwritten"
    ),
}

#: The most important changes, for every way to read and send a file.
DURING = ("deleted", "replaced", "grown", "truncated", "overwritten by as much")


@pytest.fixture
def root(change: str, tmp_path: Path, public_path: Path) -> Iterator[Path]:
    """A folder. Where root could read every file, another user owns it and runs the test."""
    if change != "made unreadable" or os.geteuid():
        yield tmp_path
        return
    os.chown(public_path, 65534, 65534)
    os.seteuid(65534)
    yield public_path
    os.seteuid(0)


def require_logged(
    said: list[str], seen: str, changed: Path, change: Change, site: Site, lists: bool
) -> None:
    """Require one line with path and cause for each change that somebody must repair, else none."""
    left_out = f"WARNING {site.variant} is not served: "
    # A variant may cease to match its original, by a change of either.
    told = change.seen != GONE or (changed == site.variant and bool(change.cause + change.listed))
    assert sum(line.startswith(left_out) for line in said) <= told
    expected = {""}
    if seen == "cut":
        expected = {f"ERROR {changed} was sent in part: {change.cause}; the connection is cut"}
    elif seen == "application":
        causes = {change.cause, change.listed} if lists else {change.cause}
        expected = {cause and f"WARNING {changed} is not served: {cause}" for cause in causes}
    assert "".join(line for line in said if not line.startswith(left_out)) in expected


TURNS = [
    *((change, setup) for change in CHANGES for setup in FEW_SETUPS),
    *((change, setup) for change in DURING for setup in EACH_READING if setup not in FEW_SETUPS),
]
FAST_TURNS = [
    *((change, "wsgi") for change in (*DURING, "replaced by a FIFO", "made unreadable")),
    *(("replaced", "trio, threads"), ("truncated", "asyncio, page cache")),
]


@pytest.mark.parametrize(("change", "setup"), slow_unless(TURNS, FAST_TURNS.__contains__))
def test_whenever_a_file_changes_the_response_is_right_or_cut(
    setup: str,
    change: str,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SimulatedServer(setup, monkeypatch)
    done = CHANGES[change]
    seen: dict[str, set[str]] = {"a.txt": set(), "a.txt.gz": set()}

    async def at_each_call(case: Case, name: str) -> None:
        site = Site(root, case.size)
        changed = root / name
        census = Census()
        app = server.make(root, **case.options)

        def make() -> None:
            caplog.clear()
            done.make(changed)
            site.representations |= site.current_representations()

        async for got, reached in ask_at_each_call(server, app, case, make):
            if not reached:  # the last change comes after all calls
                make()
            word = outcome(got, server, case.call, site.representations)
            seen[name].add(word)
            said = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
            require_logged(said, word, changed, done, site, "autorefresh" in case.options)
            got.error = None
            after = await server.ask(app, case.call)
            require_answered_after(after, change, name, case, site)
            require_right(await server.ask(app, OTHER), OTHER, site.representations)
            await census.require_nothing_left(app)
            site.make(changed)

    async def main() -> None:
        for case in CASES.values():
            await at_each_call(case, "a.txt")
            if case.fields.get("Accept-Encoding"):
                await at_each_call(case, "a.txt.gz")

    server.run(main)
    assert seen["a.txt"] == done.seen
    assert seen["a.txt.gz"] == done.seen - {"application"}


def require_answered_after(got: Received, change: str, name: str, case: Case, site: Site) -> None:
    if got.body == APPLICATION:
        assert CHANGES[change].seen == GONE and name == "a.txt"
    else:
        # A file that was opened before it was made unreadable has its old state.
        unread = change == "made unreadable"
        require_right(
            got, case.call, site.representations if unread else site.current_representations()
        )
