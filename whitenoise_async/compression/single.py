"""One file after the other, without a record: each variant is written anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from typing import NamedTuple

from ..files.codings import WORKING_PREFIX
from .drafts import Draft
from .encoders import Encoder
from .errors import naming
from .folders import Folder, parent_of
from .originals import Source
from .report import Failure
from .settings import extension_of
from .threads import Stop
from .tree import is_unfinished, walk
from .variants import compress_into, require_no_other


class Written(NamedTuple):
    """What became of one file. Sizes in bytes; ``None`` where nothing was written."""

    path: str
    original: int
    compressed: int | None


def find_files(
    root: Folder,
    excluded: Collection[str],
    on_failure: Callable[[Failure], None],
    on_unfinished: Callable[[Folder, str], None] = lambda folder, name: None,
) -> Iterator[str]:
    """Yield the path, from ``root`` on, of every regular file below it, in a fixed order.

    Links to files are among them.

    :param excluded: extensions that are passed over, in lower case, without the dot. What is
        compressed already (``gz``) always is.
    :param on_failure: takes each folder that cannot be listed.
    :param on_unfinished: takes what a killed command has begun to write.
    """
    for below, folder, entries in walk(root, on_failure):
        for entry in entries:
            extension = extension_of(entry.name)
            if entry.name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    on_unfinished(folder, entry.name)
            elif extension != "gz" and extension not in excluded and _is_file(entry):
                yield below + entry.name


def compress_file(root: Folder, path: str, encoder: Encoder, stop: Stop) -> Written:
    """Write the file ``path`` below ``root``, compressed, next to it, if that is smaller.

    The result has the original's mode and modification time, and appears whole or not at all.

    :param stop: is asked between two pieces of the file.
    :raises CompressionError: where the file cannot be read or its variant cannot be written, or
        where nothing is written and an old variant that does not belong to it would go on being
        served. It may be somebody's own: it is named, not removed.
    """
    with (
        naming(root.path_of(path), "compressed"),
        parent_of(root, path) as (folder, name),
        closing(Source(folder, name, lambda _: stop.require_going_on())) as source,
        Draft(folder, name + encoder.suffix) as draft,
    ):
        compress_into(draft, source, encoder)
        if draft.size >= source.size:
            require_no_other(source, encoder)
            return Written(source.path, source.size, None)
        draft.publish(source.mode, source.mtime_ns, source.owner)
        return Written(source.path, source.size, draft.size)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # as of a loop of links
        return False
