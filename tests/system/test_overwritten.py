"""A file changes while it is sent, with the same length and date."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.after_faults import UNKEPT, Case
from tests.faults.injection import PIECE, READS, WSGI_SETUPS, At, Received, SimulatedServer
from tests.helpers.clients import Serve, make_call
from tests.helpers.files import MTIME, write
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.files.open_file import OpenFile, open_file

LENGTH = 3 * PIECE
OLD, NEW = b"old" * PIECE, b"new" * PIECE
SETUPS = [*WSGI_SETUPS, "asyncio, page cache", "asyncio, zero copy", "trio, cold", "trio, threads"]
RANGE = {"Range": f"bytes=10-{LENGTH - 10}"}
RANGES = {"Range": f"bytes=0-10,100-{LENGTH - 200}"}


def copy_with_date(path: Path) -> None:
    new = write(path.with_name("new"), NEW)
    subprocess.run(["cp", "-p", new, path], check=True)


def copy_longer_with_date(path: Path) -> None:
    new = write(path.with_name("new"), NEW + b"and more")
    subprocess.run(["cp", "-p", new, path], check=True)


def copy_longer_and_older(path: Path) -> None:
    new = write(path.with_name("new"), NEW + b"and more", mtime=MTIME - 10)
    subprocess.run(["cp", "-p", new, path], check=True)


def overwrite_a_byte(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    os.utime(path, (MTIME, MTIME))


def overwrite_through_another_link(path: Path) -> None:
    copy_with_date(path.with_name("link"))


def chmod(path: Path) -> None:
    path.chmod(0o600)


def chown(path: Path) -> None:
    if os.geteuid():
        pytest.skip("root alone gives files away")
    os.chown(path, 1, 1)


def link(path: Path) -> None:
    os.link(path, path.with_name("another"))


def unlink_another_link(path: Path) -> None:
    path.with_name("link").unlink()


def replace(path: Path) -> None:
    write(path.with_name("new"), NEW).replace(path)


def rename(path: Path) -> None:
    path.rename(path.with_name("older"))


def rename_and_replace(path: Path) -> None:
    rename(path)
    write(path, NEW)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"and more")


def append_and_chmod(path: Path) -> None:
    append(path)
    path.chmod(0o600)


OVERWRITES = [
    copy_with_date,
    copy_longer_with_date,
    copy_longer_and_older,
    overwrite_a_byte,
    overwrite_through_another_link,
]
HARMLESS = [
    *(chmod, chown, link, unlink_another_link, os.unlink),
    *(replace, rename, rename_and_replace, append, append_and_chmod),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = write(tmp_path / "a.txt", OLD)
    os.link(path, tmp_path / "link")
    return path


async def change_while_it_is_sent(
    server: SimulatedServer, path: Path, case: Case, change: Callable[[Path], None]
) -> Received:
    app = server.make(path.parent, **case.options)
    if case.warm:
        await server.ask(app, case.call)
    server.calls.before = moment = At(1, lambda: change(path), (*READS, "sendfile"), False)
    got = await server.ask(app, case.call)
    server.calls.before = str
    assert moment.reached
    return got


@pytest.mark.parametrize("fields", [{}, RANGE, RANGES], ids=["whole", "range", "ranges"])
@pytest.mark.parametrize("change", OVERWRITES)
@pytest.mark.parametrize("setup", SETUPS)
def test_a_body_of_two_versions_is_cut(
    setup: str,
    change: Callable[[Path], None],
    fields: dict[str, str],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = SimulatedServer(setup, monkeypatch)
    case = Case(fields, False, LENGTH, UNKEPT)
    got = server.run(lambda: change_while_it_is_sent(server, path, case, change))
    assert isinstance(got.error, BrokenBodyError)
    assert str(got.error) == f"{path} was sent in part: the file was overwritten"
    assert not got.ended or server.sent_by_server


@pytest.mark.parametrize("change", HARMLESS)
@pytest.mark.parametrize("setup", SETUPS)
def test_a_change_that_leaves_the_content_alone_cuts_no_body(
    setup: str, change: Callable[[Path], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SimulatedServer(setup, monkeypatch)
    case = Case({}, False, LENGTH, UNKEPT)
    got = server.run(lambda: change_while_it_is_sent(server, path, case, change))
    assert (got.error, got.ended, got.body) == (None, True, OLD)


def test_a_file_that_is_overwritten_while_it_is_loaded_is_not_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SimulatedServer("wsgi", monkeypatch)
    app = server.make(path.parent)

    async def main() -> None:
        server.calls.before = At(0, lambda: copy_with_date(path), READS, False)
        got = await server.ask(app, make_call("/a.txt"))
        assert isinstance(got.error, BrokenBodyError)
        server.calls.before = str
        assert (await server.ask(app, make_call("/a.txt"))).body == NEW

    server.run(main)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("change", OVERWRITES)
def test_a_version_of_the_same_length_and_date_is_seen_at_the_next_check(
    change: Callable[[Path], None], large: bool, path: Path, serve: Serve
) -> None:
    options = {"max_cached_file_size": 10} if large else {}
    get = serve(path.parent, check_interval=0, **options)
    for _ in range(2):
        assert get("/a.txt").body == OLD
    change(path)
    assert get("/a.txt").body == path.read_bytes() != OLD


@pytest.mark.parametrize("change", [chmod, link, unlink_another_link, append])
def test_after_any_change_a_file_is_read_again(
    change: Callable[[Path], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content may have changed at the same moment."""
    server = SimulatedServer("wsgi", monkeypatch)
    app = server.make(path.parent)

    async def main() -> None:
        for expected in (True, False):
            server.calls.before = read = At(0, bool, READS, False)
            await server.ask(app, make_call("/a.txt"))
            assert read.reached is expected
        change(path)
        content = path.read_bytes()  # noqa: ASYNC240
        server.calls.before = read = At(0, bool, READS, False)
        got = await server.ask(app, make_call("/a.txt"))
        assert read.reached
        assert got.body == content

    server.run(main)


@pytest.fixture
def file(path: Path) -> OpenFile:
    return open_file(str(path))


@pytest.mark.parametrize("change", OVERWRITES)
def test_an_overwritten_file_is_an_error(
    change: Callable[[Path], None], path: Path, file: OpenFile
) -> None:
    change(path)
    assert file.change_since_open() == "the file was overwritten"
