"""The engine behind the command lines: which files to compress, and how one is written safely."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from gzip import BadGzipFile, GzipFile
from typing import IO, NamedTuple

from .files import FileSystemError, OpenFile, UnavailableError, open_file, state_of

_SUFFIX = ".gz"
_LEVEL = 9
_CHUNK_SIZE = 64 * 1024  # bytes


class Outcome(NamedTuple):
    """What became of one file. Sizes in bytes; ``None`` where nothing was written."""

    path: str
    original: int
    compressed: int | None


class CompressionError(Exception):
    """A file that could not be compressed; the message names it and says why."""


def find_files(
    root: str | os.PathLike[str], excluded: Collection[str], on_error: Callable[[OSError], None]
) -> Iterator[str]:
    """Yield every regular file below ``root``, links to files among them, in a fixed order.

    :param excluded: extensions that are passed over, in lower case, without the dot. What is
        compressed already (``gz``) always is.
    :param on_error: called for each directory that cannot be listed.
    """
    for directory, directories, names in os.walk(root, onerror=on_error):
        directories.sort()
        for name in sorted(names):
            extension = os.path.splitext(name)[1][1:].lower()
            path = os.path.join(directory, name)
            if f".{extension}" != _SUFFIX and extension not in excluded and os.path.isfile(path):
                yield path


def gzip_file(path: str) -> Outcome:
    """Write ``path`` with ``.gz`` at its end, beside the file, if that is smaller.

    The same content always gives the same bytes: neither date nor name stands in the header. The
    result has the original's mode and modification time, and appears whole or not at all.

    :raises CompressionError: where the file cannot be read or its sibling cannot be written.
    """
    try:
        with closing(open_file(path)) as source:
            return _gzip(source)
    except (UnavailableError, FileSystemError) as error:
        raise CompressionError(f"{path} cannot be read: {error.reason}") from error
    except OSError as error:
        raise CompressionError(f"{path} cannot be compressed: {error.strerror or error}") from error


def _gzip(source: OpenFile) -> Outcome:
    path, original, mtime_ns = source.path, source.state.size, source.state.mtime_ns
    # By its own suffix a temporary file is never taken for one that wants compressing.
    descriptor, temporary = tempfile.mkstemp(
        prefix=".whitenoise-", suffix=_SUFFIX, dir=os.path.dirname(path)
    )
    try:
        with os.fdopen(descriptor, "wb") as target:
            size = _copy_compressed(source, target)
        if size >= original:
            _refuse_leftover(source)
            return Outcome(path, original, None)
        shutil.copymode(path, temporary)
        os.utime(temporary, ns=(mtime_ns, mtime_ns))
        os.replace(temporary, path + _SUFFIX)
        return Outcome(path, original, size)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _refuse_leftover(source: OpenFile) -> None:
    """Where nothing is written, a sibling of an earlier state would go on being served.

    It may be somebody's own: it is named, not removed.
    """
    leftover = source.path + _SUFFIX
    try:
        with closing(open_file(leftover)) as sibling:
            same = _decompresses_to(sibling, source)
    except UnavailableError:
        return
    if not same:
        raise CompressionError(
            f"{leftover} is not {source.path}, compressed, and nothing smaller can be: remove it"
        )


def _decompresses_to(sibling: OpenFile, source: OpenFile) -> bool:
    with sibling.stream() as compressed, source.stream() as original:
        try:
            with GzipFile(fileobj=compressed) as stream:
                for chunk in iter(lambda: stream.read(_CHUNK_SIZE), b""):
                    if chunk != original.read(len(chunk)):
                        return False
        except (BadGzipFile, EOFError, zlib.error):
            return False
        return not original.read(1)


def _copy_compressed(source: OpenFile, target: IO[bytes]) -> int:
    original_size, mtime_ns, _ = source.state
    with (
        source.stream() as original,
        GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=target, mtime=0) as stream,
    ):
        shutil.copyfileobj(original, stream)
    target.flush()
    now = state_of(os.fstat(source.fileno()))
    if (now.size, now.mtime_ns) != (original_size, mtime_ns):
        raise OSError("it was changed meanwhile")
    return target.tell()
