"""The engine behind the command lines: which files to compress, and how one is written safely."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from gzip import GzipFile
from typing import IO, NamedTuple

from .files import FileSystemError, OpenFile, UnavailableError, open_file
from .representations import FileState

_SUFFIX = ".gz"
_LEVEL = 9


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
        source = open_file(path)
    except (UnavailableError, FileSystemError) as error:
        raise CompressionError(str(error)) from error
    try:
        return _gzip(source)
    except OSError as error:
        raise CompressionError(f"{path} cannot be compressed: {error.strerror or error}") from error
    finally:
        source.close()


def _gzip(source: OpenFile) -> Outcome:
    path, original, mtime_ns = source.path, *source.state
    # By its own suffix a temporary file is never taken for one that wants compressing.
    descriptor, temporary = tempfile.mkstemp(
        prefix=".whitenoise-", suffix=_SUFFIX, dir=os.path.dirname(path)
    )
    try:
        with os.fdopen(descriptor, "wb") as target:
            size = _copy_compressed(source, target)
        if size >= original:
            return Outcome(path, original, None)
        shutil.copymode(path, temporary)
        os.utime(temporary, ns=(mtime_ns, mtime_ns))
        os.replace(temporary, path + _SUFFIX)
        return Outcome(path, original, size)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _copy_compressed(source: OpenFile, target: IO[bytes]) -> int:
    with GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=target, mtime=0) as stream:
        shutil.copyfileobj(source.file, stream)
    target.flush()
    now = os.fstat(source.file.fileno())
    if FileState(now.st_size, now.st_mtime_ns) != source.state:
        raise OSError("it was changed meanwhile")
    return target.tell()
