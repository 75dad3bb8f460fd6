"""Which entries of a directory are served: links, loops, and entries of every other kind."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import Serve
from tests.helpers.files import write
from tests.helpers.registries import add, path_of
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.registry.directory import (
    Directory,
    Rules,
    is_excluded,
    is_path_excluded,
    left_out,
)
from whitenoise_async.registry.interface import Registry, RegistryOptions, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import Globs


def test_links_to_files_work_and_links_to_directories_do_not(
    registry: Registry, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "a.txt", b"a").parent
    root = write(tmp_path / "root" / "b.txt", b"b").parent
    (root / "file.txt").symlink_to(elsewhere / "a.txt")
    (root / "folder").symlink_to(elsewhere)
    add(registry, root)
    assert path_of(registry.look_up("/file.txt")) == str(root / "file.txt")
    assert registry.look_up("/folder/a.txt") is None


def test_links_to_directories_are_followed_if_the_root_says_so(
    registry: Registry, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "sub" / "a.txt", b"a").parent.parent
    root = write(tmp_path / "root" / "b.txt", b"b").parent
    (root / "one").symlink_to(elsewhere)
    (root / "two").symlink_to(elsewhere)
    add(registry, root, links=True)
    for name in ("one", "two"):
        assert path_of(registry.look_up(f"/{name}/sub/a.txt")) == str(root / name / "sub" / "a.txt")


def test_a_loop_of_links_ends(registry: Registry, tmp_path: Path) -> None:
    root = write(tmp_path / "root" / "sub" / "a.txt", b"a").parent.parent
    other = write(tmp_path / "other" / "b.txt", b"b").parent
    (root / "self").symlink_to(root)
    (root / "sub" / "up").symlink_to(root)
    (root / "over").symlink_to(other)
    (other / "back").symlink_to(root)
    (other / "round").symlink_to(other)
    add(registry, root, links=True)
    assert path_of(registry.look_up("/over/b.txt")) == str(root / "over" / "b.txt")
    for url in (
        "/self/sub/a.txt",
        "/sub/up/sub/a.txt",
        "/over/back/sub/a.txt",
        "/over/round/b.txt",
    ):
        assert registry.look_up(url) is None, url


def test_a_link_to_a_directory_whose_name_begins_like_its_own_is_no_loop(
    registry: Registry, tmp_path: Path
) -> None:
    write(tmp_path / "site" / "a.txt", b"")
    root = write(tmp_path / "site-2" / "b.txt", b"").parent
    (root / "link").symlink_to(tmp_path / "site")
    add(registry, root, links=True)
    assert path_of(registry.look_up("/link/a.txt")) == str(root / "link" / "a.txt")


def test_a_root_that_is_a_link_is_followed(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.txt", b"a")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    add(registry, tmp_path / "link")
    assert path_of(registry.look_up("/a.txt")) == str(tmp_path / "link" / "a.txt")


def make_odd_entries(root: Path) -> list[str]:
    """Make entries of every kind that cannot be served. Return the warning for each."""
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
        rf"{root}/caf\udce9: its name is not UTF-8, so no URL can name it",
    ]


def test_a_walk_skips_entries_that_cannot_be_served_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    reasons = make_odd_entries(root)
    write(root / "good.txt", b"good")
    registry = WalkedRegistry(RegistryOptions())
    add(registry, root)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("whitenoise_async", logging.WARNING)
    heading, _, skipped = record.getMessage().partition(" not served: ")
    assert heading == f"Below {root}, {len(reasons)}"
    assert sorted(skipped.split("; ")) == sorted(reasons)
    assert registry.look_up("/good.txt") is not None
    assert all(
        registry.look_up(f"/{name}") is None for name in os.listdir(root) if name != "good.txt"
    )


def test_autorefresh_skips_the_same_entries_and_warns_once_about_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    reasons = make_odd_entries(root)
    registry = LiveRegistry(RegistryOptions())
    add(registry, root)
    for name in [*os.listdir(root), *os.listdir(root)]:
        assert registry.look_up(f"/{name}") is None
    warnings = [reason.replace(": ", " is not served: ") for reason in reasons]
    assert sorted(caplog.messages) == sorted(warnings)


def test_every_name_in_utf8_is_served_except_those_of_temporary_files(
    registry: Registry, tmp_path: Path
) -> None:
    names = ["ü.txt", "日本/語.txt", ".whitenoise", ".whitenoise_async-x", ".whitenoise_async-y/a"]
    for name in names:
        write(tmp_path / name, b"")
    add(registry, tmp_path)
    found = [path_of(registry.look_up(f"/{name}")) for name in names]
    assert found == [*(str(tmp_path / name) for name in names[:3]), None, None]


def test_an_error_of_the_directory_itself_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "a", b"")
    reported: list[tuple[str, str | OSError]] = []
    directory = Directory(str(tmp_path / "a"), Rules(followlinks=False, exclude=None))
    assert directory.scan(lambda *entry: reported.append(entry)) == (set(), {})
    ((path, error),) = reported
    assert (path, type(error)) == (directory.path, NotADirectoryError)


DELTA = f".{'0' * 16}.dcz"

MAPS = ["a.css.map", "a.css.map.gz", "a.css.map.gz.br", "b.map.br"]

FILES = (
    *("a.css", "a.css.gz", *MAPS, ".env"),
    *("maps.map.gz/a.css", "drafts/b.css", "docs/drafts/c.css", "docs/d.html", "docs/d.html.zst"),
)


@pytest.mark.parametrize("kind", ["walked", "named", "live"])
@pytest.mark.parametrize(
    ("exclude", "include", "left_out"),
    [
        (["*.map"], None, MAPS),
        (["*.gz"], None, ["a.css.gz", "a.css.map.gz", "a.css.map.gz.br", "maps.map.gz/a.css"]),
        (["drafts"], None, ["drafts/b.css", "docs/drafts/c.css"]),
        (["/drafts/"], None, ["drafts/b.css"]),
        (["docs/*.html"], None, ["docs/d.html", "docs/d.html.zst"]),
        ([], ["*.css", "/docs/*"], [*MAPS, ".env"]),
        ([], ["docs"], [name for name in FILES if not name.startswith("docs")]),
        (
            ["*.html"],
            ["docs", ".env"],
            [name for name in FILES if name not in (".env", "docs/drafts/c.css")],
        ),
        ([], ["*"], []),
        (["a.css"], None, ["a.css", "a.css.gz", "maps.map.gz/a.css"]),
        (["b.map"], None, ["b.map.br"]),
        (["a.css.m?p"], None, [name for name in MAPS if name.startswith("a")]),
    ],
)
def test_files_that_are_excluded_or_not_included_are_not_found(
    tmp_path: Path, kind: str, exclude: list[str], include: list[str] | None, left_out: list[str]
) -> None:
    for name in FILES:
        write(tmp_path / name, b"")
    globs = Globs(exclude, None if include is None else Globs(include))
    registry = (
        LiveRegistry(RegistryOptions(None, globs))
        if kind == "live"
        else WalkedRegistry(RegistryOptions(None, globs))
    )
    registry.add(make_root(tmp_path, None, False), FILES if kind == "named" else None)
    assert [name for name in FILES if registry.look_up(f"/{name}") is None] == left_out


@pytest.mark.parametrize(
    ("exclude", "include", "expected"),
    [
        (["*.css"], None, {"a.css.dcz"}),
        (["a.css"], None, {"a.css.dcz", f"b.css{DELTA}", f"b.css{DELTA}.gz"}),
        ([], ["*.css"], {"a.css", f"a.css{DELTA}", f"b.css{DELTA}", f"b.css{DELTA}.gz"}),
        ([], ["b*"], {f"b.css{DELTA}", f"b.css{DELTA}.gz"}),
        (["*.css"], ["b*"], set()),
    ],
)
def test_a_delta_is_treated_like_its_original(
    exclude: list[str], include: list[str] | None, expected: set[str]
) -> None:
    names = {"a.css", "a.css.dcz", f"a.css{DELTA}", f"b.css{DELTA}", f"b.css{DELTA}.gz"}
    globs = Globs(exclude, None if include is None else Globs(include))
    assert names - left_out(globs, "", names) == expected
    for name in names:
        assert is_excluded(globs, "", name, folder=False) is (name not in expected)
        assert is_path_excluded(globs, name) is (name not in expected)


def test_a_folder_or_link_whose_name_is_not_utf8_is_reported(tmp_path: Path) -> None:
    folder, link = tmp_path / "folder\udcff", tmp_path / "link\udcff"
    folder.mkdir()
    link.symlink_to(write(tmp_path / "a.css", b""))
    reported: dict[str, str | OSError] = {}
    directory = Directory(str(tmp_path), Rules(followlinks=False, exclude=None))
    assert directory.scan(reported.__setitem__) == ({"a.css"}, {})
    reason = "its name is not UTF-8, so no URL can name it"
    assert reported == {str(folder): reason, str(link): reason}


def test_the_files_before_an_error_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.css", b"")
    (tmp_path / "sub").mkdir()
    (tmp_path / "none").symlink_to("missing")
    scandir = os.scandir

    @contextmanager
    def fail_at_the_end(path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        def entries() -> Iterator[os.DirEntry[str]]:
            yield from found
            raise OSError(errno.EIO, "")

        with scandir(path) as found:
            yield entries()

    monkeypatch.setattr(os, "scandir", fail_at_the_end)
    reported: list[str] = []
    directory = Directory(str(tmp_path), Rules(followlinks=False, exclude=None))
    files, directories = directory.scan(lambda path, _: reported.append(path))
    assert (files, list(directories)) == ({"a.css"}, ["sub"])
    assert reported == [str(tmp_path / "none"), str(tmp_path)]


def test_a_folder_that_cannot_be_listed_is_skipped_and_the_log_names_it(public_path: Path) -> None:
    write(public_path / "open" / "a.txt", b"a")
    closed = write(public_path / "closed" / "b.txt", b"b").parent
    closed.chmod(0)
    output = run_as_nobody(f"""
        from whitenoise_async.registry.live import LiveRegistry
        from whitenoise_async.registry.walked import WalkedRegistry
        from whitenoise_async.registry.interface import RegistryOptions, make_root
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        for kind in (WalkedRegistry, LiveRegistry):
            registry = kind(RegistryOptions())
            registry.add(make_root({str(public_path)!r}, None, False))
            print(registry.look_up("/open/a.txt") is not None, registry.look_up("/closed/b.txt"))
    """)
    closed.chmod(0o755)
    assert output.splitlines() == [
        f"Below {public_path}, 1 not served: {closed}: Permission denied",
        "True None",
        f"{closed} is not served: Permission denied",
        "True None",
    ]


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_a_link_that_cannot_be_read_is_skipped_and_the_other_files_are_served(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.txt", b"")
    write(tmp_path / "sub" / "a.txt", b"")  # nothing else than the link needs a stat
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
            return bool(not self.is_symlink() or self.stat()) and self._entry.is_dir()

    @contextmanager
    def scandir(path: str) -> Iterator[Any]:
        with real(path) as entries:
            yield map(Entry, entries)

    monkeypatch.setattr("whitenoise_async.registry.directory.os.scandir", scandir)
    serve(tmp_path, include=["*.txt"])
    assert caplog.messages == []
    serve(tmp_path, exclude=["*.map"])
    get = serve(tmp_path)
    assert get("/sub/a.txt").status == 200
    assert [get(f"/{number}.txt").status for number in range(5)] == [200] * 5
    assert get("/link").status == 404
    (message,) = set(caplog.messages)
    assert message == f"Below {tmp_path}, 1 not served: {tmp_path}/link: {os.strerror(code)}"
    live = serve(tmp_path, autorefresh=True)
    assert live("/link").status == (503 if code == errno.EIO else 404)


def test_an_entry_that_is_skipped_on_the_way_to_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "dangling").symlink_to("nowhere")
    skipped: list[object] = []
    top = Directory(str(tmp_path), Rules(False, None))
    found = top.descend(["a", "b"], lambda path, reason: skipped.append(path))
    assert found is not None
    assert (found.path, found.below) == (str(tmp_path / "a" / "b"), "a/b/")
    assert skipped == [str(tmp_path / "dangling")]
    assert top.descend(["a", "c", "b"], lambda path, reason: None) is None
