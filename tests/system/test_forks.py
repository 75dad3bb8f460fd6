"""A process that is forked after an application was made can use it."""

from __future__ import annotations

import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.files import write
from whitenoise_async.asgi.file_stream import _active_streams
from whitenoise_async.serving.content_cache import Content, ContentCache
from whitenoise_async.serving.descriptor_cache import DescriptorCache, _sweeper
from whitenoise_async.support import after_fork as forks
from whitenoise_async.support.after_fork import register_after_fork

Fork = Callable[[Callable[[], object]], int]


def held_elsewhere(stack: ExitStack, *locks: Any) -> None:
    """Let another thread hold the locks until the stack ends."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as holding:
            for lock in locks:
                holding.enter_context(lock)
            taken.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    stack.callback(thread.join)
    stack.callback(done.set)
    taken.wait()


def test_locks_that_a_thread_held_do_not_stop_the_child(
    adapter: str, tmp_path: Path, fork: Fork
) -> None:
    """A fork during other threads' requests leaves locks held."""
    write(tmp_path / "asked.txt", b"asked")
    write(tmp_path / "new.txt", b"new")
    write(tmp_path / "large.bin", bytes(2_000_000))
    app = ADAPTERS[adapter](None, tmp_path, check_interval=0)
    get = client_of(adapter)(app)
    assert get("/asked.txt").body == b"asked"
    registry: Any = app.registry
    served = app.responder._served[registry.look_up("/asked.txt")]
    responder = app.responder
    with ExitStack() as stack:
        held_elsewhere(
            stack,
            *(registry._lock, served.lock),
            *(responder.content_cache._lock, responder.response_cache._lock),
            *(responder.descriptor_cache._lock, _sweeper._lock, _active_streams._lock),
        )

        def child() -> None:
            for _ in range(2):
                assert get("/asked.txt").body == b"asked"
                assert get("/new.txt").body == b"new"
                assert get("/large.bin", {"Range": "bytes=1-3"}).body == bytes(3)
            write(tmp_path / "more" / "more.txt", b"more")
            app.add_files(tmp_path / "more")
            assert get("/more.txt").body == b"more"

        assert fork(child) == 0
    assert get("/new.txt").body == b"new"


def test_after_a_reset_the_application_responds_as_before(adapter: str, tmp_path: Path) -> None:
    """In this process, as after a fork in another."""
    write(tmp_path / "asked.txt", b"asked")
    write(tmp_path / "new.txt", b"new")
    app = ADAPTERS[adapter](None, tmp_path)
    get = client_of(adapter)(app)
    assert get("/asked.txt").body == b"asked"
    registry: Any = app.registry
    served = app.responder._served[registry.look_up("/asked.txt")]
    locks = [registry._lock, served.lock]
    forks.reset_registered()
    assert not {*locks} & {registry._lock, served.lock}
    for name in ("asked", "new"):
        assert get(f"/{name}.txt").body == name.encode()


def test_the_size_of_the_content_cache_is_counted_again_after_a_fork(fork: Fork) -> None:
    memory = ContentCache(10)
    memory.add(Content(), b"12345")
    memory._size = 10  # as in the middle of `keep`
    register_after_fork(memory)

    def child() -> None:
        content = Content()
        memory.add(content, b"67890")
        assert content.data is not None
        assert len(memory) == 2

    assert fork(child) == 0
    assert memory._size == 10


def test_an_object_is_not_kept_alive_for_forks() -> None:
    files = DescriptorCache()
    gone = weakref.ref(files)
    del files
    assert gone() is None


def test_without_fork_nothing_is_registered() -> None:
    """Windows."""
    script = """
import os
del os.register_at_fork
import whitenoise_async
print(whitenoise_async.WhiteNoise(None))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "WhiteNoise object" in done.stdout


@pytest.mark.parametrize("options", [{}, {"autorefresh": True}])
def test_parent_and_child_go_on_apart(
    adapter: str, tmp_path: Path, fork: Fork, options: Any
) -> None:
    write(tmp_path / "a.txt", b"a")
    get = client_of(adapter)(ADAPTERS[adapter](None, tmp_path, **options))

    def child() -> None:
        for _ in range(3):
            assert get("/a.txt").body == b"a"

    assert fork(child) == 0  # before the parent has served any request
    assert get("/a.txt").body == b"a"
    assert fork(child) == 0
