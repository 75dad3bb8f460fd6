"""The messages that the folder command prints when it starts."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import write
from whitenoise_async.assets.small_files import Saving
from whitenoise_async.cli.serve import main
from whitenoise_async.cli.serve_messages import say_saving
from whitenoise_async.cli.servers import SERVERS
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.files.state import state_or_none

TEXT = b"body { color: black }\n" * 100


def test_a_removed_or_unreadable_file_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "public"
    for name in ("app.css", "gone.txt", "ill.txt", "index.html"):
        write(folder / name, b"text")

    def state(path: str) -> Any:
        if path.endswith("ill.txt"):
            raise FileSystemError(path, OSError(errno.EIO, "Input/output error"))
        return None if path.endswith("gone.txt") else state_or_none(path)

    monkeypatch.setattr("whitenoise_async.cli.serve_messages.state_or_none", state)
    monkeypatch.setitem(SERVERS, "uvicorn", lambda *_: None)
    arguments = [str(folder), "--port=0", "--server=uvicorn"]
    assert main(arguments) == 0
    assert "2 files, " in capsys.readouterr().out
    more = ["--autorefresh", "--max-age=5", "--prefix=static", "--exclude=*.map"]
    assert main([*arguments, *more]) == 0
    assert capsys.readouterr().out.endswith("Files are looked up on each request\n")


def test_the_command_that_compresses_is_named_if_nothing_is_compressed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my site"
    monkeypatch.setattr("sys.executable", "/venv/bin/python3")
    monkeypatch.setattr("shutil.which", {"python": "/venv/bin/python"}.get)
    write(folder / "photo.jpg", TEXT)
    write(folder / "small.css", b"a")

    def advice(*arguments: str) -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(SERVERS, "uvicorn", lambda *_: None)
            assert main([str(folder), "--port=0", "--server=uvicorn"], *arguments) == 0
        return capsys.readouterr().out.splitlines()[2:]

    assert advice() == []
    write(folder / "app.css", TEXT)
    says = "To compress them, add --compress, or run this ahead of time: "
    assert advice() == [f"{says}python -m whitenoise_async.compress '{folder}'"]
    for other in (None, "/usr/bin/python"):
        monkeypatch.setattr("shutil.which", {"python": other}.get)
        (line,) = advice()
        assert line == f"{says}/venv/bin/python3 -m whitenoise_async.compress '{folder}'"
    assert advice("whitenoise-async serve") == [f"{says}whitenoise-async compress '{folder}'"]
    write(folder / "app.css", TEXT, compressed=True)
    assert advice() == []


@pytest.mark.parametrize(("content", "share"), [(b"", ""), (b"a", ", 0% of them")])
def test_empty_files_have_no_share_of_variants(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    share: str,
) -> None:
    monkeypatch.setitem(SERVERS, "uvicorn", lambda *_: None)
    write(tmp_path / "app.css", content)
    assert main([str(tmp_path), "--port=0", "--server=uvicorn"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.partition(" with ")[0] == f"1 file, {len(content)} bytes{share}"


def test_with_compression_in_memory_the_files_that_it_concerns_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVERS, "uvicorn", lambda *_: None)
    for name in ("app.css", "app.js", "photo.jpg"):
        write(tmp_path / name, TEXT)
    write(tmp_path / "done.css", TEXT, compressed=True)
    write(tmp_path / "small.css", b"a")
    write(tmp_path / "large.css", bytes(2_000_000))
    assert main([str(tmp_path), "--port=0", "--server=uvicorn", "--compress"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert lines == ["Compressed in memory when first requested: 2 files, 4,400 bytes"]


def test_nothing_is_said_if_nothing_was_saved(capsys: pytest.CaptureFixture[str]) -> None:
    say_saving(Saving(0, 0, 0))
    assert capsys.readouterr().out == ""
    say_saving(Saving(1, 12_345, 2_345))
    expected = "Compressed in memory: 1 file, from 12,345 bytes to 2,345\n"
    assert capsys.readouterr().out == expected
