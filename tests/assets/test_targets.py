"""The files to which references of style sheets lead, and those that stay as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.assets import digits_of, hash_of, rewritten
from tests.helpers.files import write
from whitenoise_async import Assets
from whitenoise_async.assets.contents import Contents
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.registry.entries import HashedFile, StaticFile
from whitenoise_async.serving.source import WrongHashError


@pytest.mark.parametrize(
    "reference",
    [
        "missing.png", "../x.png", "../../css/x.png", "x.png/", "X.PNG", ".//x.png", "/css/x.png",
        "//host/x.png", "https://host/x.png", "data:,x", "#x", "?x", "x%2Fy.png", "%ff.png", "docs",
        "x%252Epng", "x.0123456789ab.png", "excluded.png",
    ],
)  # fmt: skip
def test_every_other_reference_stays_as_it_is(tmp_path: Path, reference: str) -> None:
    """A reference above the top may lead to another application of the server."""
    write(tmp_path / "css" / "x.png", b"x")
    write(tmp_path / "css" / "excluded.png", b"x")
    write(tmp_path / "css" / "docs" / "index.html", b"docs")
    write(tmp_path / "x.png.txt", b"x")
    sheet = f"a {{ b: url({reference}) }}"
    write(tmp_path / "css" / "a.css", sheet.encode())
    assets = Assets(tmp_path, exclude=["excluded.png"], index_file=True)
    assert rewritten(assets, "css/a.css") == sheet


def test_a_missing_file_is_reported_once_with_the_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [b"a {}", b"/* url(x) */", b"b { c: url(missing.png) }", b"d { e: url(missing.png) }"]
    path = write(tmp_path / "a.css", b"\n".join(lines))
    assets = Assets(tmp_path, check_interval=0)
    for _ in range(3):
        assets.url("a.css")
        rewritten(assets, "a.css")
    assert caplog.messages == [f"{path}, line 3: missing.png gets no hash: there is no such file"]


@pytest.mark.parametrize("break_it", [Path.unlink, lambda path: replace_by_fifo(path)])
def test_a_file_that_cannot_be_opened_is_like_a_missing_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it: Any
) -> None:
    sheet = b"a { b: url(x.png) }"
    image = write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", sheet)
    assets = Assets(tmp_path, check_interval=0)
    before = hash_of(assets, "a.css")
    break_it(image)
    assert hash_of(assets, "a.css") != before
    assert rewritten(assets, "a.css") == sheet.decode()
    assert any("a.css, line 1: x.png gets no hash: it " in each for each in caplog.messages)


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def test_a_file_that_appears_meanwhile_is_reached_by_all_references_or_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the hash is right, but a reference stays as it is."""
    write(tmp_path / "about.html", b"about")
    write(tmp_path / "a.css", b'@import "b.css"; a { b: url(about) url(about.html) url(about) }')
    write(tmp_path / "b.css", b"b { b: url(about) }")
    assets = Assets(tmp_path, clean_urls=True, check_interval=0)
    file = assets.site.registry.look_up(assets.url("a.css"))
    assert isinstance(file, HashedFile)
    real = Contents.current
    failed: list[StaticFile] = []

    def fail_once(self: Contents, target: StaticFile) -> Any:
        if target.url == "/about" and not failed:
            failed.append(target)
            raise UnavailableError(target.path, "test")
        return real(self, target)

    monkeypatch.setattr(Contents, "current", fail_once)
    with pytest.raises(WrongHashError):
        assets.site.source.open(file)
    assert failed
    assert rewritten(assets, "a.css").count(digits_of(b"about")) == 3


def test_a_fault_of_the_disk_is_not_taken_for_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", b"a { b: url(x.png) }")
    read = OpenFile.read

    def fail(file: OpenFile, offset: int, size: int) -> bytes:
        if file.path == str(image):
            raise FileSystemError(file.path, OSError(5, "Input/output error"))
        return read(file, offset, size)

    monkeypatch.setattr(OpenFile, "read", fail)
    with pytest.raises(FileSystemError, match="Input/output error"):
        Assets(tmp_path).url("a.css")


def test_a_style_sheet_may_refer_to_a_file_of_another_root(tmp_path: Path) -> None:
    write(tmp_path / "css" / "a.css", b"a { b: url(../img/x.png) }")
    write(tmp_path / "images" / "x.png", b"x")
    assets = Assets(tmp_path / "css", "static/css")
    assert "(../img/x.png)" in rewritten(assets, "a.css")
    assets.add_files(tmp_path / "images", "static/img")
    assert f"(../img/x.{digits_of(b'x')}.png)" in rewritten(assets, "a.css")
