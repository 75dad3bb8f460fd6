"""The record of what was made: it comes back as it was, and nothing in it is believed blindly."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.file_trees import at
from tests.helpers.files import MTIME, write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.compression import CompressionError
from whitenoise_async.compression.record import JOURNAL, NAME, Entry, Made, Original, Record

ORIGINAL = Original(1000, MTIME * 10**9 + 123, "0" * 32)
MADE = Made(ORIGINAL.digest, "zlib 1, level 9", 500, "1" * 32)
NOT_WORTH = Made(ORIGINAL.digest, "brotli 1, level 11", 999, None)
SECOND = 10**9


def saved(root: Path, *names: str, since: int | None = None) -> Record:
    record = Record(at(root))
    record.begin()
    for name in names:
        record.add(name, ORIGINAL, "gzip", MADE)
        record.add(name, ORIGINAL, "br", NOT_WORTH)
    record.save(time.time_ns() if since is None else since)
    return Record(at(root))


def working_files(root: Path) -> list[str]:
    return sorted(name for name in os.listdir(root) if name.startswith(".whitenoise_async-"))


NAMES = [
    *("a.txt", "deep/down/a.txt", "é ✓.txt", "a b", "-rf", '"', "\\", "...", "..a/a..", ".a/b."),
    *("\n", "a\n", ".\n", "..\n", "a/.\n", "a/..\n", "\r\n", "\t", "\udcff\udc80.txt", "\x7f"),
]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    expected = {name: Entry(ORIGINAL, {"gzip": MADE, "br": NOT_WORTH})}
    assert saved(tmp_path, name).entries == expected
    assert working_files(tmp_path) == [NAME]


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    """The run was killed."""
    record = Record(at(tmp_path))
    record.begin()
    record.add(name, ORIGINAL, "gzip", MADE)
    assert Record(at(tmp_path)).entries == {name: Entry(ORIGINAL, {"gzip": MADE})}
    record.close()
    assert working_files(tmp_path) == [JOURNAL]


def test_a_journal_that_was_cut_off_is_read_and_written_on(tmp_path: Path) -> None:
    """By a run that is killed as well."""
    journal = tmp_path / JOURNAL
    for number, name in enumerate(("a", "b", "c")):
        record = Record(at(tmp_path))
        assert list(record.entries) == ["a", "b", "c"][:number]
        record.begin()
        record.add(name, ORIGINAL, "gzip", MADE)
        record.add("lost", ORIGINAL, "gzip", MADE)
        record.close()
        os.truncate(journal, journal.stat().st_size - 5)
    record = Record(at(tmp_path))
    assert list(record.entries) == ["a", "b", "c"]
    record.save(time.time_ns())
    assert working_files(tmp_path) == [NAME]


def as_record(path: str = "a.txt", **changes: Any) -> bytes:
    entry = {"original": ORIGINAL, "made": {"gzip": MADE}, **changes}
    return json.dumps({"format": 1, "files": {path: entry}}).encode()


MALFORMED = {
    "empty": b"",
    "cut off": as_record()[:-1],
    "no JSON": b"<!doctype html>",
    "binary": b"\xff\xfe\x00",
    "a list": b"[]",
    "a string": b'"format"',
    "nothing": b"null",
    "too deep": b"[" * 100_000,
    "a number too long": b'{"format": 1' + b"0" * 5000,
    "no format": b'{"files": {}}',
    "another format": b'{"format": 2, "files": {}}',
    "no files": b'{"format": 1}',
    "files in a list": b'{"format": 1, "files": []}',
    "no entry": b'{"format": 1, "files": {"a.txt": null}}',
    "no original": b'{"format": 1, "files": {"a.txt": {"made": {}}}}',
    "nothing made": b'{"format": 1, "files": {"a.txt": {"original": [1, 2, "3"]}}}',
    "a list of what was made": as_record(made=[MADE]),
    "an original too short": as_record(original=ORIGINAL[:2]),
    "an original too long": as_record(original=[*ORIGINAL, 1]),
    "an original of three letters": as_record(original="abc"),
    "a size of letters": as_record(original=["1000", *ORIGINAL[1:]]),
    "a date that is none": as_record(original=[1000, "x", "0"]),
    "a digest that is none": as_record(original=[1000, 1, None]),
    "a variant too short": as_record(made={"gzip": MADE[:3]}),
    "a variant of four letters": as_record(made={"gzip": "abcd"}),
    "a variant that is none": as_record(made={"gzip": None}),
    "a variant without a size": as_record(made={"gzip": [*MADE[:2], None, MADE.digest]}),
    "a variant of a broken size": as_record(made={"gzip": [*MADE[:2], 1.5, MADE.digest]}),
    "a variant of a nameless maker": as_record(made={"gzip": [MADE.of, 1, *MADE[2:]]}),
    "a variant of no original": as_record(made={"gzip": [None, *MADE[1:]]}),
    "a variant with a wrong digest": as_record(made={"gzip": [*MADE[:3], 1]}),
    **{
        f"a path that leads to {path!r}": as_record(path)
        for path in (
            "",
            ".",
            "..",
            "../a",
            "/a",
            "/",
            "a/..",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "a/.",
            "a\0b",
            "\ud800",
        )
    },
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_record_that_is_none_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / NAME, content)
    with pytest.raises(CompressionError) as caught:
        Record(at(tmp_path))
    assert str(caught.value).startswith(f"{tmp_path / NAME} is not a record of what was compresse")
    assert "remove it" in str(caught.value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just("gzip"),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["format", "files", "made", "original", "a"]), inner),
))  # fmt: skip
def test_no_line_of_a_journal_does_more_than_be_passed_over(content: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lines = [json.dumps(content), json.dumps([content] * 4), json.dumps(["a", ORIGINAL] * 2)]
        lines += (
            [json.dumps(["a", ORIGINAL, content, MADE])] if not isinstance(content, str) else []
        )
        lines.append(json.dumps(["b", ORIGINAL, "gzip", MADE]))
        write(root / JOURNAL, "\n".join(lines).encode())
        assert Record(at(folder)).entries == {"b": Entry(ORIGINAL, {"gzip": MADE})}


@pytest.mark.parametrize("content", [each for each in MALFORMED.values() if b"\n" not in each])
def test_a_line_of_a_journal_that_is_none_is_passed_over(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / JOURNAL, content + b"\n")
    assert Record(at(tmp_path)).entries == {}


def test_nothing_of_a_journal_leads_out_of_the_root(tmp_path: Path) -> None:
    lines = [[path, ORIGINAL, "gzip", MADE] for path in ("../a", "/a", "a/../b", "", "a")]
    write(tmp_path / JOURNAL, "\n".join(map(json.dumps, lines)).encode())
    assert list(Record(at(tmp_path)).entries) == ["a"]


@pytest.mark.parametrize("name", [NAME, JOURNAL])
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
def test_what_is_no_file_in_the_records_place_is_named(
    tmp_path: Path, name: str, make: Callable[[str], object], reason: str
) -> None:
    path = tmp_path / name
    make(str(path))
    with pytest.raises(CompressionError) as caught:
        Record(at(tmp_path))
    assert str(caught.value).startswith(f"{path} cannot be read: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", [NAME, JOURNAL])
def test_a_record_that_may_not_be_read_is_named(public_path: Path, name: str) -> None:
    write(public_path / name, as_record()).chmod(0)
    printed = run_as_nobody(f"""
        from whitenoise_async.compression.errors import CompressionError
        from whitenoise_async.compression.folders import Folder
        from whitenoise_async.compression.record import Record
        try:
            Record(Folder({str(public_path)!r}, None))
        except CompressionError as error:
            print(error)
    """)
    assert printed == f"{public_path / name} cannot be read: Permission denied\n"


@pytest.mark.parametrize("name", [NAME, JOURNAL])
@pytest.mark.parametrize("where", ["os.open", "stream"])
def test_a_disk_that_fails_at_the_record_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    path = write(tmp_path / name, as_record() if name == NAME else b"")
    really = os.open

    def fail(*arguments: Any, **options: Any) -> Any:
        if where == "os.open" and arguments[0] != str(path):
            return really(*arguments, **options)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    target = where if where == "os.open" else "whitenoise_async.files.open_file.OpenFile.stream"
    monkeypatch.setattr(target, fail)
    with pytest.raises(CompressionError, match=rf"{name} cannot be read: Input/output error$"):
        Record(at(tmp_path))


@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: os.symlink("precious", path)],
    ids=["folder", "FIFO", "link"],
)
def test_what_somebody_put_in_the_journals_place_is_not_written_to(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """Since it was read."""
    precious = write(tmp_path / "precious", b"precious")
    record = Record(at(tmp_path))
    make(tmp_path / JOURNAL)
    with pytest.raises(CompressionError, match=rf"{JOURNAL} cannot be written: "):
        record.begin()
    assert precious.read_bytes() == b"precious"


def as_status(
    size: int = ORIGINAL.size, mtime: int = ORIGINAL.mtime_ns, ctime: int = 0
) -> os.stat_result:
    seconds = (0, 0, 0, 0, 0, 0, size, 0, mtime // SECOND, ctime // SECOND)
    more = (0.0, mtime / SECOND, ctime / SECOND, 0, mtime, ctime)
    return os.stat_result((*seconds, *more))


TICK = 20_000_000
NOW = 1_700_000_000 * SECOND + 500_000_000


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"size": 999}, False),
        ({"mtime": ORIGINAL.mtime_ns + 1}, False),
        ({"mtime": ORIGINAL.mtime_ns - 1}, False),
        ({"ctime": NOW - TICK}, True),
        ({"ctime": NOW - TICK + 1}, False),
        ({"ctime": NOW + TICK}, False),
        # Whole seconds: the file system has no others, and two changes in two of them may look
        # like one.
        ({"ctime": NOW - 2 * SECOND - 500_000_000}, True),
        ({"ctime": NOW - SECOND - 500_000_000}, False),
    ],
)
def test_a_file_whose_last_change_was_a_tick_before_the_record_was_true_is_what_it_was(
    tmp_path: Path, changes: dict[str, int], expected: bool
) -> None:
    """Its date can be set back, the time of the change that does so cannot."""
    record = saved(tmp_path, since=NOW)
    assert (
        record.trusts(as_status(**{"ctime": NOW - 10 * SECOND + 1, **changes}), ORIGINAL)
        is expected
    )


@pytest.mark.parametrize(
    ("size", "mtime", "late", "expected"),
    [
        (MADE.size, ORIGINAL.mtime_ns, 0, True),
        (MADE.size + 1, ORIGINAL.mtime_ns, 0, False),
        (MADE.size, ORIGINAL.mtime_ns + 1, 0, False),
        (MADE.size, ORIGINAL.mtime_ns, 1, False),
    ],
)
def test_a_variant_that_was_not_changed_since_the_record_was_written_is_what_was_written(
    tmp_path: Path, size: int, mtime: int, late: int, expected: bool
) -> None:
    record = saved(tmp_path)
    ctime = (tmp_path / NAME).stat().st_ctime_ns + late
    assert record.trusts_variant(as_status(size, mtime, ctime), MADE, ORIGINAL) is expected


def touched(path: Path) -> None:
    os.utime(path)


def dated_later(path: Path) -> None:
    os.utime(path, ns=(0, time.time_ns() + 3600 * SECOND))


def dated_a_little_later(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(0, status.st_mtime_ns + 10 * TICK))


def cut_off(path: Path) -> None:
    record = Record(at(path.parent))
    record.begin()
    record.close()


@pytest.mark.parametrize(
    "change", [touched, dated_later, dated_a_little_later, cut_off, Path.unlink]
)
def test_a_record_whose_date_is_not_its_own_or_that_has_a_journal_makes_nothing_trusted(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    known = as_status(ctime=MTIME * SECOND + 1)
    assert saved(tmp_path, "a.txt").trusts(known, ORIGINAL)
    change(tmp_path / NAME)
    assert not Record(at(tmp_path)).trusts(known, ORIGINAL)


def test_a_clock_that_was_put_back_makes_nothing_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, "a.txt")
    earlier = time.time_ns() - 3600 * SECOND
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    assert not Record(at(tmp_path)).trusts(as_status(ctime=MTIME * SECOND + 1), ORIGINAL)


def test_a_file_server_whose_clock_is_behind_is_allowed_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times of change are earlier than ours."""
    since = time.time_ns()
    ahead = 3600 * SECOND
    monkeypatch.setattr(time, "time_ns", lambda: since + ahead)
    record = saved(tmp_path, "a.txt", since=since + ahead)
    assert not record.trusts(as_status(ctime=since + SECOND), ORIGINAL)
    assert abs((tmp_path / NAME).stat().st_mtime_ns - since) < SECOND


def test_on_windows_every_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called ctime there is when a file was made."""
    record = saved(tmp_path)
    status = as_status(ctime=MTIME * SECOND + 1)
    variant = as_status(MADE.size, ctime=MTIME * SECOND + 1)
    assert record.trusts(status, ORIGINAL) and record.trusts_variant(variant, MADE, ORIGINAL)
    monkeypatch.setattr("whitenoise_async.compression.record.os.name", "nt")
    assert not record.trusts(status, ORIGINAL)
    assert not record.trusts_variant(variant, MADE, ORIGINAL)


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def test_what_is_not_put_in_place_after_all_is_not_noted(tmp_path: Path) -> None:
    record = saved(tmp_path, "a.txt")
    record.begin()
    newer = MADE._replace(of="2" * 32, digest="3" * 32)
    with pytest.raises(ZeroDivisionError), record.adding("a.txt", ORIGINAL, "gzip", newer):
        raise ZeroDivisionError
    record.save(time.time_ns())
    assert Record(at(tmp_path)).entries["a.txt"].made["gzip"] == MADE


@pytest.mark.parametrize(
    ("there", "expected"),
    [(b"older", "older"), (b"newer", "newer"), (b"somebody's", "newer"), (None, "newer")],
)
def test_of_a_run_that_was_killed_what_is_ours_is_what_is_there(
    tmp_path: Path, there: bytes | None, expected: str
) -> None:
    """It notes a variant before it puts it in place of the older one."""
    made = {
        content: Made(ORIGINAL.digest, f"zlib {content}", 5, digest(content.encode()))
        for content in ("older", "newer")
    }
    first = Record(at(tmp_path))
    first.begin()
    first.add("a.txt", ORIGINAL, "gzip", made["older"])
    first.add("a.txt", ORIGINAL, "br", NOT_WORTH)
    first.save(time.time_ns())
    killed = Record(at(tmp_path))
    killed.begin()
    killed.add("a.txt", ORIGINAL, "gzip", made["newer"])
    killed.add("a.txt", ORIGINAL, "br", NOT_WORTH._replace(size=998))
    killed.close()
    if there is not None:
        write(tmp_path / "a.txt.gz", there)
    assert Record(at(tmp_path)).entries["a.txt"].made == {
        "gzip": made[expected],
        "br": NOT_WORTH._replace(size=998),
    }


@pytest.mark.parametrize("name", [NAME, JOURNAL])
def test_a_record_that_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(path: str, **_: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    record = Record(at(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fail)
        record.remove()
        write(tmp_path / name, b"")
        with pytest.raises(CompressionError, match=rf"{name} cannot be removed: Permission denied"):
            record.remove()
    record.remove()
    assert working_files(tmp_path) == []


def test_a_record_that_cannot_be_written_leaves_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    record = Record(at(tmp_path))
    record.begin()
    record.add("a.txt", ORIGINAL, "gzip", MADE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(CompressionError, match=rf"{NAME} cannot be written: No space left"):
            record.save(time.time_ns())
    record.close()
    assert working_files(tmp_path) == [JOURNAL]
    assert Record(at(tmp_path)).entries == {"a.txt": Entry(ORIGINAL, {"gzip": MADE})}


def test_its_bytes_do_not_tell_in_what_order_it_was_made(tmp_path: Path) -> None:
    contents = []
    for names in (("a", "b/c", "\udcff"), ("\udcff", "b/c", "a")):
        folder = tmp_path / names[0]
        folder.mkdir()
        saved(folder, *names)
        contents.append((folder / NAME).read_bytes())
    assert contents[0] == contents[1]
    assert json.loads(contents[0])["format"] == 1


def test_what_is_no_more_is_forgotten_and_the_file_with_the_last_of_it(tmp_path: Path) -> None:
    record = saved(tmp_path, "a.txt")
    record.forget("a.txt", "gzip")
    assert record.entries == {"a.txt": Entry(ORIGINAL, {"br": NOT_WORTH})}
    record.forget("a.txt", "br")
    assert record.entries == {}


def test_what_it_tells_of_is_on_the_disk_before_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("sync", "fsync", "replace"):
        monkeypatch.setattr(os, name, noting(done, name, getattr(os, name)))
    Record(at(tmp_path)).save(0)
    assert done == ["sync", "fsync", "replace"]


def noting(done: list[str], name: str, really: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        done.append(name)
        return really(*arguments, **options)

    return call
