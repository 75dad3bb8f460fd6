"""``python -m whitenoise_async.gzip``: write a ``.gz`` beside each file that is smaller for it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .compression import CompressionError, Outcome, find_files, gzip_file
from .console import say

#: Extensions of files that are compressed in themselves.
DEFAULT_EXCLUDED = (
    *("jpg", "jpeg", "png", "gif"),
    *("zip", "gz", "tgz", "bz2", "tbz"),
    *("swf", "flv", "woff"),
)

_INTERRUPTED = 130  # what a shell makes of SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :returns: the exit status: 0 when all went well, 1 when something could not be read or written.
    :raises SystemExit: with status 2, for a command line that makes no sense.
    """
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    if not os.path.isdir(options.root):
        parser.error(f"{options.root} is not a directory")
    excluded = {each.lower().removeprefix(".") for each in options.extensions}
    try:
        return _run(options.root, excluded or set(DEFAULT_EXCLUDED), options.quiet)
    except KeyboardInterrupt:
        say(
            "Interrupted: what is compressed so far stays, nothing is left half-written.",
            error=True,
        )
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m whitenoise_async.gzip",
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

    unlisted = find_files(
        root, excluded, lambda error: fail(f"{error.filename} cannot be listed: {error.strerror}")
    )
    for path in unlisted:
        try:
            outcome = gzip_file(path)
        except CompressionError as error:
            fail(str(error))
        else:
            if not quiet:
                say(_line(outcome))
    return 1 if failures else 0


def _line(outcome: Outcome) -> str:
    if outcome.compressed is None:
        return f"{outcome.path}: {outcome.original} bytes, no smaller as gzip"
    return f"{outcome.path}: {outcome.original} bytes, as gzip {outcome.compressed}"


if __name__ == "__main__":
    sys.exit(main())
