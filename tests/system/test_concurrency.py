"""Many threads send requests while roots are added, as under gthread."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.files import write

pytestmark = pytest.mark.slow

ROUNDS = 15
THREADS = 6


@pytest.fixture(autouse=True)
def _threads_change_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


class Asking:
    """Threads that send requests until the block ends; ``wrong`` collects their wrong results."""

    def __init__(self, ask: Any) -> None:
        self.wrong: list[object] = []
        self._rounds = 0
        self._ask = ask
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(THREADS)]

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                wrong = self._ask()
            except BaseException as error:
                wrong = error
            if wrong is not None:
                self.wrong.append(wrong)
                return
            self._rounds += 1

    def go_on(self) -> None:
        """Wait until the threads have sent some more requests."""
        enough = self._rounds + 2
        while self._rounds < enough and not self.wrong:
            time.sleep(0.001)

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("autorefresh", [False, True])
def test_requests_are_answered_while_roots_are_added(
    adapter: str, tmp_path: Path, autorefresh: bool
) -> None:
    """Each response comes from one root: listed files stay listed, and a later root wins."""
    first = tmp_path / "0"
    for name in ("a.txt", "b.txt", "only.txt"):
        write(first / name, b"0")
    options: Any = {"autorefresh": autorefresh, "check_interval": 0}
    app = ADAPTERS[adapter](None, first, **options)
    get = client_of(adapter)(app)
    latest = 0

    def ask() -> object:
        before = latest
        replies = [get(f"/{name}.txt") for name in ("a", "b", "only")]
        if [reply.status for reply in replies] != [200, 200, 200]:
            return replies
        # Files listed before the request are found.
        numbers = [int(reply.body) for reply in replies]
        in_order = before <= numbers[0] <= numbers[1]
        return None if in_order and numbers[2] == 0 else (before, numbers)

    with Asking(ask) as asking:
        for number in range(1, ROUNDS):
            for name in ("a.txt", "b.txt"):
                write(tmp_path / f"{number}" / name, str(number).encode())
            app.add_files(tmp_path / f"{number}")
            latest = number
            asking.go_on()
    assert asking.wrong == []
    assert get("/b.txt").body == str(ROUNDS - 1).encode()


def test_roots_that_threads_add_at_once_are_all_there(adapter: str, tmp_path: Path) -> None:
    app = ADAPTERS[adapter](None)
    roots = [write(tmp_path / f"{n}" / f"{n}.txt", b"").parent for n in range(THREADS * 5)]
    together = threading.Barrier(THREADS)

    def add(mine: list[Path]) -> None:
        together.wait()
        for root in mine:
            app.add_files(root)

    threads = [threading.Thread(target=add, args=[roots[n::THREADS]]) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    get = client_of(adapter)(app)
    assert all(get(f"/{root.name}.txt").status == 200 for root in roots)


def test_files_that_are_replaced_and_pushed_out_of_memory_are_never_mixed(
    adapter: str, tmp_path: Path
) -> None:
    """The cache holds three of the six files, and each is replaced again and again."""
    size = 10_000

    def put(name: str, letter: str) -> None:
        write(tmp_path / f"new-{name}", letter.encode() * size).replace(tmp_path / name)

    names = [f"{number}.txt" for number in range(6)]
    for name in names:
        put(name, "a")
    app = ADAPTERS[adapter](None, tmp_path, check_interval=0, max_cache_size=3 * size)
    get = client_of(adapter)(app)

    def ask() -> object:
        for name in names:
            reply = get(f"/{name}")
            whole = len(set(reply.body)) == 1 and len(reply.body) == size
            if reply.status != 200 or not whole or reply["content-length"] != str(size):
                return reply
        return None

    with Asking(ask) as asking:
        for letter in "bcdefghij":
            for name in names:
                put(name, letter)
            asking.go_on()
    assert asking.wrong == []
    assert all(get(f"/{name}").body == b"j" * size for name in names)
    memory = app.responder.content_cache
    assert memory.size == sum(memory._sizes.values()) <= 3 * size
