"""``python -m whitenoise_async.gzip``: write a ``.gz`` next to each file, if it is smaller."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from ..compression.encoders import Encoder, GzipEncoder
from ..compression.errors import CompressionError, naming
from ..compression.originals import OpenOriginal, require_no_other
from ..files.codings import WORKING_PREFIX
from ..files.draft import Draft, is_unfinished, remove_unfinished
from ..files.folder import Folder, parent_of, walk
from ..files.formats import extension_of
from ..support.threads import Stop, run_in_threads
from .signals import INTERRUPTS, raising_on_signals
from .terminal import Parser, say

#: Extensions of compressed formats.
DEFAULT_EXCLUDED = (
    *("jpg", "jpeg", "png", "gif"),
    *("zip", "gz", "tgz", "bz2", "tbz"),
    *("swf", "flv", "woff"),
)

_BY_MODULE = "python -m whitenoise_async.gzip"

_WHAT_IS_LEFT = "finished files stay, and no file is left incomplete."


class Written(NamedTuple):
    """The result for one file. Sizes are in bytes; ``None`` if nothing was written."""

    path: str
    original: int
    compressed: int | None


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Run the command.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: the name of the command in its help.
    :returns: the exit status: 0 for success, 1 if a file could not be read or written.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    parser = _parser(program)
    options = parser.parse_intermixed_args(arguments)
    if not os.path.isdir(options.root):
        parser.error(f"{options.root} is not a directory")
    excluded = {each.lower().removeprefix(".") for each in options.extensions}
    with raising_on_signals():
        try:
            return _run(options.root, excluded or set(DEFAULT_EXCLUDED), options.quiet)
        except tuple(INTERRUPTS) as interrupt:
            word, status = INTERRUPTS[type(interrupt)]
            say(f"{word}: {_WHAT_IS_LEFT}", error=True)
            return status


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Write a .gz file next to each file below a folder, if it is smaller.",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors")
    parser.add_argument("root", help="the folder")
    parser.add_argument(
        "extensions",
        nargs="*",
        help=f"extensions of files to skip (default: {', '.join(DEFAULT_EXCLUDED)})",
    )
    return parser


def _run(root: str, excluded: set[str], quiet: bool) -> int:
    failures: list[str] = []

    def fail(message: str) -> None:
        failures.append(message)
        say(message, error=True)

    def compress(path: str) -> None:
        try:
            outcome = compress_file(folder, path, encoder, stop)
        except CompressionError as error:
            fail(str(error))
        else:
            if not quiet:
                say(_line(outcome))

    encoder, stop = GzipEncoder(), Stop()
    try:
        with naming(root, "listed"), Folder.opened(root) as folder:
            found = find_files(
                folder, excluded, lambda _, message: fail(message), remove_unfinished
            )
            paths = list(found)
            run_in_threads(compress, paths, 1, stop)
    except CompressionError as error:
        fail(str(error))
    return 1 if failures else 0


def find_files(
    root: Folder,
    excluded: Collection[str],
    on_error: Callable[[str, str], object],
    on_unfinished: Callable[[Folder, str], None] = lambda folder, name: None,
) -> Iterator[str]:
    """Yield the path below ``root`` of each regular file and link to one, in a fixed order.

    :param excluded: extensions to leave out, in lower case, without the dot. ``gz`` always is.
    :param on_error: called with the path of each folder that cannot be listed, and a message.
    :param on_unfinished: called with each file that a killed command left unfinished.
    """
    for below, folder, entries in walk(root, on_error):
        for entry in entries:
            extension = extension_of(entry.name)
            if entry.name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    on_unfinished(folder, entry.name)
            elif extension != "gz" and extension not in excluded and _is_file(entry):
                yield below + entry.name


def compress_file(root: Folder, path: str, encoder: Encoder, stop: Stop) -> Written:
    """Write the file ``path`` below ``root``, compressed, next to it, if that is smaller.

    The result has the original's mode and modification time, and appears complete or not at all.

    :raises CompressionError: if the file cannot be read or its variant cannot be written. Also if
        nothing is written and an old variant does not match the file. It may come from another
        tool, so it is not removed.
    """
    with (
        naming(root.path_of(path), "compressed"),
        parent_of(root, path) as (folder, name),
        closing(OpenOriginal(folder, name)) as source,
        Draft(folder, name + encoder.suffix) as draft,
    ):
        for piece in encoder.compress(stop.watch(source.pieces()), source.size):
            draft.write(piece)
        if draft.size >= source.size:
            require_no_other(source, encoder)
            return Written(source.path, source.size, None)
        draft.publish(*source.metadata)
        return Written(source.path, source.size, draft.size)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a loop of links
        return False


def _line(outcome: Written) -> str:
    if outcome.compressed is None:
        return f"{outcome.path}: {outcome.original} bytes, not smaller with gzip"
    return f"{outcome.path}: {outcome.original} bytes, {outcome.compressed} with gzip"
