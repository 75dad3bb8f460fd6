"""Large files are kept open: few, not for long, and never once they have changed."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.files import write
from whitenoise_async.asgi.file_stream import FileStream
from whitenoise_async.files import open_file as files
from whitenoise_async.files import pread as reads
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.files.state import read_state
from whitenoise_async.serving import descriptor_cache as open_files
from whitenoise_async.serving.descriptor_cache import OpenFiles

CONTENT = os.urandom(100_000)


def is_open(path: Path) -> int:
    """How many descriptors of this process are open on ``path``."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the listing's own
        count += target.removesuffix(" (deleted)") == str(path)
    return count


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(params=["asyncio", "trio"])
def adapter(request: pytest.FixtureRequest) -> str:
    """Those that keep files open: servers of WSGI are handed descriptors."""
    name: str = request.param
    return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = write(tmp_path / "a.bin", CONTENT)
    with open(path, "rb") as file:
        if not reads.supports_page_cache_reads(file.fileno()):
            pytest.skip("the temporary folder's file system has no page-cache reads")
    return path


@pytest.fixture
def serve(serve: Serve) -> Serve:
    """Keeps what it has seen, and takes every file for a large one."""
    return lambda *args, **options: serve(
        *args, **{"max_cache_size": 0, "check_interval": None, **options}
    )


def test_one_descriptor_serves_many_answers(serve: Serve, path: Path) -> None:
    get = serve(path.parent)
    for _ in range(3):
        assert get("/a.bin").body == CONTENT
        assert get("/a.bin", {"Range": "bytes=5-9"}).body == CONTENT[5:10]
        assert is_open(path) == 1


def replace(path: Path) -> None:
    write(path.with_name("new"), CONTENT[::-1]).replace(path)


def truncate(path: Path) -> None:
    os.truncate(path, 10)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def overwrite(path: Path) -> None:
    status = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def rename(path: Path) -> None:
    path.rename(path.with_name("old"))
    write(path, CONTENT[::-1])


@pytest.mark.parametrize("change", [replace, truncate, grow, overwrite, rename])
def test_a_change_is_seen_at_once(serve: Serve, path: Path, change: Callable[[Path], None]) -> None:
    get = serve(path.parent)
    assert get("/a.bin").body == CONTENT
    change(path)
    reply = get("/a.bin")
    assert reply.body == path.read_bytes() != CONTENT
    assert reply["content-length"] == str(len(reply.body))
    assert is_open(path) == 1
    assert get("/a.bin", {"If-None-Match": reply["etag"]}).status == 304


def test_a_file_that_was_removed_is_left_to_the_application_and_closed(
    serve: Serve, path: Path
) -> None:
    get = serve(path.parent)
    assert get("/a.bin").status == 200
    path.unlink()
    assert get("/a.bin").status == 404
    assert is_open(path) == 0


def test_a_folder_that_was_switched_is_seen_when_the_file_is_looked_at_again(
    serve: Serve, path: Path
) -> None:
    """As deploys do that switch a link."""
    for release in ("1", "2"):
        write(path.parent / release / "a.bin", CONTENT + release.encode())
    current = path.parent / "current"
    current.symlink_to("1")
    kept, looking = serve(current), serve(current, check_interval=0)
    for get in (kept, looking):
        assert get("/a.bin").body == CONTENT + b"1"
    current.unlink()
    current.symlink_to("2")
    assert kept("/a.bin").body == CONTENT + b"1"
    assert looking("/a.bin").body == CONTENT + b"2"


def test_no_more_than_the_bound_are_kept_the_least_recently_used_closed_first(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "MAX_KEPT", 2)
    paths = [write(path.parent / name, CONTENT) for name in ("b.bin", "c.bin")]
    get = serve(path.parent)
    for name in ("a.bin", "b.bin", "a.bin", "c.bin"):
        assert get(f"/{name}").status == 200
    assert [is_open(each) for each in (path, *paths)] == [1, 0, 1]


def test_what_nobody_asks_for_is_closed(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "IDLE", 0.05)
    get = serve(path.parent)
    assert get("/a.bin").status == 200
    until(lambda: not is_open(path))
    assert get("/a.bin").body == CONTENT
    until(lambda: not is_open(path))


def test_what_is_asked_for_again_is_closed_later(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    now = 100.0
    monkeypatch.setattr(open_files, "monotonic", lambda: now)
    kept = OpenFiles()
    other = write(path.parent / "b.bin", CONTENT)
    for each in (path, other):
        file = open_file(str(each))
        kept.keep(file)
        file.close()
    now += open_files.IDLE - 1
    again = kept.get(str(path), read_state(str(path)))
    assert again is not None
    again.close()
    now += 1
    kept.close_idle()
    assert (is_open(path), is_open(other)) == (1, 0)
    now += open_files.IDLE
    kept.close_idle()
    assert is_open(path) == 0
    kept.close_idle()


def test_a_file_that_is_dropped_while_it_is_sent_is_sent_to_its_end(path: Path) -> None:
    kept = OpenFiles()
    file = open_file(str(path))
    kept.keep(file)
    kept.drop(str(path))
    kept.drop(str(path))
    assert file.read(0, len(CONTENT)) == CONTENT
    file.close()
    assert is_open(path) == 0


def test_a_cancelled_answer_lets_go_once_and_in_a_thread_of_a_file_that_has_changed(
    adapter: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may be reading it; and to close a file that was removed may wait for the disk."""
    closed_in = []

    def close(file: OpenFile) -> None:
        closed_in.append(threading.current_thread())
        close_really(file)

    close_really = OpenFile.close
    monkeypatch.setattr(OpenFile, "close", close)
    file = open_file(str(path))
    other = file.share()
    grow(path)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await FileStream(file).close()

    anyio.run(main, backend=adapter)
    assert len(closed_in) == 1
    assert closed_in[0] is not threading.main_thread()
    assert other.read(0, len(CONTENT)) == CONTENT
    other.close()
    assert is_open(path) == 0


def test_the_same_path_is_kept_once(path: Path) -> None:
    kept = OpenFiles()
    for _ in range(2):
        file = open_file(str(path))
        kept.keep(file)
        file.close()
    assert is_open(path) == 1
    kept.drop(str(path))
    assert is_open(path) == 0


def test_files_of_a_file_system_that_may_wait_are_not_kept(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask such a descriptor whether it is current would stop the event loop."""
    monkeypatch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)
    get = serve(path.parent)
    for _ in range(2):
        assert get("/a.bin").body == CONTENT
        assert is_open(path) == 0


def test_a_descriptor_that_cannot_be_asked_is_opened_again(path: Path) -> None:
    kept = OpenFiles()
    file = open_file(str(path))
    kept.keep(file)
    other = os.open(path.parent, os.O_RDONLY)
    os.dup2(other, file.fileno())
    os.close(other)
    assert kept.get(str(path), file.state) is None
    file.close()


def test_an_application_that_nobody_has_any_more_keeps_nothing_open(
    adapter: str, path: Path
) -> None:
    app = ADAPTERS[adapter](None, path.parent, max_cache_size=0)
    assert client_of(adapter)(app)("/a.bin").status == 200
    assert is_open(path) == 1
    del app

    def is_closed() -> bool:
        gc.collect()
        return not is_open(path)

    # A worker thread that has just answered holds on to what it was called with for a moment.
    until(is_closed)


def test_where_no_thread_can_be_had_the_next_file_tries_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(open_files, "IDLE", 0.05)
    until(lambda: not sweepers())
    kept = OpenFiles()
    file = open_file(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Timer, "start", fail)
        kept.keep(file)
    assert not sweepers()
    kept.keep(file)
    file.close()
    until(lambda: not is_open(path))


def sweepers() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name == "whitenoise_async-close-idle"]


def test_a_file_in_use_stays_open_however_often_is_looked(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    close_idle = OpenFiles.close_idle

    def counted(kept: OpenFiles) -> bool:
        looks.append(close_idle(kept))
        return looks[-1]

    until(lambda: not sweepers())
    monkeypatch.setattr(open_files, "IDLE", 0.2)
    monkeypatch.setattr(OpenFiles, "close_idle", counted)
    get = serve(path.parent)
    until(lambda: get("/a.bin").body == CONTENT and looks.count(True) >= 2)


def test_one_thread_closes_what_is_idle_for_all(serve: Serve, path: Path) -> None:
    applications = [serve(path.parent) for _ in range(5)]
    for get in applications:
        assert get("/a.bin").status == 200
    assert len(sweepers()) == 1


def test_a_forked_process_has_descriptors_of_its_own(serve: Serve, path: Path, fork: Any) -> None:
    get = serve(path.parent)
    assert get("/a.bin").body == CONTENT

    def child() -> None:
        assert is_open(path) == 0
        assert get("/a.bin").body == CONTENT
        assert is_open(path) == 1

    # A worker thread that has just answered may hold the file for a moment; in the child, for ever.
    until(lambda: fork(child) == 0)
    assert get("/a.bin").body == CONTENT
    assert is_open(path) == 1
