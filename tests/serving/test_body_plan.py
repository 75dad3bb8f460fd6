"""The plan of a body: literal bytes, and ranges of the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.files import open_file as open_file_module
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.http.ranges import ByteRange
from whitenoise_async.serving.body_plan import EMPTY, BodyPart, BodyPlan

CONTENT = os.urandom(10_000)
PARTS = [
    BodyPart(b"a", ByteRange(3, 7)),
    BodyPart(b"b", ByteRange(0, 2)),
    BodyPart(b"end", ByteRange(0, 0)),
]
BODY = b"a" + CONTENT[3:7] + b"b" + CONTENT[:2] + b"end"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", CONTENT)


@pytest.fixture
def file(path: Path) -> Iterator[OpenFile]:
    with closing(open_file(str(path))) as file:
        yield file


def test_a_body_is_cut_or_read_by_its_plan(file: OpenFile) -> None:
    plan = BodyPlan(PARTS)
    assert list(plan) == PARTS
    assert (plan.length, plan.file_length) == (len(BODY), 6)
    assert (plan.is_multipart, plan.is_whole_file) == (True, False)
    assert plan.slice(CONTENT) == plan.read(file) == BODY


def test_only_a_body_of_several_parts_is_multipart() -> None:
    assert BodyPlan(PARTS[:2]).is_multipart
    plans = [
        EMPTY,
        BodyPlan.of_bytes(b"a"),
        BodyPlan.of_file(9),
        BodyPlan.of_range(PARTS[0].range, 9),
    ]
    assert not any(plan.is_multipart for plan in plans)


def test_a_body_may_be_the_whole_file(file: OpenFile) -> None:
    plan = BodyPlan.of_file(len(CONTENT))
    assert plan.is_whole_file
    assert plan.length == plan.file_length == len(CONTENT)
    assert plan.slice(CONTENT) is CONTENT
    assert plan.read(file) == CONTENT


@pytest.mark.parametrize(
    ("part", "is_whole_file"),
    [(ByteRange(5, 15), False), (ByteRange(0, 9_999), False), (ByteRange(0, 10_000), True)],
)
def test_a_body_may_be_one_range(file: OpenFile, part: ByteRange, is_whole_file: bool) -> None:
    plan = BodyPlan.of_range(part, len(CONTENT))
    assert (plan.is_whole_file, plan.length) == (is_whole_file, part.length)
    assert plan.slice(CONTENT) == plan.read(file) == CONTENT[part.start : part.stop]


def test_a_body_may_need_no_file(file: OpenFile) -> None:
    plan = BodyPlan.of_bytes(b"text")
    assert (plan.length, plan.file_length, plan.is_whole_file) == (4, 0, False)
    assert plan.literal == plan.slice(CONTENT) == plan.read(file) == b"text"
    assert (
        BodyPlan([BodyPart(b"a", ByteRange(0, 0)), BodyPart(b"b", ByteRange(0, 0))]).literal
        == b"ab"
    )


def test_a_body_may_be_empty(file: OpenFile) -> None:
    assert (EMPTY.length, EMPTY.is_multipart, EMPTY.is_whole_file) == (0, False, False)
    assert EMPTY.literal == EMPTY.slice(CONTENT) == EMPTY.read(file) == b""


def test_a_read_that_the_system_cuts_short_is_continued(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        open_file_module,
        "read_at",
        lambda descriptor, size, offset: os.pread(descriptor, min(size, 999), offset),
    )
    assert BodyPlan.of_file(len(CONTENT)).read(file) == CONTENT


def test_the_body_of_a_file_that_has_changed_is_none(file: OpenFile, path: Path) -> None:
    os.truncate(path, 5000)
    assert BodyPlan.of_file(len(CONTENT)).read(file) is None
    assert BodyPlan.of_range(ByteRange(0, 10), len(CONTENT)).read(file) is None


def test_a_body_that_ends_early_is_none_even_if_the_file_looks_unchanged(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may report an old size."""
    monkeypatch.setattr(
        open_file_module,
        "read_at",
        lambda descriptor, size, offset: os.pread(descriptor, min(size, 5000 - offset), offset),
    )
    assert BodyPlan.of_file(len(CONTENT)).read(file) is None
    assert BodyPlan.of_range(ByteRange(0, 5000), len(CONTENT)).read(file) == CONTENT[:5000]
