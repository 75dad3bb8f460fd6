"""The record of variants is read as it was written, and its content is validated."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.file_trees import at
from tests.helpers.files import write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.record import NAME, Made, Record

MADE = Made("0" * 32, "zlib 1, level 9", 500, "1" * 32)
NOT_WORTH = Made("0" * 32, "brotli 1, level 11", 999, None)


def saved(root: Path, *names: str) -> Record:
    record = Record(at(root))
    for name in names:
        record.put(name, "gzip", MADE)
        record.put(name, "br", NOT_WORTH)
    record.save()
    return Record(at(root))


def working_files(root: Path) -> list[str]:
    return sorted(name for name in os.listdir(root) if name.startswith(".whitenoise_async-"))


NAMES = [
    *("a.txt", "deep/down/a.txt", "é ✓.txt", "a b", "-rf", '"', "\\", "...", "..a/a..", ".a/b."),
    *("\n", "a\n", ".\n", "..\n", "a/.\n", "a/..\n", "\r\n", "\t", "\udcff\udc80.txt", "\x7f"),
]


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    record = saved(tmp_path, name)
    assert record.files == {name: {"gzip": MADE, "br": NOT_WORTH}}
    assert record.get(name, "br") == NOT_WORTH
    assert record.get(name, "zstd") is record.get("another", "gzip") is None
    assert working_files(tmp_path) == [NAME]


def as_record(path: str = "a.txt", **made: Any) -> bytes:
    return json.dumps({"format": 2, "files": {path: made or {"gzip": MADE}}}).encode()


MALFORMED = {
    "empty": b"",
    "cut off": as_record()[:-1],
    "no JSON": b"<!doctype html>",
    "binary": b"\xff\xfe\x00",
    "a list": b"[]",
    "a string": b'"format"',
    "nothing": b"null",
    "too deep": b"[" * 100_000,
    "a number too long": b'{"format": 2' + b"0" * 5000,
    "no format": b'{"files": {}}',
    "another format": b'{"format": 1, "files": {}}',
    "no files": b'{"format": 2}',
    "files in a list": b'{"format": 2, "files": []}',
    "no entry": b'{"format": 2, "files": {"a.txt": null}}',
    "a list of what was made": b'{"format": 2, "files": {"a.txt": []}}',
    "an encoding that there is not": as_record(lzma=MADE),
    "a variant too short": as_record(gzip=MADE[:3]),
    "a variant too long": as_record(gzip=[*MADE, 1]),
    "a variant of four letters": as_record(gzip="abcd"),
    "a variant that is none": as_record(gzip=None),
    "a variant without a size": as_record(gzip=[*MADE[:2], None, MADE.digest]),
    "a variant of a broken size": as_record(gzip=[*MADE[:2], 1.5, MADE.digest]),
    "a variant of a nameless maker": as_record(gzip=[MADE.of, 1, *MADE[2:]]),
    "a variant of no original": as_record(gzip=[None, *MADE[1:]]),
    "a variant with a wrong digest": as_record(gzip=[*MADE[:3], 1]),
    **{
        f"a path that leads to {path!r}": as_record(path)
        for path in (
            *("", ".", "..", "../a", "/a", "/", "a/..", "a/../b", "a//b", "a/", "./a", "a/."),
            *("a\0b", "\ud800"),
        )
    },
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_an_invalid_record_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / NAME, content)
    with pytest.raises(CompressionError) as caught:
        Record(at(tmp_path))
    assert str(caught.value).startswith(f"{tmp_path / NAME} is not a record of compressed f")
    assert "remove it" in str(caught.value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just("gzip"),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["format", "files", "gzip", "a"]), inner),
))  # fmt: skip
def test_any_invalid_content_is_only_refused(content: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / NAME, json.dumps({"format": 2, "files": content}).encode())
        with suppress(CompressionError):
            assert all(Record(at(folder)).files.values()) in (True, False)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "not a regular file"),
        (os.mkdir, "not a regular file"),
        (lambda path: os.symlink("/dev/zero", path), "not a regular file"),
        (lambda path: os.symlink(os.path.basename(path), path), "symbolic links"),
    ],
    ids=["FIFO", "folder", "device", "loop"],
)
def test_anything_but_a_file_in_place_of_the_record_is_named(
    tmp_path: Path, make: Callable[[str], object], reason: str
) -> None:
    path = tmp_path / NAME
    make(str(path))
    with pytest.raises(CompressionError) as caught:
        Record(at(tmp_path))
    assert str(caught.value).startswith(f"{path} cannot be read: ")
    assert reason in str(caught.value)


def test_a_link_to_nothing_in_the_records_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("missing")
    assert Record(at(tmp_path)).files == {}
    assert list(saved(tmp_path, "a.txt").files) == ["a.txt"]
    assert working_files(tmp_path) == os.listdir(tmp_path) == [NAME]


def test_a_record_without_read_permission_is_named(public_path: Path) -> None:
    write(public_path / NAME, as_record()).chmod(0)
    printed = run_as_nobody(f"""
        from whitenoise_async.compression.errors import CompressionError
        from whitenoise_async.files.folder import Folder
        from whitenoise_async.compression.record import Record
        try:
            Record(Folder({str(public_path)!r}, None))
        except CompressionError as error:
            print(error)
    """)
    assert printed == f"{public_path / NAME} cannot be read: Permission denied\n"


@pytest.mark.parametrize("where", ["os.open", "whitenoise_async.files.open_file.read_at"])
def test_a_disk_error_at_the_record_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = write(tmp_path / NAME, as_record())
    really = os.open

    def fail(*arguments: Any, **options: Any) -> Any:
        if where == "os.open" and arguments[0] != str(path):
            return really(*arguments, **options)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(where, fail)
    with pytest.raises(CompressionError, match=rf"{NAME} cannot be read: Input/output error$"):
        Record(at(tmp_path))


def test_an_unchanged_record_is_not_written(tmp_path: Path) -> None:
    record = saved(tmp_path, "a.txt")
    before = (tmp_path / NAME).stat()
    record.put("a.txt", "br", NOT_WORTH._replace(size=1))
    record.put("a.txt", "br", NOT_WORTH)
    record.save()
    assert (tmp_path / NAME).stat() == before


def test_an_empty_record_is_removed_and_not_written(tmp_path: Path) -> None:
    record = saved(tmp_path, "a.txt")
    record.forget("a.txt", "gzip")
    record.forget("a.txt", "br")
    record.save()
    assert working_files(tmp_path) == []
    saved(tmp_path)
    assert working_files(tmp_path) == []


@pytest.mark.parametrize(("call", "what"), [("replace", "written"), ("unlink", "removed")])
def test_a_record_that_cannot_be_written_or_removed_is_named_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, what: str
) -> None:
    def fail(path: str, *_: Any, **__: Any) -> None:
        if call == "replace" or path.endswith(NAME):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    record = saved(tmp_path, "a.txt")
    before = (tmp_path / NAME).read_bytes()
    if call == "unlink":
        record.files.clear()
    else:
        record.forget("a.txt", "gzip")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(CompressionError, match=rf"{NAME} cannot be {what}: No space left"):
            record.save()
    assert working_files(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == before


def test_the_bytes_of_a_record_do_not_depend_on_the_order_of_entries(tmp_path: Path) -> None:
    contents = []
    for names in (("a", "b/c", "\udcff"), ("\udcff", "b/c", "a")):
        folder = tmp_path / names[0]
        folder.mkdir()
        saved(folder, *names)
        contents.append((folder / NAME).read_bytes())
    assert contents[0] == contents[1]
    assert json.loads(contents[0])["format"] == 2


def test_a_removed_variant_is_forgotten_and_its_file_with_the_last_variant(tmp_path: Path) -> None:
    record = saved(tmp_path, "a.txt")
    record.forget("a.txt", "gzip")
    assert record.files == {"a.txt": {"br": NOT_WORTH}}
    record.forget("a.txt", "br")
    assert record.files == {}


def test_recorded_variants_reach_the_disk_before_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("sync", "fsync", "replace"):
        monkeypatch.setattr(os, name, noting(done, name, getattr(os, name)))
    saved(tmp_path, "a.txt")
    assert done == ["sync", "fsync", "replace"]


def noting(done: list[str], name: str, really: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        done.append(name)
        return really(*arguments, **options)

    return call
