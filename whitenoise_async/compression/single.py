"""One file after the other, without a record: each variant is written anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from typing import NamedTuple

from ..codings import WORKING_PREFIX
from .drafts import Draft
from .encoders import Encoder
from .originals import Source
from .report import Failure
from .settings import extension_of
from .threads import Stop
from .tree import is_unfinished, walk
from .variants import compress_into, naming, require_no_other


class Written(NamedTuple):
    """What became of one file. Sizes in bytes; ``None`` where nothing was written."""

    path: str
    original: int
    compressed: int | None


def find_files(
    root: str | os.PathLike[str],
    excluded: Collection[str],
    on_failure: Callable[[Failure], None],
    on_unfinished: Callable[[str], None] = lambda path: None,
) -> Iterator[str]:
    """Yield every regular file below ``root``, links to files among them, in a fixed order.

    :param excluded: extensions that are passed over, in lower case, without the dot. What is
        compressed already (``gz``) always is.
    :param on_failure: takes each folder that cannot be listed.
    :param on_unfinished: takes what a killed command has begun to write.
    """
    for _, entries in walk(os.fspath(root), on_failure):
        for entry in entries:
            extension = extension_of(entry.name)
            if entry.name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    on_unfinished(entry.path)
            elif extension != "gz" and extension not in excluded and os.path.isfile(entry.path):
                yield entry.path


def compress_file(path: str, encoder: Encoder, stop: Stop) -> Written:
    """Write ``path``, compressed, beside the file, if that is smaller.

    The result has the original's mode and modification time, and appears whole or not at all.

    :param stop: is asked between two pieces of the file.
    :raises CompressionError: where the file cannot be read or its variant cannot be written, or
        where nothing is written and an old variant that does not belong to it would go on being
        served. It may be somebody's own: it is named, not removed.
    """
    with (
        closing(Source(path, lambda _: stop.require_going_on())) as source,
        naming(path, "compressed"),
        Draft(path + encoder.suffix) as draft,
    ):
        compress_into(draft, source, encoder)
        if draft.size >= source.size:
            require_no_other(source, encoder)
            return Written(path, source.size, None)
        draft.publish(source.mode, source.mtime_ns, source.owner)
        return Written(path, source.size, draft.size)
