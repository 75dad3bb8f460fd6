"""Manifests of build tools are read once, and again after a build."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from whitenoise_async.support.manifests import is_web_app_manifest, read_manifest


def test_a_manifest_is_parsed_again_only_when_its_date_or_size_changes(tmp_path: Path) -> None:
    calls: list[Any] = []

    def parse(content: Any) -> Any:
        calls.append(content)
        return content

    path = str(write(tmp_path / "a.json", b"[1]"))
    first = read_manifest(path, parse)
    assert read_manifest(path, parse) is first
    write(tmp_path / "a.json", b"[1, 2]")
    assert read_manifest(path, parse) == [1, 2]
    os.utime(path, (1, 1))
    assert read_manifest(path, parse) == [1, 2]
    assert calls == [[1], [1, 2], [1, 2]]


def test_without_a_file_there_is_no_manifest(tmp_path: Path) -> None:
    write(tmp_path / "file", b"")
    for name in ("", "missing", "file/a.json"):
        assert read_manifest(os.path.join(tmp_path, *name.split("/")), str) is None


def test_an_error_is_raised_again_at_the_next_call(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.json", b"{"))
    for _ in range(2):
        with pytest.raises(ValueError, match="Expecting property name"):
            read_manifest(path, str)


@pytest.mark.parametrize(
    ("content", "expected"), [({"name": "App"}, True), ({"icons": []}, True), ({"a.js": {}}, False)]
)
def test_a_web_app_manifest_is_recognized(content: dict[str, Any], expected: bool) -> None:
    assert is_web_app_manifest(content) is expected
