"""What is found below a root: the walk, and autorefresh's look-up, which must find the same."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.clients import Serve
from tests.helpers.files import write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.registry.entries import Redirect
from whitenoise_async.registry.interface import Registry, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import Listed, WalkedRegistry

KINDS = (WalkedRegistry, LiveRegistry)


@pytest.fixture(params=KINDS)
def registry(request: pytest.FixtureRequest) -> Registry:
    made: Registry = request.param(None)
    return made


def add(registry: Registry, root: Path, prefix: str | None = None, links: bool = False) -> None:
    registry.add(make_root(root, prefix, links))


def path_of(listed: Listed | None) -> str | None:
    return None if listed is None else listed.path


def test_links_to_files_work_and_links_to_directories_do_not(
    registry: Registry, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "a.txt", b"a").parent
    root = write(tmp_path / "root" / "b.txt", b"b").parent
    (root / "file.txt").symlink_to(elsewhere / "a.txt")
    (root / "folder").symlink_to(elsewhere)
    add(registry, root)
    assert path_of(registry.find("/file.txt")) == str(root / "file.txt")
    assert registry.find("/folder/a.txt") is None


def test_links_to_directories_are_followed_when_asked_for(
    registry: Registry, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "sub" / "a.txt", b"a").parent.parent
    root = write(tmp_path / "root" / "b.txt", b"b").parent
    (root / "one").symlink_to(elsewhere)
    (root / "two").symlink_to(elsewhere)
    add(registry, root, links=True)
    for name in ("one", "two"):
        assert path_of(registry.find(f"/{name}/sub/a.txt")) == str(root / name / "sub" / "a.txt")


def test_a_loop_of_links_ends(registry: Registry, tmp_path: Path) -> None:
    root = write(tmp_path / "root" / "sub" / "a.txt", b"a").parent.parent
    other = write(tmp_path / "other" / "b.txt", b"b").parent
    (root / "self").symlink_to(root)
    (root / "sub" / "up").symlink_to(root)
    (root / "over").symlink_to(other)
    (other / "back").symlink_to(root)
    (other / "round").symlink_to(other)
    add(registry, root, links=True)
    assert path_of(registry.find("/over/b.txt")) == str(root / "over" / "b.txt")
    for url in (
        "/self/sub/a.txt",
        "/sub/up/sub/a.txt",
        "/over/back/sub/a.txt",
        "/over/round/b.txt",
    ):
        assert registry.find(url) is None, url


def test_directories_that_all_link_to_each_other_are_walked_in_bounds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = "abcdefgh"
    for name in names:
        write(tmp_path / name / "file.txt", b"")
        for other in names.replace(name, ""):
            (tmp_path / name / other).symlink_to(tmp_path / other)
    registry = WalkedRegistry(None)
    add(registry, tmp_path, links=True)
    for name in names:
        assert registry.find(f"/{name}/file.txt") is not None
    links = len(names) - 1
    assert len(registry._listed) <= len(names) * (1 + links + 64)
    (message,) = caplog.messages
    assert "more than 64 links below links lead to its target" in message


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
        assert path_of(registry.find(url)) == str(link / "sub" / "a.txt"), url
    assert not caplog.messages


def test_a_root_that_is_a_link_is_followed(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.txt", b"a")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    add(registry, tmp_path / "link")
    assert path_of(registry.find("/a.txt")) == str(tmp_path / "link" / "a.txt")


def make_odd_entries(root: Path) -> list[str]:
    """Entries of every kind that cannot be served; returns what a warning says of each."""
    root.mkdir()
    (root / "dangling").symlink_to(root / "nowhere")
    (root / "ring").symlink_to(root / "ring")
    os.mkfifo(root / "fifo")
    (root / "to-fifo").symlink_to(root / "fifo")
    (root / "device").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_bytes(b"")
    return [
        f"{root}/dangling: it is a dangling link",
        f"{root}/ring: it is a dangling link",
        f"{root}/fifo: it is neither a file nor a directory",
        f"{root}/to-fifo: it is neither a file nor a directory",
        f"{root}/device: it is neither a file nor a directory",
        f"{root}/socket: it is neither a file nor a directory",
        rf"{root}/caf\udce9: its name is not UTF-8",
    ]


def test_what_cannot_be_served_is_left_out_with_one_warning_a_walk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    reasons = make_odd_entries(root)
    write(root / "good.txt", b"good")
    registry = WalkedRegistry(None)
    add(registry, root)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("whitenoise_async", logging.WARNING)
    assert f"Below {root}, {len(reasons)} not served" in record.getMessage()
    for reason in reasons:
        assert reason in record.getMessage()
    assert registry.find("/good.txt") is not None
    assert all(registry.find(f"/{name}") is None for name in os.listdir(root) if name != "good.txt")


def test_autorefresh_leaves_out_the_same_and_warns_once_of_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    reasons = make_odd_entries(root)
    registry = LiveRegistry(None)
    add(registry, root)
    for name in [*os.listdir(root), *os.listdir(root)]:
        assert registry.find(f"/{name}") is None
    assert len(caplog.records) == len(reasons)


def test_a_warning_names_some_of_many_and_counts_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        (tmp_path / f"{number}").symlink_to("nowhere")
    add(WalkedRegistry(None), tmp_path)
    (record,) = caplog.records
    assert record.getMessage().count("leads nowhere") == 20
    assert record.getMessage().endswith("; 10 more")


def test_a_folder_that_cannot_be_listed_is_left_out_and_named(public_path: Path) -> None:
    write(public_path / "open" / "a.txt", b"a")
    closed = write(public_path / "closed" / "b.txt", b"b").parent
    closed.chmod(0)
    output = run_as_nobody(f"""
        from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry import WalkedRegistry
from whitenoise_async.registry.interface import make_root
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        for kind in (WalkedRegistry, LiveRegistry):
            registry = kind(None)
            registry.add(make_root({str(public_path)!r}, None, False))
            print(registry.find("/open/a.txt") is not None, registry.find("/closed/b.txt"))
    """)
    closed.chmod(0o755)
    assert output.splitlines() == [
        f"Below {public_path}, 1 not served: {closed}: Permission denied",
        "True None",
        f"{closed} is not served: Permission denied",
        "True None",
    ]


def test_a_sibling_is_not_listed_and_a_gz_without_original_is(
    registry: Registry, tmp_path: Path
) -> None:
    for name in ("a.css", "a.css.gz", "alone.tar.gz", ".gz", "a.css.GZ"):
        write(tmp_path / name, b"")
    add(registry, tmp_path)
    assert registry.find("/a.css") is not None
    assert registry.find("/a.css.gz") is None
    for name in ("alone.tar.gz", ".gz", "a.css.GZ"):
        assert path_of(registry.find(f"/{name}")) == str(tmp_path / name)


def test_the_siblings_of_an_earlier_root_are_not_those_of_a_later_one(
    registry: Registry, tmp_path: Path
) -> None:
    write(tmp_path / "one" / "a.css", b"")
    write(tmp_path / "one" / "a.css.gz", b"")
    write(tmp_path / "two" / "a.css.gz", b"")
    add(registry, tmp_path / "one")
    add(registry, tmp_path / "two")
    assert path_of(registry.find("/a.css")) == str(tmp_path / "one" / "a.css")
    assert path_of(registry.find("/a.css.gz")) == str(tmp_path / "two" / "a.css.gz")


def test_a_file_with_the_name_of_a_variant_is_that_of_the_latest_root_with_its_original(
    registry: Registry, tmp_path: Path
) -> None:
    """Whether or not it was asked for before, or a root between these has the original alone."""
    for root, names in [("one", ["a", "a.gz"]), ("two", ["a"]), ("three", ["a", "a.gz"])]:
        for name in names:
            write(tmp_path / root / name, b"")
        add(registry, tmp_path / root)
        expected = str(tmp_path / ("one" if root == "two" else root) / "a.gz")
        assert path_of(registry.look_up("/a.gz")) == expected
    assert path_of(registry.look_up("/a")) == str(tmp_path / "three" / "a")


def test_a_variant_of_a_variant_counts_for_it(registry: Registry, tmp_path: Path) -> None:
    for name in ("a", "a.gz", "a.gz.br"):
        write(tmp_path / name, b"")
    add(registry, tmp_path)
    assert told(registry.look_up("/a.gz")) == (str(tmp_path / "a.gz"), "/a.gz", (".br",), True)
    assert told(registry.look_up("/a.gz.br"))[2:] == ((), True)


@pytest.mark.parametrize("index", ["docs", "index.html"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_variant_of_an_index_file_is_at_its_own_name_alone(
    kind: type[WalkedRegistry], index: str, tmp_path: Path
) -> None:
    registry = kind(index)
    for name in ("index.html", f"docs/{index}"):
        write(tmp_path / name, b"")
        write(tmp_path / f"{name}.gz", b"")
    add(registry, tmp_path)
    found = registry.look_up(f"/docs/{index}.gz")
    assert path_of(found) == str(tmp_path / "docs" / f"{index}.gz")
    for url in ("/docs/.gz", "/docs.gz", "/.gz", ".gz", ""):
        assert path_of(registry.look_up(url)) == path_of(registry.find(url)), url


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_file_takes_three_urls(kind: type[WalkedRegistry], tmp_path: Path) -> None:
    index = write(tmp_path / "docs" / "index.html", b"")
    registry = kind("index.html")
    add(registry, tmp_path, "static")
    assert path_of(registry.find("/static/docs/")) == str(index)
    for url, location in [("/static/docs", None), ("/static/docs/index.html", "./")]:
        redirect = registry.find(url)
        assert isinstance(redirect, Redirect)
        assert (redirect.path, redirect.file.url) == (str(index), "/static/docs/")
        assert redirect.location == location
    assert registry.find("/static") is None
    write(tmp_path / "index.html", b"")
    add(registry, tmp_path, "static")
    assert path_of(registry.find("/static")) == str(tmp_path / "index.html")


@pytest.mark.parametrize(
    "url",
    [
        "/..", "/../secret", "/a/../../secret", "/a//b.txt", "//b.txt", "/a/./b.txt", "/./a/b.txt",
        "/a/b.txt/", "/a/b.txt/..", "/a/b.txt\0", "/a\\b.txt", "a/b.txt", "/A/B.TXT", "/a/b.txt ",
        "/a/b.txt::$DATA", "/" + "x" * 100_000, "/" + "a/" * 10_000, "/\udce9", "/a/b%2etxt",
        "/／a/b.txt", "/a∕b.txt", "/a/․./secret", "",
    ],
)  # fmt: skip
def test_no_other_spelling_of_a_path_leads_anywhere(
    registry: Registry, tmp_path: Path, url: str
) -> None:
    write(tmp_path / "secret", b"")
    write(tmp_path / "root" / "a" / "b.txt", b"")
    add(registry, tmp_path / "root")
    assert registry.find("/a/b.txt") is not None
    assert registry.find(url) is None


names = st.sampled_from(
    ["a", "b", "a.gz", "a.br", "a.gz.br", ".gz", "index.html", "index.html.gz", "c.txt", "ü"]
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


def told(listed: Listed | None) -> Any:
    """All that a registry says of a URL."""
    if isinstance(listed, Redirect):
        return listed.location, told(listed.file)
    return listed and (listed.path, listed.url, listed.suffixes, listed.is_variant)


def every_url(tree: Any, url: str) -> set[str]:
    urls = {url, url + ".gz", url + "/", url + "/.gz", url + "/a/b", url + "/index.html"}
    if isinstance(tree, dict):
        for name, child in tree.items():
            urls |= every_url(child, f"{url}/{name}")
    return urls


@settings(deadline=None)
@given(
    forest=st.lists(st.tuples(trees, st.sampled_from(["", "a", "a/b"])), min_size=1, max_size=3),
    index=st.sampled_from([None, "index.html", "a"]),
    links=st.booleans(),
    asked=st.booleans(),
)
def test_autorefresh_finds_what_a_walk_lists(
    tmp_path_factory: pytest.TempPathFactory,
    forest: Any,
    index: str | None,
    links: bool,
    asked: bool,
) -> None:
    base = tmp_path_factory.mktemp("forest")
    walked, live = WalkedRegistry(index), LiveRegistry(index)
    urls = set()
    for number, (tree, prefix) in enumerate(forest):
        tree = tree if isinstance(tree, dict) else {"a": tree}
        root = base / str(number)
        grow(root, tree, [root])
        add(walked, root, prefix, links)
        add(live, root, prefix, links)
        urls |= every_url(tree, f"/{prefix}".rstrip("/"))
        for url in urls if asked else ():  # and then another root is added
            walked.look_up(url)
    for url in urls | set(walked._listed):
        assert told(walked.find(url)) == told(live.find(url)), url
        assert told(walked.look_up(url)) == told(live.look_up(url)), url
    shutil.rmtree(base)


def test_memory_that_runs_out_while_autorefresh_looks_is_a_503(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.txt", b"a")
    get = serve(tmp_path, autorefresh=True)

    def fail(registry: LiveRegistry, url: str) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(LiveRegistry, "find", fail)
        assert get("/a.txt").status == 503
    assert caplog.messages == ["A folder cannot be read now: Cannot allocate memory"]
    assert get("/a.txt").body == b"a"


SCARCE = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE]


@pytest.mark.parametrize("code", SCARCE)
@pytest.mark.parametrize("folder", ["", "sub"])
def test_a_folder_that_autorefresh_cannot_list_now_is_a_503(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
    folder: str,
) -> None:
    """Not the application's answer: that would be a 404, which is kept by caches and believed."""
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


@pytest.mark.parametrize("code", SCARCE)
def test_a_folder_that_the_walk_cannot_list_is_left_out(
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
    registry = WalkedRegistry(None)
    add(registry, tmp_path)
    assert registry.find("/b.txt") is not None
    assert registry.find("/sub/a.txt") is None
    (message,) = caplog.messages
    assert f"{tmp_path}/sub: {os.strerror(code)}" in message


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_of_a_link_that_cannot_be_asked_the_reason_is_told_and_the_others_are_found(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.txt", b"")
    (tmp_path / "link").symlink_to("0.txt")
    real = os.scandir

    class Entry:
        def __init__(self, entry: Any) -> None:
            self._entry = entry

        def __getattr__(self, name: str) -> Any:
            return getattr(self._entry, name)

        def stat(self) -> Any:
            raise OSError(code, os.strerror(code))

        def is_dir(self) -> bool:
            return bool(self.is_symlink() and self.stat())

    @contextmanager
    def scandir(path: str) -> Iterator[Any]:
        with real(path) as entries:
            yield map(Entry, entries)

    monkeypatch.setattr("whitenoise_async.registry.directory.os.scandir", scandir)
    serve(tmp_path, exclude=["*.map"])
    get = serve(tmp_path)
    assert [get(f"/{number}.txt").status for number in range(5)] == [200] * 5
    assert get("/link").status == 404
    (message,) = set(caplog.messages)
    assert message == f"Below {tmp_path}, 1 not served: {tmp_path}/link: {os.strerror(code)}"
    live = serve(tmp_path, autorefresh=True)
    assert live("/link").status == (503 if code == errno.EIO else 404)


def test_a_folder_that_was_removed_is_nothing_to_speak_of(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "root" / "a.txt", b"a")
    get = serve(tmp_path / "root", autorefresh=True)
    shutil.rmtree(tmp_path / "root")
    assert get("/a.txt").status == 404
    assert not caplog.messages


@pytest.mark.parametrize("what", ["folder", "deep"])
@pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "gzip"}, {"Range": "bytes=0-3"}])
def test_a_folder_that_becomes_a_link_after_autorefresh_has_listed_it_is_not_followed(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, fields: Any
) -> None:
    """The check and the opening are of one file, whoever changes names in between."""
    secret = write(tmp_path / "secret" / "deep" / "a.txt", b"secret" * 100, compressed=True)
    write(tmp_path / "root" / "folder" / "deep" / "a.txt", b"public" * 100, compressed=True)
    get = serve(tmp_path / "root", autorefresh=True)
    folder = tmp_path / "root" / "folder" / ("deep" if what == "deep" else "")
    target = secret.parent if what == "deep" else secret.parent.parent
    find = LiveRegistry.find

    def find_and_swap(registry: LiveRegistry, url: str) -> Listed | None:
        found = find(registry, url)
        folder.rename(tmp_path / "moved")
        folder.symlink_to(target)
        return found

    monkeypatch.setattr(LiveRegistry, "find", find_and_swap)
    get = serve(tmp_path / "root", autorefresh=True)
    assert get("/folder/deep/a.txt", fields).status == 404


def test_where_folders_cannot_be_opened_one_from_the_other_autorefresh_works_as_well(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows."""
    monkeypatch.setattr(os, "supports_dir_fd", set())
    assert serve(site, autorefresh=True)("/docs/index.html").status == 200


def test_autorefresh_serves_below_a_root_that_is_a_link_and_files_that_are(
    serve: Serve, tmp_path: Path
) -> None:
    real = write(tmp_path / "real" / "sub" / "a.txt", b"a").parent.parent
    (tmp_path / "link").symlink_to(real)
    (real / "sub" / "other.txt").symlink_to(write(tmp_path / "elsewhere.txt", b"elsewhere"))
    get = serve(tmp_path / "link", autorefresh=True)
    assert get("/sub/a.txt").body == b"a"
    assert get("/sub/other.txt").body == b"elsewhere"


def test_the_walk_asks_for_no_status_of_plain_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network file system each stat is a round trip."""
    for number in range(20):
        write(tmp_path / f"d{number}" / "a.css", b"a", compressed=True)
    root = make_root(tmp_path, None, True)
    asked: list[object] = []

    def counted(real: Any) -> Any:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            asked.append(path)
            return real(path, *args, **kwargs)

        return call

    for name in ("stat", "lstat", "open", "access"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    registry = WalkedRegistry(None)
    registry.add(root)
    assert registry.find("/d7/a.css") is not None
    assert asked in ([str(tmp_path)], [])  # os.path.isdir of the root; newer Pythons ask in C


def test_a_root_is_seen_whole_or_not_at_all_by_other_threads(tmp_path: Path) -> None:
    for number in range(50):
        write(tmp_path / f"{number}.txt", b"")
    registry = WalkedRegistry(None)
    torn = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            first = registry.find("/0.txt") is not None
            last = all(registry.find(f"/{number}.txt") for number in range(50))
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
    assert registry.find("/49.txt") is not None
    assert not torn


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((3, None, False), "root must be a str or a path of str, got 3"),
        ((b"/tmp", None, False), r"root must be a str or a path of str, got b'/tmp'"),
        (("/tmp", 3, False), "prefix must be a str or None, got 3"),
        (("/tmp", None, "yes"), "followlinks must be True or False, got 'yes'"),
    ],
)
def test_a_root_of_the_wrong_type_is_refused(arguments: Any, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        make_root(*arguments)


def test_two_requests_that_ask_first_get_one_file(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"a")
    registry = WalkedRegistry(None)
    add(registry, tmp_path)
    found = registry.find("/a.txt")
    assert found is not None
    assert registry._asked_for("/a.txt") is found  # by one that came while the other made it
    assert registry.find("/a.txt") is found
