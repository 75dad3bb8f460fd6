"""Large files are kept open: a few, for a short time, and only while they are unchanged."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import write
from tests.helpers.waiting import until
from whitenoise_async.asgi.file_stream import FileStream
from whitenoise_async.files import open_file as open_file_module
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.files.pread import supports_page_cache_reads
from whitenoise_async.files.state import read_state
from whitenoise_async.serving import descriptor_cache
from whitenoise_async.serving.descriptor_cache import DescriptorCache

CONTENT = os.urandom(100_000)


def open_descriptors(path: Path) -> int:
    """How many descriptors of this process are open on ``path``."""
    return len(descriptors_of(path))


@pytest.fixture(params=["asyncio", "trio"])
def adapter(request: pytest.FixtureRequest) -> str:
    """The adapter that keeps files open. WSGI servers get descriptors of their own."""
    name: str = request.param
    return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = write(tmp_path / "a.bin", CONTENT)
    with open(path, "rb") as file:
        if not supports_page_cache_reads(file.fileno()):
            pytest.skip("the temporary folder's file system has no page-cache reads")
    return path


@pytest.fixture
def serve(serve: Serve) -> Serve:
    """Checks each file once, and treats every file as a large one."""
    return lambda *args, **options: serve(
        *args, **{"max_cache_size": 0, "check_interval": None, **options}
    )


def test_one_descriptor_serves_many_responses(serve: Serve, path: Path) -> None:
    get = serve(path.parent)
    for _ in range(3):
        assert get("/a.bin").body == CONTENT
        assert get("/a.bin", {"Range": "bytes=5-9"}).body == CONTENT[5:10]
        assert open_descriptors(path) == 1


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
def test_a_change_is_noticed_by_the_next_request(
    serve: Serve, path: Path, change: Callable[[Path], None]
) -> None:
    get = serve(path.parent)
    assert get("/a.bin").body == CONTENT
    change(path)
    reply = get("/a.bin")
    assert reply.body == path.read_bytes() != CONTENT
    assert reply["content-length"] == str(len(reply.body))
    assert open_descriptors(path) == 1
    assert get("/a.bin", {"If-None-Match": reply["etag"]}).status == 304


def test_a_removed_file_is_closed_and_the_application_responds(serve: Serve, path: Path) -> None:
    get = serve(path.parent)
    assert get("/a.bin").status == 200
    path.unlink()
    assert get("/a.bin").status == 404
    assert open_descriptors(path) == 0


def test_a_link_with_a_new_target_is_noticed_by_the_next_check(serve: Serve, path: Path) -> None:
    """Some deployments switch a link."""
    for release in ("1", "2"):
        write(path.parent / release / "a.bin", CONTENT + release.encode())
    current = path.parent / "current"
    current.symlink_to("1")
    never, always = serve(current), serve(current, check_interval=0)
    for get in (never, always):
        assert get("/a.bin").body == CONTENT + b"1"
    current.unlink()
    current.symlink_to("2")
    assert never("/a.bin").body == CONTENT + b"1"
    assert always("/a.bin").body == CONTENT + b"2"


def test_the_least_recently_used_file_is_closed_first(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptor_cache, "MAX_OPEN", 2)
    paths = [write(path.parent / name, CONTENT) for name in ("b.bin", "c.bin")]
    get = serve(path.parent)
    for name in ("a.bin", "b.bin", "a.bin", "c.bin"):
        assert get(f"/{name}").status == 200
    assert [open_descriptors(each) for each in (path, *paths)] == [1, 0, 1]


def test_an_idle_file_is_closed(serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptor_cache, "IDLE_AFTER", 0.05)
    get = serve(path.parent)
    assert get("/a.bin").status == 200
    until(lambda: not open_descriptors(path))
    assert get("/a.bin").body == CONTENT
    until(lambda: not open_descriptors(path))


def test_a_file_that_is_used_again_is_closed_later(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    now = 100.0
    monkeypatch.setattr(descriptor_cache, "monotonic", lambda: now)
    cache = DescriptorCache()
    other = write(path.parent / "b.bin", CONTENT)
    for each in (path, other):
        file = open_file(str(each))
        cache.add(file)
        file.close()
    now += descriptor_cache.IDLE_AFTER - 1
    again = cache.get(str(path), read_state(str(path)))
    assert again is not None
    again.close()
    now += 1
    cache.close_idle()
    assert (open_descriptors(path), open_descriptors(other)) == (1, 0)
    now += descriptor_cache.IDLE_AFTER
    cache.close_idle()
    assert open_descriptors(path) == 0
    cache.close_idle()


def test_a_file_that_is_dropped_while_it_is_sent_stays_open_for_its_response(path: Path) -> None:
    cache = DescriptorCache()
    file = open_file(str(path))
    cache.add(file)
    cache.drop(str(path))
    cache.drop(str(path))
    assert file.read(0, len(CONTENT)) == CONTENT
    file.close()
    assert open_descriptors(path) == 0


def test_a_cancelled_response_closes_a_changed_file_once_and_in_a_thread(
    adapter: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other responses may read it, and closing a removed file may wait for the disk."""
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
    assert open_descriptors(path) == 0


def test_a_path_is_kept_open_once(path: Path) -> None:
    cache = DescriptorCache()
    for _ in range(2):
        file = open_file(str(path))
        cache.add(file)
        file.close()
    assert open_descriptors(path) == 1
    cache.drop(str(path))
    assert open_descriptors(path) == 0


def test_files_on_a_file_system_that_may_wait_are_not_kept(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking such a descriptor would block the event loop."""
    monkeypatch.setattr(open_file_module, "supports_page_cache_reads", lambda descriptor: False)
    get = serve(path.parent)
    for _ in range(2):
        assert get("/a.bin").body == CONTENT
        assert open_descriptors(path) == 0


def test_a_descriptor_that_has_another_state_is_not_used(path: Path) -> None:
    cache = DescriptorCache()
    file = open_file(str(path))
    cache.add(file)
    other = os.open(path.parent, os.O_RDONLY)
    os.dup2(other, file.fileno())
    os.close(other)
    assert cache.get(str(path), file.state) is None
    file.close()


def test_a_descriptor_is_not_used_if_the_path_leads_to_another_file(path: Path) -> None:
    """The path may contain a link that has a new target."""
    cache = DescriptorCache()
    other = write(path.parent / "b.bin", CONTENT)
    with closing(open_file(str(path))) as file:
        cache.add(file)
        assert cache.get(str(path), read_state(str(other))) is None
        again = cache.get(str(path), file.state)
        assert again is file
        again.close()


def test_the_files_of_a_deleted_application_are_closed(adapter: str, path: Path) -> None:
    app = ADAPTERS[adapter](None, path.parent, max_cache_size=0)
    assert client_of(adapter)(app)("/a.bin").status == 200
    assert open_descriptors(path) == 1
    del app

    def is_closed() -> bool:
        gc.collect()
        return not open_descriptors(path)

    # A worker thread may keep its last arguments for a moment.
    until(is_closed)


def test_if_no_thread_can_be_started_the_next_file_tries_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(descriptor_cache, "IDLE_AFTER", 0.05)
    until(lambda: not sweeper_threads())
    cache = DescriptorCache()
    file = open_file(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Timer, "start", fail)
        cache.add(file)
    assert not sweeper_threads()
    cache.add(file)
    file.close()
    until(lambda: not open_descriptors(path))
    until(lambda: not sweeper_threads())


def test_all_files_can_be_closed_while_the_timer_starts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_starting = threading.Event()
    start, run = threading.Timer.start, threading.Timer.run

    def start_slowly(timer: threading.Timer) -> None:
        is_starting.set()
        time.sleep(0.1)
        start(timer)

    def end_slowly(timer: threading.Timer) -> None:
        run(timer)
        time.sleep(0.1)

    until(lambda: not sweeper_threads())
    cache = DescriptorCache()
    file = open_file(str(path))
    adding = threading.Thread(target=cache.add, args=[file])
    with monkeypatch.context() as patch:
        patch.setattr(threading.Timer, "start", start_slowly)
        patch.setattr(threading.Timer, "run", end_slowly)
        adding.start()
        assert is_starting.wait(60)
        descriptor_cache.close_all()
        adding.join()
    file.close()
    assert open_descriptors(path) == 0
    assert not sweeper_threads()


def sweeper_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name == "whitenoise_async-close-idle"]


def test_a_file_in_use_stays_open_at_every_check(
    serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[bool] = []
    close_idle = DescriptorCache.close_idle

    def counted(cache: DescriptorCache) -> bool:
        checks.append(close_idle(cache))
        return checks[-1]

    until(lambda: not sweeper_threads())
    monkeypatch.setattr(descriptor_cache, "IDLE_AFTER", 0.2)
    monkeypatch.setattr(DescriptorCache, "close_idle", counted)
    get = serve(path.parent)
    until(lambda: get("/a.bin").body == CONTENT and checks.count(True) >= 2)


def test_one_thread_closes_the_idle_files_of_all_applications(serve: Serve, path: Path) -> None:
    applications = [serve(path.parent) for _ in range(5)]
    for get in applications:
        assert get("/a.bin").status == 200
    assert len(sweeper_threads()) == 1


def test_a_forked_process_has_descriptors_of_its_own(serve: Serve, path: Path, fork: Any) -> None:
    get = serve(path.parent)
    assert get("/a.bin").body == CONTENT

    def child() -> None:
        assert open_descriptors(path) == 0
        assert get("/a.bin").body == CONTENT
        assert open_descriptors(path) == 1

    # A worker thread may hold the file for a moment: in the child, permanently.
    until(lambda: fork(child) == 0)
    assert get("/a.bin").body == CONTENT
    assert open_descriptors(path) == 1


def test_its_length_is_the_number_of_files_and_clear_closes_them(path: Path) -> None:
    cache = DescriptorCache()
    file = open_file(str(path))
    cache.add(file)
    file.close()
    assert (len(cache), open_descriptors(path)) == (1, 1)
    cache.clear()
    assert (len(cache), open_descriptors(path)) == (0, 0)


def test_a_cache_is_empty_after_a_fork(path: Path, fork: Any) -> None:
    cache = DescriptorCache()

    def add() -> None:
        with closing(open_file(str(path))) as file:
            cache.add(file)

    def child() -> None:
        assert (len(cache), open_descriptors(path)) == (0, 0)
        add()
        assert (len(cache), open_descriptors(path)) == (1, 1)
        assert len(sweeper_threads()) == 1

    add()
    assert fork(child) == 0
    assert (len(cache), open_descriptors(path)) == (1, 1)
    cache.reset_after_fork()
    assert (len(cache), open_descriptors(path)) == (0, 0)


def test_64_files_are_kept_open(path: Path) -> None:
    cache = DescriptorCache()
    for number in range(65):
        with closing(open_file(str(write(path.parent / str(number), b"")))) as file:
            cache.add(file)
    assert len(cache) == 64
    assert [open_descriptors(path.parent / name) for name in ("0", "1", "64")] == [0, 1, 1]


def test_idle_files_are_closed_every_10_seconds_by_a_thread_that_no_process_waits_for(
    path: Path,
) -> None:
    assert descriptor_cache.IDLE_AFTER == 10
    with closing(open_file(str(path))) as file:
        DescriptorCache().add(file)
    (thread,) = [each for each in threading.enumerate() if each.name in sweeper_threads()]
    assert thread.daemon
