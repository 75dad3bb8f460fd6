"""Finds the files to compress, and writes each result atomically."""

from __future__ import annotations

import gzip
import os
import random
import socket
import stat
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.helpers.file_trees import at
from tests.helpers.files import MTIME, write
from whitenoise_async.cli.gzip import Written, compress_file, find_files
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.encoders import GzipEncoder
from whitenoise_async.compression.originals import OpenOriginal
from whitenoise_async.files.folder import Folder
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.support.threads import Stop

TEXT = b"some text, some text, some text, some text\n" * 100
NOISE = random.Random(0).randbytes(1000)
MTIME_NS = MTIME * 10**9 + 123_456_789


def gzip_file(path: str) -> Written:
    return compress_file(at(os.path.dirname(path)), os.path.basename(path), GzipEncoder(), Stop())


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def found(root: Path, *excluded: str) -> list[str]:
    """The relative paths that are found below ``root``. No folder may fail."""

    def fail(path: str, message: str) -> None:
        raise AssertionError(path, message)

    return list(find_files(at(root), set(excluded), fail))


@pytest.mark.parametrize(
    ("name", "excluded", "expected"),
    [
        ("a.txt", [], True),
        ("a.txt", ["css"], True),
        ("a.txt", ["txt"], False),
        ("a.TXT", ["txt"], False),
        ("a.b.txt", ["txt"], False),
        ("a.txt.b", ["txt"], True),
        ("a.txtx", ["txt"], True),
        ("txt", ["txt"], True),
        (".txt", ["txt"], True),
        ("a", [], True),
        ("a", [""], False),
        ("a.gz", [], False),
        ("a.GZ", [], False),
        ("a.txt.gz", ["txt"], False),
        ("a.tgz", [], True),
        (".whitenoise_async-compress.json", [], False),
        (".whitenoise_async-1234.tmp", [], False),
        ("sub/folder/a.txt", [], True),
        ("sub.txt/a", ["txt"], True),
        ("é ✓.txt", [], True),
    ],
)
def test_a_file_is_found_unless_its_extension_is_excluded_or_gz(
    tmp_path: Path, name: str, excluded: list[str], expected: bool
) -> None:
    write(tmp_path / name, b"")
    assert found(tmp_path, *excluded) == ([name] if expected else [])


def test_files_are_found_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/z", "b/a", "a/z", "c", "A", "b/c/d"):
        write(tmp_path / name, b"")
    assert found(tmp_path) == ["A", "c", "a/z", "b/a", "b/z", "b/c/d"]


def test_anything_but_regular_files_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    write(site / "a.txt", b"")
    write(outside / "b.txt", b"")
    (site / "link-to-a-file").symlink_to(outside / "b.txt")
    (site / "link-to-a-folder").symlink_to(outside)
    (site / "link-to-the-folder-above").symlink_to(site)
    (site / "link-to-nothing").symlink_to("missing")
    (site / "link-to-itself").symlink_to("link-to-itself")
    (site / "link-to-a-device").symlink_to("/dev/zero")
    os.mkfifo(site / "fifo")
    (site / "link-to-a-fifo").symlink_to("fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        # The path of a socket is limited to about a hundred bytes.
        monkeypatch.chdir(site)
        listener.bind("socket")
    assert found(site) == ["a.txt", "link-to-a-file"]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    failures: list[tuple[str, str]] = []
    missing = str(tmp_path / "missing")
    assert list(find_files(at(missing), set(), lambda *each: failures.append(each))) == []
    reason = f"{missing} cannot be listed: No such file or directory"
    assert failures == [(missing, reason)]


def test_a_gz_is_written_next_to_the_file_and_both_sizes_are_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    outcome = gzip_file(str(path))
    compressed = (tmp_path / "a.txt.gz").read_bytes()
    assert outcome == Written(str(path), len(TEXT), len(compressed))
    assert gzip.decompress(compressed) == TEXT
    assert path.read_bytes() == TEXT
    assert names_in(tmp_path) == ["a.txt", "a.txt.gz"]


def test_a_path_without_a_folder_is_relative_to_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", TEXT)
    monkeypatch.chdir(tmp_path)
    assert gzip_file("a.txt").path == "a.txt"
    assert names_in(tmp_path) == ["a.txt", "a.txt.gz"]


def test_the_header_contains_neither_name_nor_date(tmp_path: Path) -> None:
    """RFC 1952 §2.3.1: ID1, ID2, CM, FLG, and four bytes of MTIME; CRC32 and ISIZE at the end."""
    gzip_file(str(write(tmp_path / "a.txt", TEXT)))
    compressed = (tmp_path / "a.txt.gz").read_bytes()
    assert compressed[:8] == b"\x1f\x8b\x08" + b"\0" + bytes(4)
    assert b"a.txt" not in compressed
    body = zlib.decompressobj(-zlib.MAX_WBITS)
    assert body.decompress(compressed[10:]) == TEXT
    trailer = zlib.crc32(TEXT).to_bytes(4, "little") + len(TEXT).to_bytes(4, "little")
    assert body.unused_data == trailer


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    one = write(tmp_path / "a.txt", TEXT, mtime=MTIME)
    other = write(tmp_path / "sub" / "another name.css", TEXT, mtime=MTIME + 1000)
    other.chmod(0o600)
    for path in (one, other, one):
        gzip_file(str(path))
    assert Path(f"{one}.gz").read_bytes() == Path(f"{other}.gz").read_bytes()


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o666, 0o755, 0o440])
@pytest.mark.parametrize("through_link", [False, True], ids=["file", "link"])
def test_the_originals_date_and_mode_are_kept(
    tmp_path: Path, mode: int, through_link: bool
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    path.chmod(mode)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    if through_link:
        path = tmp_path / "sub" / "link.txt"
        path.parent.mkdir()
        path.symlink_to("../a.txt")
    gzip_file(str(path))
    status = Path(f"{path}.gz").lstat()
    assert status.st_mtime_ns == MTIME_NS
    assert (stat.S_ISREG(status.st_mode), stat.S_IMODE(status.st_mode)) == (True, mode)
    assert path.stat().st_mtime_ns == MTIME_NS


@pytest.mark.parametrize("content", [b"", b"a", TEXT[:20], NOISE], ids=len)
def test_a_result_that_is_not_smaller_is_not_written(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "a.bin", content)
    assert gzip_file(str(path)) == Written(str(path), len(content), None)
    assert names_in(tmp_path) == ["a.bin"]


def test_the_result_replaces_the_old_one_atomically(tmp_path: Path) -> None:
    """A server that is sending the old result can read it to its end."""
    path = write(tmp_path / "a.txt", TEXT)
    gzip_file(str(path))
    target = tmp_path / "a.txt.gz"
    before, kept = target.read_bytes(), tmp_path / "kept"
    kept.hardlink_to(target)
    with target.open("rb") as open_before:
        write(path, b"another text\n" * 100)
        gzip_file(str(path))
        assert open_before.read() == before
        assert os.fstat(open_before.fileno()).st_ino != target.stat().st_ino
    assert kept.read_bytes() == before
    assert gzip.decompress(target.read_bytes()) == b"another text\n" * 100
    assert names_in(tmp_path) == ["a.txt", "a.txt.gz", "kept"]


def test_a_link_in_place_of_the_result_is_replaced_and_its_target_stays(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    precious = write(tmp_path / "precious", b"precious")
    (tmp_path / "a.txt.gz").symlink_to(precious)
    gzip_file(str(path))
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "a.txt.gz").is_symlink()


def folder_in_place_of_the_result(path: Path) -> None:
    write(path, TEXT)
    path.with_name(path.name + ".gz").mkdir()


def removed(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("a.txt", removed, "removed"),
        ("a.txt", os.mkfifo, "not a regular file"),
        ("a.txt", Path.mkdir, "not a regular file"),
        ("a.txt", folder_in_place_of_the_result, "Is a directory"),
        ("a" * 253, lambda path: write(path, TEXT), "File name too long"),
    ],
    ids=["removed", "FIFO", "folder", "folder in the result's place", "long name"],
)
def test_a_path_that_cannot_be_compressed_is_named_and_leaves_nothing(
    tmp_path: Path, name: str, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / name
    make(path)
    before = names_in(tmp_path)
    with pytest.raises(CompressionError) as caught:
        gzip_file(str(path))
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert names_in(tmp_path) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda path: write(path, TEXT + b"more", mtime=MTIME),
        lambda path: write(path, TEXT[:-1], mtime=MTIME),
        lambda path: write(path, TEXT.upper(), mtime=MTIME + 1),
    ],
    ids=["longer", "shorter", "rewritten"],
)
def test_a_change_during_compression_keeps_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    target = write(tmp_path / "a.txt.gz", b"old")

    really = Folder.open_file

    def open_before_the_change(folder: Folder, name: str) -> OpenFile:
        file = really(folder, name)
        change(path)
        return file

    monkeypatch.setattr(Folder, "open_file", open_before_the_change)
    with pytest.raises(CompressionError, match=r"a\.txt cannot be compressed: it was changed"):
        gzip_file(str(path))
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["a.txt", "a.txt.gz"]


contents = st.one_of(
    st.binary(max_size=2000),
    st.builds(bytes.__mul__, st.binary(min_size=1, max_size=20), st.integers(0, 20_000)),
)


@given(contents)
@example(b"a" * 23)  # as long as its compressed content
def test_a_compressed_file_is_restored_and_is_smaller(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a", content)
        original, compressed = gzip_file(str(path))[1:]
        assert original == len(content)
        if compressed is None:
            assert len(gzip.compress(content, 9)) >= len(content)
            assert names_in(Path(folder)) == ["a"]
        else:
            data = (Path(folder) / "a.gz").read_bytes()
            assert gzip.decompress(data) == content
            assert len(data) == compressed < original


@pytest.mark.parametrize(
    "leftover",
    [gzip.compress(TEXT), gzip.compress(NOISE + b"!"), gzip.compress(NOISE[:-1]), b"", b"text",
     gzip.compress(NOISE)[:-9], gzip.compress(NOISE)[:30] + bytes(1000)],
    ids=["of another", "longer", "shorter", "empty", "not gzip", "cut", "broken"],
)  # fmt: skip
def test_a_wrong_old_result_that_cannot_be_replaced_is_named_and_stays(
    tmp_path: Path, leftover: bytes
) -> None:
    """A server could not detect this, because it compares only lengths."""
    path = write(tmp_path / "a.bin", NOISE)
    variant = write(tmp_path / "a.bin.gz", leftover)
    with pytest.raises(CompressionError, match=r"a\.bin\.gz does not match .*a\.bin, .*: remove"):
        gzip_file(str(path))
    assert variant.read_bytes() == leftover
    assert names_in(tmp_path) == ["a.bin", "a.bin.gz"]


def test_a_right_old_result_stays_even_if_it_is_not_smaller(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", NOISE, compressed=True)
    assert gzip_file(str(path)) == Written(str(path), len(NOISE), None)
    assert gzip.decompress((tmp_path / "a.bin.gz").read_bytes()) == NOISE


def test_anything_but_a_file_in_place_of_the_result_is_ignored_if_nothing_is_written(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.bin", NOISE)
    os.mkfifo(tmp_path / "a.bin.gz")
    assert gzip_file(str(path)).compressed is None


def test_the_result_gets_the_owner_of_the_original_if_permitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example, root runs the build, and another user runs the server."""
    asked: list[tuple[int, int]] = []

    def chown(path: str, user: int, group: int) -> None:
        asked.append((user, group))
        raise PermissionError(1, "Operation not permitted")

    path = write(tmp_path / "a.txt", TEXT)
    monkeypatch.setattr(os, "chown", chown)
    gzip_file(str(path))
    assert asked == []
    metadata = property(lambda opened: (0o644, opened.file.state.mtime_ns, (12345, 54321)))
    monkeypatch.setattr(OpenOriginal, "metadata", metadata)
    gzip_file(str(path))
    assert asked == [(12345, 54321)]
    assert names_in(tmp_path) == ["a.txt", "a.txt.gz"]


@pytest.mark.skipif(os.getuid() != 0, reason="root alone may give files away")
def test_root_gives_the_result_to_the_originals_owner(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    os.chown(path, 12345, 54321)
    gzip_file(str(path))
    status = (tmp_path / "a.txt.gz").stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)
