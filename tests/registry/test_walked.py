"""The registry that lists every root once: by a walk, or from names."""

from __future__ import annotations

import errno
import logging
import os
import re
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from tests.helpers.registries import add, describe, path_of
from tests.helpers.waiting import until
from whitenoise_async.registry.entries import Redirect, StaticFile
from whitenoise_async.registry.interface import Registry, RegistryOptions, Root, make_root
from whitenoise_async.registry.listing import Place
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import Globs

Fork = Callable[[Callable[[], object]], int]


def test_directories_that_all_link_to_each_other_are_listed_a_bounded_number_of_times(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = "abcdef"
    for name in names:
        write(tmp_path / name / "file.txt", b"")
        for other in names.replace(name, ""):
            (tmp_path / name / other).symlink_to(tmp_path / other)
    registry = WalkedRegistry(RegistryOptions())
    add(registry, tmp_path, links=True)
    for name in names:
        assert registry.look_up(f"/{name}/file.txt") is not None
    links = len(names) - 1
    assert len(registry.urls()) <= len(names) * (1 + links + 64)
    (message,) = caplog.messages
    assert "more than 64 links below links lead to its target" in message


def test_up_to_64_links_below_links_to_each_directory_are_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for target, count in (("one", 70), ("two", 64)):
        write(tmp_path / target / "sub" / "a.txt", b"")
        for number in range(count):
            link = tmp_path / "elsewhere" / "sub" / f"{target}-{number}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(tmp_path / target)
    root = write(tmp_path / "root" / "b.txt", b"").parent
    (root / "outer").symlink_to(tmp_path / "elsewhere")
    registry = WalkedRegistry(RegistryOptions())
    add(registry, root, links=True)
    below_link = "/outer/sub"
    every = {f"{below_link}/one-{number}" for number in range(70)}
    every |= {f"{below_link}/two-{number}" for number in range(64)}
    left_out = every - {url.removesuffix("/sub/a.txt") for url in registry.urls()}
    assert len(left_out) == 6
    assert len(registry.urls()) == 1 + 64 + 64
    assert all("one" in url for url in left_out)
    heading, *reasons = re.split(": |; ", caplog.messages[0])
    assert heading == f"Below {root}, 6 not served"
    assert set(reasons[::2]) == {f"{root}{url}" for url in left_out}
    assert set(reasons[1::2]) == {"more than 64 links below links lead to its target"}


def test_any_number_of_links_to_one_directory_are_followed(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = write(tmp_path / "shared" / "sub" / "a.txt", b"").parent.parent
    links = [tmp_path / "root" / f"{number}" / "link" for number in range(100)]
    for link in links:
        link.parent.mkdir(parents=True)
        link.symlink_to(shared)
    add(registry, tmp_path / "root", links=True)
    for number, link in enumerate(links):
        url = f"/{number}/link/sub/a.txt"
        assert path_of(registry.look_up(url)) == str(link / "sub" / "a.txt"), url
    assert not caplog.messages


SCARCE = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE]


@pytest.mark.parametrize("code", SCARCE)
def test_a_folder_that_cannot_be_listed_is_skipped(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    write(tmp_path / "sub" / "a.txt", b"a")
    write(tmp_path / "b.txt", b"b")
    scandir = os.scandir

    def fail(path: Any) -> Any:
        if str(path).endswith("sub"):
            raise OSError(code, os.strerror(code))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    registry = WalkedRegistry(RegistryOptions())
    add(registry, tmp_path)
    assert registry.look_up("/b.txt") is not None
    assert registry.look_up("/sub/a.txt") is None
    (message,) = caplog.messages
    assert f"{tmp_path}/sub: {os.strerror(code)}" in message


def test_a_walk_stats_no_plain_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system each stat is a round trip."""
    for number in range(20):
        write(tmp_path / f"d{number}" / "a.css", b"a", compressed=True)
    root = make_root(tmp_path, None, True)
    called: list[object] = []

    def counted(real: Any) -> Any:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            called.append(path)
            return real(path, *args, **kwargs)

        return call

    for name in ("stat", "lstat", "open", "access"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    registry = WalkedRegistry(RegistryOptions())
    registry.add(root)
    assert registry.look_up("/d7/a.css") is not None
    assert called in ([str(tmp_path)], [])  # os.path.isdir of the root; newer Pythons ask in C


def test_other_threads_see_all_of_a_root_or_nothing(tmp_path: Path) -> None:
    for number in range(50):
        write(tmp_path / f"{number}.txt", b"")
    registry = WalkedRegistry(RegistryOptions())
    torn = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            first = registry.look_up("/0.txt") is not None
            last = all(registry.look_up(f"/{number}.txt") for number in range(50))
            if first and not last:
                torn.append(True)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        add(registry, tmp_path)
    stop.set()
    for thread in threads:
        thread.join()
    assert registry.look_up("/49.txt") is not None
    assert not torn


def test_two_concurrent_first_look_ups_find_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", b"a")
    registry = WalkedRegistry(RegistryOptions())
    add(registry, tmp_path)
    is_second_running = threading.Event()
    found: list[object] = []
    make_file = Place.file

    def make_slowly(place: Place, url: str) -> StaticFile:
        second.start()
        is_second_running.wait(60)
        time.sleep(0.1)  # until it waits for the first
        return make_file(place, url)

    def look_up() -> None:
        is_second_running.set()
        found.append(registry.look_up("/a.txt"))

    second = threading.Thread(target=look_up)
    with monkeypatch.context() as patch:
        patch.setattr(Place, "file", make_slowly)
        first = registry.look_up("/a.txt")
        second.join()
    assert isinstance(first, StaticFile)
    assert found == [first]
    assert registry.look_up("/a.txt") is registry.look_up_nowait("/a.txt") is first


def root_of(path: Path) -> Root:
    return Root(str(path), "/static/", True)


def look_up(registry: WalkedRegistry, *urls: str) -> list[object]:
    return [registry.look_up(url) for url in urls]


def test_nothing_is_found_before_a_root_is_added() -> None:
    assert look_up(WalkedRegistry(RegistryOptions()), "/a.css", "/a.css.gz") == [None, None]
    assert WalkedRegistry(RegistryOptions()).files() == {}


def test_only_named_files_and_their_variants_are_listed(tmp_path: Path) -> None:
    (tmp_path / "unnamed.css").touch()
    registry = WalkedRegistry(RegistryOptions())
    registry.add(root_of(tmp_path), ["a.css", "a.css.gz", "js/x/b.js", "js/c.gz"])
    a, b, c = look_up(registry, "/static/a.css", "/static/js/x/b.js", "/static/js/c.gz")
    assert isinstance(a, StaticFile) and isinstance(b, StaticFile) and isinstance(c, StaticFile)
    assert (a.path, a.suffixes) == (str(tmp_path / "a.css"), (".gz",))
    assert (b.path, b.suffixes) == (os.path.join(tmp_path, "js", "x", "b.js"), ())
    variant, unnamed = look_up(registry, "/static/a.css.gz", "/static/unnamed.css")
    assert isinstance(variant, StaticFile)
    assert (variant.path, variant.is_variant) == (str(tmp_path / "a.css.gz"), True)
    assert unnamed is None
    assert sorted(registry.urls()) == ["/static/a.css", "/static/js/c.gz", "/static/js/x/b.js"]
    again = look_up(registry, "/static/a.css", "/static/js/x/b.js", "/static/js/c.gz")
    assert again == [a, b, c]


def test_a_variant_may_have_variants(tmp_path: Path) -> None:
    registry = WalkedRegistry(RegistryOptions())
    registry.add(root_of(tmp_path), ["a.css", "a.css.gz", "a.css.gz.br", "a.css.br"])
    a, gzip, both = look_up(registry, *(f"/static/a.css{end}" for end in ("", ".gz", ".gz.br")))
    path = str(tmp_path / "a.css")
    assert isinstance(a, StaticFile) and isinstance(gzip, StaticFile)
    assert (a.path, a.suffixes, a.is_variant) == (path, (".gz", ".br"), False)
    assert (gzip.path, gzip.suffixes, gzip.is_variant) == (f"{path}.gz", (".br",), True)
    assert isinstance(both, StaticFile)
    assert (both.path, both.suffixes, both.is_variant) == (f"{path}.gz.br", (), True)


@pytest.mark.parametrize("is_walked", [False, True])
def test_excluded_names_and_folders_are_not_listed(tmp_path: Path, is_walked: bool) -> None:
    registry = WalkedRegistry(RegistryOptions(None, Globs(["*.map", "drafts/"])))
    names = ["a.map", "a.map.gz", "b.css", "x/drafts/c.css", "drafts"]
    for name in names:
        write(tmp_path / name, b"")
    registry.add(root_of(tmp_path), None if is_walked else names)
    assert sorted(registry.files()) == [str(tmp_path / "b.css"), str(tmp_path / "drafts")]


def test_a_named_index_file_is_served_at_the_url_of_its_folder(tmp_path: Path) -> None:
    registry = WalkedRegistry(RegistryOptions("index.html"))
    registry.add(root_of(tmp_path), ["docs/index.html"])
    assert isinstance(registry.look_up("/static/docs/"), StaticFile)
    assert isinstance(registry.look_up("/static/docs"), Redirect)
    assert registry.files() == {str(tmp_path / "docs" / "index.html"): ()}


def test_names_below_a_missing_directory_are_not_listed(tmp_path: Path) -> None:
    registry = WalkedRegistry(RegistryOptions())
    registry.add(root_of(tmp_path / "none"), ["a.css"])
    assert not registry.files()


def test_a_warning_names_the_sensitive_files_among_the_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    WalkedRegistry(RegistryOptions()).add(
        root_of(tmp_path), ["a.css", ".env", "sub/.env", "sub/a.css"]
    )
    assert caplog.messages == [
        f"Files below {tmp_path} are served, perhaps by mistake: .env; sub/.env."
        " To leave them out, add to exclude (--exclude for a command): '.env*'"
    ]


def test_a_forked_process_can_look_up_while_a_thread_of_the_parent_holds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fork: Fork
) -> None:
    write(tmp_path / "a.txt", b"a")
    registry = WalkedRegistry(RegistryOptions())
    add(registry, tmp_path)
    is_held, is_released = threading.Event(), threading.Event()
    make_file = Place.file

    def look_up_in_child() -> None:
        patch.undo()
        assert isinstance(registry.look_up("/a.txt"), StaticFile)

    def make_slowly(place: Place, url: str) -> StaticFile:
        is_held.set()
        is_released.wait(60)
        return make_file(place, url)

    holder = threading.Thread(target=registry.look_up, args=["/a.txt"])
    with monkeypatch.context() as patch:
        patch.setattr(Place, "file", make_slowly)
        holder.start()
        until(is_held.is_set)
        status = fork(look_up_in_child)
        is_released.set()
        holder.join()
    assert status == 0


def test_the_log_counts_the_urls_of_a_root(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.css", b"")
    with caplog.at_level(logging.INFO, "whitenoise_async"):
        WalkedRegistry(RegistryOptions()).add(root_of(tmp_path))
    assert caplog.messages == [f"Listed {tmp_path}: 1 URLs, all below /static/"]


def test_a_later_root_wins_and_the_files_of_the_earlier_one_stay(tmp_path: Path) -> None:
    registry = WalkedRegistry(RegistryOptions())
    for root, names in [("one", ["a.css", "b.css", "b.css.gz"]), ("two", ["a.css"])]:
        for name in names:
            write(tmp_path / root / name, b"")
        registry.add(root_of(tmp_path / root))
    registry.reset_after_fork()
    a, b = look_up(registry, "/static/a.css", "/static/b.css")
    assert isinstance(a, StaticFile) and isinstance(b, StaticFile)
    assert (a.path, b.path) == (str(tmp_path / "two/a.css"), str(tmp_path / "one/b.css"))
    assert registry.files() == {a.path: (), b.path: (".gz",)}
    assert look_up(registry, "/static/a.css", "/static/a.css.gz") == [a, None]
    variant = registry.look_up("/static/b.css.gz")
    assert describe(variant) == (f"{b.path}.gz", "/static/b.css.gz", (), True)


def test_names_of_variants_belong_to_their_originals_in_any_order(tmp_path: Path) -> None:
    registry = WalkedRegistry(RegistryOptions())
    delta = f".{'0' * 16}.dcz"
    names = ["d/a.css.br", "b.css", "d/a.css", "d/a.css.gz", "d/a.css", f"b.css{delta}", "d/.gz"]
    registry.add(root_of(tmp_path), [*names, "c.css.gz"])
    assert registry.files() == {
        str(tmp_path / "d/a.css"): (".gz", ".br"),
        str(tmp_path / "b.css"): (delta,),
        str(tmp_path / "d/.gz"): (),
        str(tmp_path / "c.css.gz"): (),
    }


def test_names_of_variants_take_no_memory_of_their_own(tmp_path: Path) -> None:
    names = [f"{number // 100}/file-{number:07}.css" for number in range(5000)]
    given = (name + suffix for name in names for suffix in ("", ".gz", ".br", ".zst"))
    registry = WalkedRegistry(RegistryOptions())
    tracemalloc.start()
    registry.add(root_of(tmp_path), given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * len(names)


def test_urls_that_lead_to_nothing_take_no_memory(tmp_path: Path) -> None:
    """Clients choose them."""
    registry = WalkedRegistry(RegistryOptions())
    registry.add(root_of(tmp_path))
    tracemalloc.start()
    for number in range(1000):
        assert registry.look_up(f"/static/{number}.css.gz") is None
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000
