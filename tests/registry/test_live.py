"""The registry of ``autorefresh``, which must find what a walk lists."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.clients import Serve
from tests.helpers.examples import some
from tests.helpers.files import write
from tests.helpers.registries import KINDS, add, describe, path_of
from tests.helpers.slow import in_turns
from whitenoise_async.registry.entries import Entry, StaticFile, Unresolved
from whitenoise_async.registry.interface import Registry, RegistryOptions, Root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import Globs


@pytest.mark.parametrize(
    "url",
    [
        "/..", "/../secret", "/a/../../secret", "/a//b.txt", "//b.txt", "/a/./b.txt", "/./a/b.txt",
        "/a/b.txt/", "/a/b.txt/..", "/a/b.txt\0", "/a\\b.txt", "a/b.txt", "/A/B.TXT", "/a/b.txt ",
        "/a/b.txt::$DATA", "/" + "x" * 100_000, "/" + "a/" * 10_000, "/\udce9", "/a/b%2etxt",
        "/／a/b.txt", "/a∕b.txt", "/a/․./secret", "",
    ],
)  # fmt: skip
def test_no_other_spelling_of_a_path_finds_a_file(
    registry: Registry, tmp_path: Path, url: str
) -> None:
    write(tmp_path / "secret", b"")
    write(tmp_path / "root" / "a" / "b.txt", b"")
    add(registry, tmp_path / "root")
    assert registry.look_up("/a/b.txt") is not None
    assert registry.look_up(url) is None


def test_a_url_outside_the_prefix_finds_nothing_and_reads_no_folder(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root on a disk that hangs delays only its own URLs."""
    write(tmp_path / "a.txt", b"")
    add(registry, tmp_path, "static")
    assert path_of(registry.look_up("/static/a.txt")) == str(tmp_path / "a.txt")
    assert registry.look_up("/static") is None

    def fail(path: Any) -> None:
        raise AssertionError("no folder of this root is needed")

    monkeypatch.setattr(os, "scandir", fail)
    for url in ("/a.txt", "/public/a.txt", "/static-a.txt", "/public/docs"):
        assert registry.look_up(url) is None, url


def test_an_entry_that_is_skipped_in_the_folder_of_an_index_file_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "docs" / "index.html", b"index")
    (tmp_path / "docs" / "dangling").symlink_to("nowhere")
    registry = LiveRegistry(RegistryOptions("index.html"))
    add(registry, tmp_path)
    assert path_of(registry.look_up("/docs")) == str(tmp_path / "docs" / "index.html")
    assert caplog.messages == [f"{tmp_path}/docs/dangling is not served: it is a dangling link"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", ["", "/static"])
@pytest.mark.parametrize("folder", ["", "/docs", "/docs/guide"])
def test_an_index_file_is_found_at_the_urls_of_its_folder(
    tmp_path: Path, kind: Callable[[RegistryOptions], Registry], prefix: str, folder: str
) -> None:
    path = write(tmp_path / folder[1:] / "index.html", b"index", compressed=True)
    registry = kind(RegistryOptions("index.html"))
    add(registry, tmp_path, prefix)
    url = f"{prefix}{folder}/"
    file = (str(path), url, (".gz",), False)
    assert describe(registry.look_up(url)) == file
    assert describe(registry.look_up(url[:-1])) == (None, file)
    assert describe(registry.look_up(f"{url}index.html")) == ("./", file)
    variant = (f"{path}.gz", f"{url}index.html.gz", (), True)
    assert describe(registry.look_up(f"{url}index.html.gz")) == variant
    assert registry.look_up(f"{url}.gz") is None


@pytest.mark.parametrize("kind", KINDS)
def test_excluded_files_and_folders_are_not_found(
    tmp_path: Path, kind: Callable[..., Registry]
) -> None:
    for name in ("a.css", "a.css.map", "drafts/b.css", "docs/drafts/c.css"):
        write(tmp_path / name, b"", compressed=True)
    registry = kind(RegistryOptions(None, Globs(["*.map", "drafts/"])))
    add(registry, tmp_path)
    assert path_of(registry.look_up("/a.css")) == str(tmp_path / "a.css")
    for url in ("/a.css.map", "/a.css.map.gz", "/drafts/b.css", "/docs/drafts/c.css"):
        assert registry.look_up(url) is None, url


def test_the_path_of_a_file_is_found_in_the_latest_root_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    old = write(one / "two" / ".env", b"")
    index = write(one / "two" / "index.html", b"")
    new = write(two / ".env", b"")
    (one / "dangling").symlink_to("nowhere")
    registry = LiveRegistry(RegistryOptions("index.html"))
    add(registry, one)
    assert registry.find_path("/two/.env") == str(old)
    add(registry, two, "two")
    assert registry.find_path("/two/.env") == str(new)
    assert registry.find_path("/two/") == str(index)
    for url in ("/two", "/none", "/none/a", "/dangling", "two/.env"):
        assert registry.find_path(url) is None, url
    assert caplog.messages == []


names = st.sampled_from(
    [
        *["a", "b", "a.gz", "a.br", "a.gz.br", ".gz", "index.html", "index.html.gz", "c.txt", "ü"],
        *["a.html", "a.html.gz", "a.gz.html", ".html", "b:.html"],
    ]
)


trees = st.recursive(
    st.just("file"),
    lambda children: st.dictionaries(names, children | st.just("link"), max_size=4),
    max_leaves=8,
)


def grow(path: Path, tree: Any, everything: list[Path]) -> None:
    if tree == "file":
        path.write_bytes(b"")
    elif tree == "link":
        path.symlink_to(everything[len(everything) // 2])
    else:
        path.mkdir()
        everything.append(path)
        for name, child in tree.items():
            grow(path / name, child, everything)


def every_url(tree: Any, url: str) -> set[str]:
    urls = {url, url + ".gz", url + "/", url + "/.gz", url + "/a/b", url + "/index.html"}
    if isinstance(tree, dict):
        for name, child in tree.items():
            urls |= every_url(child, f"{url}/{name}")
    return urls


@in_turns(4)
@settings(max_examples=some(25), deadline=None)
@given(
    forest=st.lists(st.tuples(trees, st.sampled_from(["", "a", "a/b"])), min_size=1, max_size=3),
    index=st.sampled_from([None, "index.html", "a"]),
    clean_urls=st.booleans(),
    links=st.booleans(),
    is_looked_up=st.booleans(),
)
def test_autorefresh_finds_what_a_walk_lists(
    tmp_path_factory: pytest.TempPathFactory,
    turn: int,
    forest: Any,
    index: str | None,
    clean_urls: bool,
    links: bool,
    is_looked_up: bool,
) -> None:
    base = tmp_path_factory.mktemp("forest")
    walked = WalkedRegistry(RegistryOptions(index, clean_urls=clean_urls))
    live = LiveRegistry(RegistryOptions(index, clean_urls=clean_urls))
    urls = set()
    for number, (tree, prefix) in enumerate(forest):
        tree = tree if isinstance(tree, dict) else {"a": tree}
        root = base / str(number)
        grow(root, tree, [root])
        add(walked, root, prefix, links)
        add(live, root, prefix, links)
        urls |= every_url(tree, f"/{prefix}".rstrip("/"))
        for url in urls if is_looked_up else ():  # before the next root is added
            walked.look_up(url)
    for url in urls | set(walked.urls()):
        assert describe(walked.look_up(url)) == describe(live.look_up(url)), url
    shutil.rmtree(base)


def test_memory_that_runs_out_during_a_look_up_is_a_503(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.txt", b"a")
    get = serve(tmp_path, autorefresh=True)

    def fail(registry: LiveRegistry, url: str) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(LiveRegistry, "look_up", fail)
        assert get("/a.txt").status == 503
    assert caplog.messages == ["A folder cannot be read now: Cannot allocate memory"]
    assert get("/a.txt").body == b"a"


SCARCE = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE]


@pytest.mark.parametrize("code", SCARCE)
@pytest.mark.parametrize("folder", ["", "sub"])
def test_a_folder_that_cannot_be_listed_now_is_a_503(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
    folder: str,
) -> None:
    """The application would respond with 404, which caches may keep."""
    write(tmp_path / "sub" / "a.txt", b"a")
    get = serve(tmp_path, autorefresh=True)
    failing, scandir = str(tmp_path / folder), os.scandir

    def fail(path: Any) -> Any:
        if str(path) == failing.rstrip("/"):
            raise OSError(code, os.strerror(code))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        for _ in range(2):
            reply = get("/sub/a.txt")
            assert (reply.status, reply["retry-after"]) == (503, "1")
            assert reply["cache-control"] == "no-store"
    assert caplog.messages == [f"{failing.rstrip('/')} cannot be read now: {os.strerror(code)}"]
    assert get("/sub/a.txt").body == b"a"


def test_a_removed_folder_is_a_404_without_a_warning(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "root" / "a.txt", b"a")
    get = serve(tmp_path / "root", autorefresh=True)
    shutil.rmtree(tmp_path / "root")
    assert get("/a.txt").status == 404
    assert not caplog.messages


@pytest.mark.parametrize("swapped", ["folder", "deep"])
@pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "gzip"}, {"Range": "bytes=0-3"}])
def test_a_folder_that_a_link_replaces_after_the_look_up_is_not_followed(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: str, fields: Any
) -> None:
    """No change of names between the check and the opening leads to another file."""
    secret = write(tmp_path / "secret" / "deep" / "a.txt", b"secret" * 100, compressed=True)
    write(tmp_path / "root" / "folder" / "deep" / "a.txt", b"public" * 100, compressed=True)
    get = serve(tmp_path / "root", autorefresh=True)
    folder = tmp_path / "root" / "folder" / ("deep" if swapped == "deep" else "")
    target = secret.parent if swapped == "deep" else secret.parent.parent
    look_up = LiveRegistry.look_up

    def look_up_and_swap(registry: LiveRegistry, url: str) -> Entry | None:
        found = look_up(registry, url)
        folder.rename(tmp_path / "moved")
        folder.symlink_to(target)
        return found

    monkeypatch.setattr(LiveRegistry, "look_up", look_up_and_swap)
    get = serve(tmp_path / "root", autorefresh=True)
    assert get("/folder/deep/a.txt", fields).status == 404


def test_autorefresh_works_without_calls_that_open_relative_to_a_folder(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows lacks these calls."""
    monkeypatch.setattr(os, "supports_dir_fd", set())
    assert serve(site, autorefresh=True)("/docs/index.html").status == 200


@pytest.mark.parametrize("links", [False, True])
def test_links_to_folders_are_followed_when_a_file_is_opened_if_the_root_says_so(
    tmp_path: Path, links: bool
) -> None:
    write(tmp_path / "a.txt", b"a")
    registry = LiveRegistry(RegistryOptions())
    add(registry, tmp_path, links=links)
    found = registry.look_up("/a.txt")
    assert isinstance(found, StaticFile)
    assert found.root == (None if links else str(tmp_path))


def test_a_root_and_a_file_may_be_links(serve: Serve, tmp_path: Path) -> None:
    real = write(tmp_path / "real" / "sub" / "a.txt", b"a").parent.parent
    (tmp_path / "link").symlink_to(real)
    (real / "sub" / "other.txt").symlink_to(write(tmp_path / "elsewhere.txt", b"elsewhere"))
    get = serve(tmp_path / "link", autorefresh=True)
    assert get("/sub/a.txt").body == b"a"
    assert get("/sub/other.txt").body == b"elsewhere"


def test_names_of_files_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.css").touch()
    registry = LiveRegistry(RegistryOptions())
    registry.add(Root(str(tmp_path), "/static/", True), ["b.css"])
    assert registry.look_up("/static/a.css") is not None
    assert registry.look_up("/static/b.css") is None


def test_no_url_can_be_looked_up_without_waiting(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"a")
    registry: Registry = LiveRegistry(RegistryOptions())
    add(registry, tmp_path)
    for url in ("/a.txt", "/missing"):
        assert registry.look_up_nowait(url) == Unresolved(url)
    assert registry.files() is None


def test_autorefresh_warns_once_about_each_requested_sensitive_file(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (".env", "app.js", ".git/HEAD", ".git/objects/ab/cd"):
        write(tmp_path / name, b"")
    get = serve(tmp_path, autorefresh=True)
    assert not caplog.records
    for url in ("/.env", "/app.js", "/.git/HEAD", "/.git/objects/ab/cd", "/.env", "/.nothing.bak"):
        get(url)
    assert caplog.messages == [
        f"{tmp_path}/{name} is served, perhaps by mistake. To leave it out, add to exclude"
        f" (--exclude for a command): '{pattern}'"
        for name, pattern in [(".env", ".env*"), (".git/", ".git")]
    ]
