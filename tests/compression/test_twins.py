"""The same content under several names: compressed once, and right under each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.file_trees import (
    ALL,
    OTHER,
    TEXT,
    Listener,
    below,
    count_compressions,
    require_right,
    told,
    with_variants,
)
from tests.helpers.files import MTIME, write
from whitenoise_async.compression import ENCODINGS, compress_tree

NAMES = ["a.js", "a.0123456789ab.js", "deep/b.js"]


@pytest.fixture
def compressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that something is compressed, by its encoding."""
    return count_compressions(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        write(tmp_path / name, TEXT, mtime=MTIME + number).chmod(0o640 + number)
    return tmp_path


def test_a_content_is_compressed_once_and_each_name_has_variants_with_its_own_mode_and_date(
    root: Path, compressions: list[str]
) -> None:
    report = compress_tree(root, jobs=1)
    assert sorted(compressions) == sorted(ENCODINGS)
    assert below(root) == with_variants(*NAMES)
    assert set(told(report).values()) == {"written"}
    require_right(root)
    assert set(told(compress_tree(root)).values()) == {"unchanged"}


def test_files_of_one_size_are_not_taken_for_each_other(
    root: Path, compressions: list[str]
) -> None:
    write(root / "other.js", OTHER)
    compress_tree(root, jobs=1)
    assert len(compressions) == 2 * len(ENCODINGS)
    require_right(root)


def spoil(path: Path) -> None:
    path.write_bytes(b"not what was written")


@pytest.mark.parametrize("change", [Path.unlink, spoil])
def test_a_variant_that_is_not_what_was_written_any_more_is_not_copied(
    root: Path, compressions: list[str], change: Callable[[Path], None]
) -> None:
    def happen() -> None:
        for path in [path for path in root.rglob("*") if path.suffix in ALL]:
            change(path)

    listener = Listener(happen)
    compress_tree(root, jobs=1, watcher=listener)
    assert len(compressions) == len(NAMES) * len(ENCODINGS)
    compress_tree(root)
    require_right(root)


def test_of_large_files_each_encoding_is_made_once(root: Path, compressions: list[str]) -> None:
    for name in NAMES:
        write(root / name, TEXT * 1000)
    compress_tree(root, jobs=1, levels={"br": 1, "zstd": 1, "gzip": 1})
    assert sorted(compressions) == sorted(ENCODINGS)
    require_right(root)
