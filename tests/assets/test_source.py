"""Opening files for the responder: hashes are checked, and style sheets are rewritten."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.assets import WRONG, digits_of, hash_in, replace
from tests.helpers.files import write
from tests.helpers.threads import wait_for_threads
from whitenoise_async import Assets
from whitenoise_async.assets.compressor import MemoryCompressor
from whitenoise_async.assets.contents import Contents
from whitenoise_async.assets.hashes import Hashes
from whitenoise_async.files.errors import UnavailableError
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.files.state import read_state
from whitenoise_async.registry.created_later import THREAD_NAME
from whitenoise_async.registry.entries import HashedFile, StaticFile
from whitenoise_async.serving.open_variants import OpenVariants
from whitenoise_async.serving.source import WrongHashError

SHEET = b"a { b: url(x.png) }\n" * 30


@pytest.fixture(autouse=True)
def no_descriptor_left() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    wait_for_threads(THREAD_NAME)  # they look for missing files
    assert set(os.listdir("/proc/self/fd")) <= before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "a.css", SHEET, compressed=True)
    write(tmp_path / "x.png", b"x")
    return tmp_path


def entry_of(assets: Assets, name: str, hash_: str | None = None) -> HashedFile:
    url = assets.url(name)
    found = assets.site.registry.look_up(url if hash_ is None else url.replace(hash_in(url), hash_))
    assert isinstance(found, HashedFile)
    return found


def test_a_plain_url_is_opened_as_it_is(root: Path) -> None:
    site = Assets(root).site
    plain = site.registry.look_up("/a.css")
    assert isinstance(plain, StaticFile)
    with closing(site.source.open(plain)) as variants:
        assert variants.identity.read_fully(0, 9999) == SHEET
        assert not variants.made
        assert list(variants.files) == ["identity", "gzip"]


def test_a_file_is_opened_if_its_hash_is_right(root: Path) -> None:
    assets = Assets(root)
    with closing(assets.site.source.open(entry_of(assets, "x.png"))) as variants:
        assert variants.identity.read_fully(0, 9999) == b"x"
        assert isinstance(variants.identity, OpenFile)
    for name in ("x.png", "a.css"):
        with pytest.raises(WrongHashError, match=f"its hash is not {WRONG}"):
            assets.site.source.open(entry_of(assets, name, WRONG))


def test_a_style_sheet_is_rewritten_and_compressed_in_memory(root: Path) -> None:
    assets = Assets(root)
    entry = entry_of(assets, "a.css")
    expected = SHEET.replace(b"x.png", b"x.%b.png" % digits_of(b"x").encode())
    for compress in (True, False):
        with closing(assets.site.source.open(entry, compress=compress)) as variants:
            assert isinstance(variants.identity, MemoryFile)
            assert variants.identity.content == expected
            assert not variants.files
            assert ("gzip" in variants.made) is compress
            assert sorted(path for path, _ in variants.states()) == [
                str(root / name) for name in ("a.css", "a.css.gz", "x.png")
            ]
            assert all(state == read_state(path) for path, state in variants.states())


def test_only_a_right_hash_is_kept(root: Path) -> None:
    assets = Assets(root)
    entry = entry_of(assets, "x.png")
    assert assets.site.source.verified(entry) is entry
    assert assets.site.source.verified(entry_of(assets, "x.png")) is entry
    wrong = entry_of(assets, "x.png", WRONG)
    with pytest.raises(WrongHashError):
        assets.site.source.verified(wrong)
    assert entry_of(assets, "x.png", WRONG) is not wrong


def test_a_file_that_is_replaced_after_its_hash_was_checked_is_not_opened(root: Path) -> None:
    assets = Assets(root, check_interval=None)
    entry = assets.site.source.verified(entry_of(assets, "x.png"))
    replace(root / "x.png", b"y")
    with pytest.raises(WrongHashError):
        assets.site.source.open(entry)


def test_a_removed_file_is_unavailable(root: Path) -> None:
    assets = Assets(root, check_interval=0)
    entry = entry_of(assets, "x.png")
    (root / "x.png").unlink()
    for act in (assets.site.source.verified, assets.site.source.open):
        with pytest.raises(UnavailableError) as caught:
            act(entry)
        assert caught.value.gone
        assert not isinstance(caught.value, WrongHashError)


def at_call(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], Any]) -> None:
    """Call ``act`` once, just before a method."""
    real = getattr(owner, name)
    pending = [act]

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if pending:
            pending.pop()()
        return real(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, method)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (OpenVariants, "__init__"), (Contents, "of"), (Hashes, "graph_of"), (Hashes, "rewrite"),
        (MemoryCompressor, "compress"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("changed", ["a.css", "x.png"])
@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "overwritten"])
@pytest.mark.parametrize("interval", [0, None])
def test_a_change_at_any_moment_gives_the_right_bytes_or_none(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    changed: str,
    in_place: bool,
    interval: float | None,
) -> None:
    assets = Assets(root, check_interval=interval)
    entry = entry_of(assets, "a.css")
    with closing(assets.site.source.open(entry)) as variants:
        right = variants.identity.read_fully(0, 9999)
    new = b"b { c: url(../x.png) } a { d: url(x.png) }"
    change = (
        (root / changed).write_bytes if in_place else lambda data: replace(root / changed, data)
    )
    at_call(monkeypatch, owner, name, lambda: change(new))
    try:
        opened = assets.site.source.open(entry)
    except WrongHashError:
        return
    with closing(opened):
        assert opened.identity.read_fully(0, 9999) == right


def test_a_style_sheet_that_is_truncated_between_two_reads_is_not_sent(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root, check_interval=None)
    entry = entry_of(assets, "a.css")
    at_call(monkeypatch, OpenFile, "read_fully", lambda: os.truncate(root / "a.css", 50))
    with pytest.raises(WrongHashError):
        assets.site.source.open(entry)


def test_a_file_that_is_written_all_the_time_has_no_right_hash(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root, check_interval=0)
    entry = entry_of(assets, "x.png")
    read = OpenFile.read

    def append(file: OpenFile, offset: int, size: int) -> bytes:
        with open(file.path, "ab") as writer:
            writer.write(b"more")
        return read(file, offset, size)

    replace(root / "x.png", b"y")
    monkeypatch.setattr(OpenFile, "read", append)
    with pytest.raises(WrongHashError):
        assets.site.source.verified(entry)


def test_an_error_of_a_hook_closes_all_files(root: Path) -> None:
    asked = []

    def fail(path: str, url: str) -> bool:
        asked.append(url)
        if len(asked) > 3:
            raise RuntimeError("hook")
        return False

    assets = Assets(root, immutable_file_test=fail)
    entry = entry_of(assets, "a.css")
    with pytest.raises(RuntimeError, match="hook"):
        assets.site.source.open(entry)


def test_a_style_sheet_with_missing_references_only_is_sent_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a.css", SHEET, compressed=True)
    assets = Assets(tmp_path)
    with closing(assets.site.source.open(entry_of(assets, "a.css"))) as variants:
        assert list(variants.files) == ["identity", "gzip"]
        assert not variants.made
        digest = hashlib.sha256(variants.identity.read_fully(0, 9999)).digest()
    assert digest == hashlib.sha256(SHEET).digest()
