"""A tree that another user can write to: nothing outside it changes, nor another release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_trees import (
    ALL,
    TEXT,
    Listener,
    below,
    counted,
    require_right,
    swapping,
    told,
)
from tests.helpers.files import write
from whitenoise_async.cli import gzip as gzip_command
from whitenoise_async.cli.compress import main
from whitenoise_async.compression import (
    CompressionError,
    check_tree,
    clean_tree,
    compress_tree,
)
from whitenoise_async.compression.assess import is_ours
from whitenoise_async.compression.encoders import GzipEncoder
from whitenoise_async.compression.listing import FOREIGN
from whitenoise_async.compression.record import NAME, Made, Record
from whitenoise_async.compression.report import LEADS_OUT
from whitenoise_async.files import folder as folders_module
from whitenoise_async.files.content import new_digest
from whitenoise_async.files.folder import Folder

ANOTHER_USER = 12345

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone may give files away")


def give_away(*paths: Path) -> None:
    for path in paths:
        os.lchown(path, ANOTHER_USER, ANOTHER_USER)


def digest(content: bytes) -> str:
    made = new_digest()
    made.update(content)
    return made.hexdigest()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that root owns, with names that a run below another root may meet."""
    folder = tmp_path / "outside"
    write(folder / "a.css", TEXT)
    for name in ("a.css.gz", ".whitenoise_async-killed.tmp", NAME):
        write(folder / name, b"precious").chmod(0o600)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root / "first.css", TEXT * 20)
    write(root / "sub" / "a.css", TEXT).chmod(0o666)
    return root


def state(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything except the time of access."""

    def one(path: Path) -> tuple[Any, ...]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        numbers = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, status.st_nlink)
        return (*numbers, status.st_mtime_ns, status.st_ctime_ns, content)

    return {path.name: one(path) for path in (folder, *folder.rglob("*"))}


def forge(root: Path) -> None:
    """Write a record that claims ``precious`` as a right variant of ours."""
    entry = {"gzip": [digest(TEXT), GzipEncoder().identity, 8, digest(b"precious")]}
    write(root / "sub" / "a.css.gz", b"precious")
    record = {"format": 2, "files": {"sub/a.css": entry, "gone.css": entry}}
    write(root / NAME, json.dumps(record).encode())


def swap(folder: Path, target: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(target)


@as_root
@pytest.mark.parametrize("trusted", [False, True], ids=["theirs", "ours"])
@pytest.mark.parametrize("work", [compress_tree, clean_tree, check_tree])
def test_a_folder_that_becomes_a_link_while_a_run_works_leads_nowhere(
    tree: Path, outside: Path, work: Callable[..., Any], trusted: bool
) -> None:
    forge(tree)
    write(tree / "sub" / ".whitenoise_async-killed.tmp", b"")
    give_away(tree, *tree.rglob("*"))
    if trusted:
        os.chown(tree / NAME, 0, 0)
    before = state(outside)
    swaps: list[Callable[..., object]] = [swap]

    def happen() -> None:
        while swaps:
            swaps.pop()(tree / "sub", outside)

    listener = Listener(happen)
    listener.on_progress = lambda size: happen()  # type: ignore[method-assign]
    work(tree, encodings=["gzip"], watcher=listener)
    happen()
    assert state(outside) == before


@as_root
def test_the_gzip_command_does_not_follow_a_folder_that_becomes_a_link(
    tree: Path, outside: Path
) -> None:
    give_away(tree, *tree.rglob("*"))
    before = state(outside)
    with swapping(tree / "sub", outside):
        for _ in range(100):
            gzip_command.main(["-q", str(tree)])
    assert state(outside) == before
    assert gzip_command.main(["-q", str(tree)]) == 0
    assert (tree / "sub" / "a.css.gz").stat().st_uid == ANOTHER_USER


@as_root
def test_root_ignores_the_record_of_another_user_and_says_so(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge(tree)
    write(tree / "gone.css.gz", b"precious")
    give_away(tree / NAME)
    message = f"{tree / NAME} is ignored: it belongs to another user than root"
    assert main(["-q", "--check", str(tree)]) == 1
    assert message in capsys.readouterr().err.splitlines()
    assert main(["--json", "--dry-run", str(tree)]) == 0
    assert json.loads(capsys.readouterr().out)["roots"][0]["warnings"] == [message]
    (tree / "sub" / "a.css.gz").unlink()
    assert compress_tree(tree).warnings == [message]
    assert (tree / "gone.css.gz").read_bytes() == b"precious"
    assert (tree / NAME).stat().st_uid == 0
    again = compress_tree(tree)
    assert (again.warnings, counted(again)) == ([], {"unchanged": 6})


@as_root
@pytest.mark.parametrize(
    "make",
    [lambda path: path.symlink_to("elsewhere"), lambda path: path.symlink_to(NAME), os.mkfifo],
    ids=["link", "loop", "FIFO"],
)
def test_root_ignores_anything_that_another_user_puts_in_place_of_the_record(
    tree: Path, outside: Path, make: Callable[[Path], object]
) -> None:
    write(tree / "elsewhere", b"{}")
    make(tree / NAME)
    give_away(tree / NAME)
    before = state(outside)
    message = f"{tree / NAME} is ignored: it belongs to another user than root"
    assert check_tree(tree).warnings == [message]
    report = compress_tree(tree, exclude=["elsewhere"])
    assert (report.warnings, counted(report)) == ([message], {"written": 6})
    assert counted(compress_tree(tree, exclude=["elsewhere"])) == {"unchanged": 6}
    assert (tree / "elsewhere").read_bytes() == b"{}"
    assert state(outside) == before


@as_root
def test_root_ignores_a_record_of_another_user_behind_a_link_of_root(tree: Path) -> None:
    write(tree / "elsewhere", b"{}")
    give_away(tree / "elsewhere")
    (tree / NAME).symlink_to("elsewhere")
    message = f"{tree / NAME} is ignored: it belongs to another user than root"
    assert compress_tree(tree, exclude=["elsewhere"]).warnings == [message]
    assert (tree / "elsewhere").read_bytes() == b"{}"


@pytest.mark.parametrize("bit", [0o4000, 0o2000, 0o1000], ids=["user", "group", "sticky"])
def test_variants_have_no_setuid_setgid_or_sticky_bit(tree: Path, bit: int) -> None:
    original = tree / "sub" / "a.css"
    original.chmod(0o640 | bit)
    compress_tree(tree)
    variant = original.with_name("a.css.gz")
    assert variant.stat().st_mode == 0o100640
    assert counted(compress_tree(tree)) == {"unchanged": 6}
    variant.chmod(0o640 | bit)
    assert counted(compress_tree(tree)) == {"adjusted": 1, "unchanged": 5}
    assert variant.stat().st_mode == 0o100640
    gzip_command.main(["-q", str(tree)])
    assert variant.stat().st_mode == 0o100640


@as_root
def test_another_user_can_use_its_own_record(
    public_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge(public_path)
    write(public_path / "sub" / "a.css", TEXT)
    give_away(public_path / NAME)
    monkeypatch.setattr(os, "geteuid", lambda: ANOTHER_USER)
    with Folder.opened(str(public_path)) as folder:
        assert list(Record(folder).files) == ["sub/a.css", "gone.css"]


@as_root
def test_root_follows_no_link_of_another_user(tmp_path: Path) -> None:
    root = tmp_path / "site"
    write(root / "v1" / "app.js", TEXT)
    write(tmp_path / "out" / "app.js", TEXT)
    links = {
        "direct.js": "v1/app.js", "up.js": "v1/.././v1//app.js", "absolute.js": f"{root}/v1/app.js",
        "over-a-folder.js": "latest/app.js", "out.js": "../out/app.js", "latest": "v1",
        "over-a-link.js": "direct.js",
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)
    files = {"v1/app.js", *links} - {"latest"}
    report = compress_tree(root, encodings=["gzip"], follow_links=True)
    assert set(told(report)) == {f"{name}.gz" for name in files}
    give_away(root / "latest", root / "out.js", root / "direct.js")
    for work in (check_tree, compress_tree):
        report = work(root, encodings=["gzip"], follow_links=True)
        assert list(report.left_alone.items()) == [
            (name, FOREIGN)
            for name in ("direct.js", "out.js", "over-a-folder.js", "over-a-link.js")
        ]
        assert not report.failures
    left = {name for name in below(root) if name.endswith(".gz")}
    assert left == {"v1/app.js.gz", "up.js.gz", "absolute.js.gz"}
    removed = {each.reason for each in report.outcomes if each.action.value == "removed"}
    assert removed == {f"its original is {FOREIGN}"}
    assert not compress_tree(root, encodings=["gzip"]).failures


@as_root
def test_the_gzip_command_names_a_link_of_another_user(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "link.css").symlink_to("first.css")
    (tree / "folder.css").symlink_to("sub")
    give_away(tree / "link.css", tree / "folder.css")
    assert gzip_command.main(["-q", str(tree)]) == 1
    error = f"{tree / 'link.css'} cannot be read: it is a link of another user\n"
    assert capsys.readouterr().err == error


def test_a_variant_beyond_a_link_does_not_count_as_ours(tree: Path, outside: Path) -> None:
    (tree / "link").symlink_to(outside)
    with Folder.opened(str(tree)) as root:
        record = Record(root)
        for path in ("first.css", "missing/a.css", "link/a.css"):
            record.put(path, "gzip", Made("", "", 8, digest(b"precious")))
            assert not is_ours(root, path, "gzip", record)
        write(tree / "first.css.gz", b"precious")
        assert is_ours(root, "first.css", "gzip", record)
        assert not is_ours(root, "first.css", "br", record)


# Releases that share files.


def link_all(one: Path, other: Path) -> None:
    subprocess.run(["cp", "-al", str(one), str(other)], check=True)


def shared(folder: Path) -> dict[str, tuple[Any, ...]]:
    """The same without the values that a hard link changes."""
    return {name: (*each[:4], *each[5:6], each[7]) for name, each in state(folder).items()}


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.chmod(0o640),
        lambda path: os.utime(path, (1, 1)),
        lambda path: give_away(path) if os.geteuid() == 0 else None,
        lambda path: write(path, TEXT * 2),
        lambda path: path.unlink(),
    ],
    ids=["mode", "date", "owner", "content", "gone"],
)
@pytest.mark.parametrize("record", [True, False])
def test_a_run_over_a_release_does_not_change_another_release_that_shares_files(
    tree: Path, change: Callable[[Path], object], record: bool
) -> None:
    other = tree.with_name("other")
    compress_tree(tree)
    link_all(tree, other)
    before = shared(other)
    original = tree / "sub" / "a.css"
    shutil.copy2(original, tree / "copy")
    (tree / "copy").replace(original)
    if not record:
        (tree / NAME).unlink()
    change(original)
    compress_tree(tree)
    require_right(tree)
    clean_tree(tree)
    assert shared(other) == before


# Links that lead outside.


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """A tree that contains only links, as some build tools make them."""
    root = tmp_path / "links"
    (root / "js").mkdir(parents=True)
    for number in range(7):
        source = write(tmp_path / "cache" / f"{number}.js", TEXT)
        (root / "js" / f"{number}.js").symlink_to(source)
    (root / "image.png").symlink_to(write(tmp_path / "cache" / "image.png", TEXT))
    (root / "folder.js").symlink_to(tmp_path / "cache")
    (root / "nowhere.js").symlink_to("../missing")
    return root


def test_links_that_lead_outside_are_counted_and_named(
    links: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"js/{number}.js" for number in range(7)]
    for work in (compress_tree, check_tree):
        report = work(links)
        assert list(report.left_alone.items()) == [(name, LEADS_OUT) for name in names]
        assert (report.outcomes, report.failures) == ([], [])
    for options in ([], ["--check"], ["--dry-run"]):
        assert main([str(links), *options]) == 0
        line = capsys.readouterr().out.splitlines()[-1]
        assert line == (
            f"{links}: 7 left alone, each {LEADS_OUT}: {', '.join(names[:5])} and 2 more;"
            " --follow-links compresses them"
        )
    assert main([str(links), "--json", "--check"]) == 0
    (told_of,) = json.loads(capsys.readouterr().out)["roots"]
    assert told_of["left_alone"] == [{"path": name, "reason": LEADS_OUT} for name in names]
    assert main([str(links), "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([str(links), "--exclude", "js/[1-6]*"]) == 0
    assert f"1 left alone, each {LEADS_OUT}: js/0.js;" in capsys.readouterr().out


def test_targets_outside_get_variants_next_to_the_link_on_request(
    links: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = links.with_name("cache")
    before = state(cache)
    assert main(["-q", "--follow-links", str(links)]) == 0
    assert capsys.readouterr() == ("", "")
    assert {name for name in below(links) if name.endswith(ALL)} == {
        f"js/{number}.js{suffix}" for number in range(7) for suffix in ALL
    }
    require_right(links)
    assert state(cache) == before
    assert main(["-q", "--follow-links", "--check", str(links)]) == 0
    assert counted(compress_tree(links, follow_links=True)) == {"unchanged": 21}
    write(cache / "3.js", TEXT * 2)
    assert counted(compress_tree(links, follow_links=True)) == {"unchanged": 18, "written": 3}
    assert main(["-q", "--check", str(links)]) == 1
    report = compress_tree(links)
    assert counted(report) == {"removed": 21}
    assert {each.reason for each in report.outcomes} == {f"its original is {LEADS_OUT}"}


def test_the_option_to_follow_links_is_a_bool(links: Path) -> None:
    with pytest.raises(TypeError, match="follow_links must be True or False, got 1"):
        compress_tree(links, follow_links=1)  # type: ignore[arg-type]


# Other systems.


def test_names_are_joined_on_systems_without_dir_fd(
    tree: Path, links: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.setattr(folders_module, "_BY_DESCRIPTOR", False)
    compress_tree(tree)
    require_right(tree)
    assert counted(check_tree(tree)) == {"unchanged": 6}
    compress_tree(links, follow_links=True)
    require_right(links)
    assert gzip_command.main(["-q", str(tree)]) == 0
    clean_tree(tree)
    with Folder.opened(str(tree)) as root, root.below("new", make=0o700) as folder:
        assert folder.path == f"{tree}/new"


def test_a_root_that_cannot_be_opened_is_named(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It existed a moment before."""
    missing = str(tree / "missing")
    monkeypatch.setattr(os.path, "isdir", lambda path: True)
    error = f"{missing} cannot be listed: No such file or directory"
    assert gzip_command.main([missing]) == 1
    assert capsys.readouterr().err == f"{error}\n"
    with pytest.raises(CompressionError, match=f"^{error}$"):
        compress_tree(missing)
