"""Content that is in memory only, in the form of an open file."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.files import write
from whitenoise_async.files.content import pieces_of_file
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.state import read_state


def test_it_is_read_like_an_open_file(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.css", b"original"))
    origin = read_state(path)
    file = MemoryFile(b"rewritten content", path, origin)
    assert file.read_fully(0, 9) == b"rewritten"
    assert file.read_fully(10, 100) == b"content"
    assert file.read_fully(99, 1) == b""
    assert b"".join(pieces_of_file(file)) == b"rewritten content"
    assert file.path == path
    assert file.is_unchanged()
    file.close()
    assert file.read_fully(0, 9) == b"rewritten"


def test_its_state_has_the_date_of_its_origin_and_equals_that_of_no_file(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.css", b"original"))
    origin = read_state(path)
    state = MemoryFile(b"as long!", path, origin).state
    assert (state.size, state.mtime_ns) == (origin.size, origin.mtime_ns)
    assert state.last_modified() == origin.last_modified()
    assert (state.device, state != origin) == (-1, True)
