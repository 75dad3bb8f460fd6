"""Files that are not on this machine."""

from __future__ import annotations

from whitenoise_async.files.remote_file import RemoteFile

CONTENT = b"0123456789"


def test_it_is_read_by_ranges() -> None:
    ranges = []

    def read(start: int, stop: int) -> bytes:
        ranges.append((start, stop))
        return CONTENT[start:stop]

    file = RemoteFile("s3://x/a", "d1", len(CONTENT), read)
    assert file.read(2, 3) == b"234"
    assert file.read(8, 5) == b"89"
    assert file.read(10, 5) == b""
    assert file.read_fully(0, 100) == CONTENT
    assert ranges == [(2, 5), (8, 10), (0, 10)]


def test_it_never_changes_and_needs_no_descriptor() -> None:
    file = RemoteFile("s3://x/a", "d1", 10, lambda start, stop: b"")
    assert file.share() is file
    file.close()
    assert file.is_open
    assert file.is_unchanged()
    assert not (file.is_local or file.is_by_path or file.may_grow or file.supports_nowait)
    assert file.fileno() == -1
    assert (file.read_nowait(0, 1), file.change_since_open()) == (None, None)


def test_its_state_tells_contents_apart() -> None:
    files = [RemoteFile("s3://x/a", digest, 10, lambda *_: b"") for digest in ("a", "a", "b")]
    assert files[0].state == files[1].state != files[2].state
    assert files[0].state.has_constant_date()
