"""``python -m whitenoise_async.gzip``: write a ``.gz`` beside each file that is smaller for it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..compression.drafts import remove_unfinished
from ..compression.encoders import GzipEncoder
from ..compression.errors import CompressionError, naming
from ..compression.folders import Folder
from ..compression.single import Written, compress_file, find_files
from ..compression.threads import Stop, in_threads
from .signals import INTERRUPTS, raising_on_signals
from .terminal import Parser, say

#: Extensions of files that are compressed in themselves.
DEFAULT_EXCLUDED = (
    *("jpg", "jpeg", "png", "gif"),
    *("zip", "gz", "tgz", "bz2", "tbz"),
    *("swf", "flv", "woff"),
)

_BY_MODULE = "python -m whitenoise_async.gzip"

_WHAT_IS_LEFT = "what is compressed so far stays, nothing is left half-written."


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Run the command.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: how the command was called, for its help.
    :returns: the exit status: 0 when all went well, 1 when something could not be read or written.
    :raises SystemExit: with status 2, for a command line that makes no sense.
    """
    parser = _parser(program)
    options = parser.parse_intermixed_args(arguments)
    if not os.path.isdir(options.root):
        parser.error(f"{options.root} is not a directory")
    excluded = {each.lower().removeprefix(".") for each in options.extensions}
    try:
        with raising_on_signals():
            return _run(options.root, excluded or set(DEFAULT_EXCLUDED), options.quiet)
    except tuple(INTERRUPTS) as interrupt:
        word, status = INTERRUPTS[type(interrupt)]
        say(f"{word}: {_WHAT_IS_LEFT}", error=True)
        return status


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Write a .gz beside every file below a folder that is smaller for it.",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("root", help="the folder")
    parser.add_argument(
        "extensions",
        nargs="*",
        help=f"extensions of files to leave alone (default: {', '.join(DEFAULT_EXCLUDED)})",
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
            found = find_files(folder, excluded, lambda each: fail(each.reason), remove_unfinished)
            paths = list(found)
            in_threads(compress, paths, 1, stop)
    except CompressionError as error:
        fail(str(error))
    return 1 if failures else 0


def _line(outcome: Written) -> str:
    if outcome.compressed is None:
        return f"{outcome.path}: {outcome.original} bytes, no smaller as gzip"
    return f"{outcome.path}: {outcome.original} bytes, as gzip {outcome.compressed}"
