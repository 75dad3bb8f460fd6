"""The warning about requested files that were created after startup."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from tests.helpers.registries import add
from tests.helpers.threads import wait_for_threads
from tests.helpers.waiting import until
from whitenoise_async.registry import created_later
from whitenoise_async.registry.created_later import THREAD_NAME, CreatedLater
from whitenoise_async.registry.interface import RegistryOptions, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import compile_globs

Look = Callable[[str], list[str]]
LookAt = Callable[[float, list[str]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    write(root / "assets" / "old.js", b"")
    return root


@pytest.fixture
def registry(root: Path) -> WalkedRegistry:
    registry = WalkedRegistry(RegistryOptions("index.html", compile_globs("exclude", ["*.map"])))
    add(registry, root, "app")
    return registry


@pytest.fixture
def look(
    registry: WalkedRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Look:
    """Look a URL up, and return what was logged then."""
    monkeypatch.setattr(created_later, "_INTERVAL", 0.0)
    monkeypatch.setattr(created_later, "_REST", 0)

    def look(url: str) -> list[str]:
        caplog.clear()
        assert registry.look_up_nowait(url) is None
        wait_for_threads(THREAD_NAME)
        return caplog.messages

    return look


def warning(path: Path) -> str:
    return (
        f"{path} is not served, because it was created after startup. Restart the application, or"
        " use the option autorefresh during development"
    )


def test_a_file_that_was_created_after_startup_is_named_once(root: Path, look: Look) -> None:
    url = "/app/assets/new.js"
    assert look(url) == []
    path = write(root / "assets" / "new.js", b"")
    assert look(url) == [warning(path)]
    assert look(url) == []


def test_an_index_file_that_was_created_after_startup_is_named(root: Path, look: Look) -> None:
    path = write(root / "index.html", b"")
    assert look("/app/") == [warning(path)]


@pytest.mark.parametrize(
    ("index_file", "clean_urls", "looked_for"),
    [
        (None, False, ["/app/a.js"]),
        ("index.html", False, ["/app/a.js", "/app/sub/"]),
        (None, True, ["/app/a.js", "/app/sub/", "/app/page"]),
    ],
)
def test_urls_at_which_no_file_can_be_are_not_looked_for(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    index_file: str | None,
    clean_urls: bool,
    looked_for: list[str],
) -> None:
    registry = WalkedRegistry(RegistryOptions(index_file, clean_urls=clean_urls))
    add(registry, root, "app")
    found: list[str] = []
    monkeypatch.setattr(CreatedLater, "look_for", lambda later, url: found.append(url))
    for url in ("/app/a.js", "/app/sub/", "/app/page", "/app/a.js.gz"):
        assert registry.look_up(url) is None
    assert found == looked_for


def test_a_page_that_was_created_after_startup_is_named(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = WalkedRegistry(RegistryOptions(clean_urls=True))
    add(registry, root, "app")
    path = write(root / "about.html", b"")
    assert registry.look_up("/app/about") is None
    wait_for_threads(THREAD_NAME)
    assert caplog.messages == [warning(path)]


def test_a_root_may_be_created_after_startup(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = WalkedRegistry(RegistryOptions())
    with pytest.warns(UserWarning, match="^No directory at: "):
        registry.add(make_root(tmp_path / "later", None, False))
    path = write(tmp_path / "later" / "app.js", b"")
    assert registry.look_up("/app.js") is None
    wait_for_threads(THREAD_NAME)
    assert caplog.messages == [warning(path)]


@pytest.mark.parametrize(
    "url", ["/app/assets/new.map", "/app/new.js", "/assets/new.js", "/app/assets", "/new.js"]
)
def test_other_urls_are_not_named(root: Path, look: Look, url: str) -> None:
    for name in ("new.js", "new.map"):
        write(root / "assets" / name, b"")
    assert look(url) == []


def test_listed_names_are_not_looked_for(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The names were given explicitly, so other files are not meant."""
    registry = WalkedRegistry(RegistryOptions())
    registry.add(make_root(root, None, False), ["assets/old.js"])
    write(root / "new.js", b"")
    assert registry.look_up("/new.js") is None
    wait_for_threads(THREAD_NAME)
    assert caplog.messages == []


def test_clients_cannot_make_it_look_at_the_disk_often(
    root: Path, registry: WalkedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    scandir = os.scandir

    def counted(path: Any) -> Any:
        looked.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    monkeypatch.setattr(created_later, "_INTERVAL", 3600.0)
    for number in range(1000):
        assert registry.look_up(f"/app/{number}.js") is None
    wait_for_threads(THREAD_NAME)
    assert len(looked) == 1
    monkeypatch.setattr(created_later, "monotonic", lambda: time.monotonic() + 7200.0)
    assert registry.look_up("/app/new.js") is None
    wait_for_threads(THREAD_NAME)
    assert len(looked) == 1 + created_later._MAX_URLS


def test_after_a_long_look_it_rests(
    root: Path, registry: WalkedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = [0.0], []
    scandir = os.scandir

    def slow(path: Any) -> Any:
        looks.append(now[0])
        now[0] += 2.0
        return scandir(path)

    monkeypatch.setattr(os, "scandir", slow)
    monkeypatch.setattr(created_later, "monotonic", lambda: now[0])
    for moment in (5.0, 10.0, 46.9, 47.0, 50.0):
        now[0] = moment
        assert registry.look_up(f"/app/{moment}") is None
        wait_for_threads(THREAD_NAME)
    assert looks[0] == 5.0  # until 7.0, so the next look is at 47.0
    assert min(looks[1:]) == 47.0


class HeldRegistry(LiveRegistry):
    """Records the URLs, and finds nothing, once ``released`` is set."""

    def __init__(self) -> None:
        super().__init__(RegistryOptions())
        self.urls: list[str] = []
        self.released = threading.Event()

    def find_path(self, url: str) -> None:
        self.urls.append(url)
        self.released.wait()


@pytest.fixture
def held() -> Iterator[HeldRegistry]:
    registry = HeldRegistry()
    yield registry
    registry.released.set()
    wait_for_threads(THREAD_NAME)


@pytest.fixture
def look_at(held: HeldRegistry, monkeypatch: pytest.MonkeyPatch) -> LookAt:
    """Request URLs at a time in seconds."""
    later = CreatedLater(held)

    def look_at(now: float, urls: list[str]) -> None:
        monkeypatch.setattr(created_later, "monotonic", lambda: now)
        for url in urls:
            later.look_for(url)

    return look_at


def test_it_looks_for_16_urls_every_second(held: HeldRegistry, look_at: LookAt) -> None:
    held.released.set()
    urls = [f"/{number}" for number in range(20)]
    looks = [(0.0, ["/first"], ["/first"]), (0.9, urls, []), (1.0, ["/late"], urls[:16])]
    looks += [(2.0, ["/next"], ["/next"])]
    for now, requested, expected in looks:
        look_at(now, requested)
        wait_for_threads(THREAD_NAME)
        assert held.urls == expected
        held.urls.clear()


def test_one_thread_looks_and_no_process_waits_for_it(held: HeldRegistry, look_at: LookAt) -> None:
    look_at(0.0, ["/slow"])
    until(lambda: held.urls == ["/slow"])
    look_at(1.0, ["/a"])
    look_at(9.0, ["/b"])
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("whitenoise_async_created_later") == 1
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == THREAD_NAME)
    held.released.set()
    wait_for_threads(THREAD_NAME)
    look_at(189.0, ["/c"])  # the first look took 9 seconds, so it rests for 180
    wait_for_threads(THREAD_NAME)
    assert held.urls == ["/slow", "/a", "/b", "/c"]


def test_a_disk_that_fails_is_not_reported(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)
    assert look("/app/new.js") == []


def test_a_request_is_answered_if_no_thread_can_be_started(
    held: HeldRegistry, look_at: LookAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    held.released.set()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        look_at(0.0, ["/a"])
    look_at(0.9, ["/b"])
    look_at(1.0, ["/c"])
    wait_for_threads(THREAD_NAME)
    assert held.urls == ["/b", "/c"]


def test_a_process_that_is_forked_during_a_look_looks_again(
    held: HeldRegistry, look_at: LookAt, fork: Callable[[Callable[[], object]], int]
) -> None:
    def look() -> None:
        held.released.set()
        look_at(0.5, ["/child"])
        wait_for_threads(THREAD_NAME)
        assert held.urls == ["/parent", "/child"]

    look_at(0.0, ["/parent"])
    until(lambda: held.urls == ["/parent"])
    assert fork(look) == 0
