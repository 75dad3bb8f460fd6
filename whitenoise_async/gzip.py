"""``python -m whitenoise_async.gzip``: write a ``.gz`` beside each file that is smaller for it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .compression import CompressionError, Outcome, find_files, gzip_file
from .console import say

#: Extensions of files that are compressed in themselves.
DEFAULT_EXCLUDED = (
    *("jpg", "jpeg", "png", "gif"),
    *("zip", "gz", "tgz", "bz2", "tbz"),
    *("swf", "flv", "woff"),
)

# What a shell makes of SIGINT and of SIGTERM.
_INTERRUPTED = 130
_TERMINATED = 143

_WHAT_IS_LEFT = "what is compressed so far stays, nothing is left half-written."


class _Terminated(BaseException):
    """SIGTERM has come. Like a ``KeyboardInterrupt`` it is no error."""


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
        with _raising_on_sigterm():
            return _run(options.root, excluded or set(DEFAULT_EXCLUDED), options.quiet)
    except KeyboardInterrupt:
        say(f"Interrupted: {_WHAT_IS_LEFT}", error=True)
        return _INTERRUPTED
    except _Terminated:
        say(f"Terminated: {_WHAT_IS_LEFT}", error=True)
        return _TERMINATED


@contextmanager
def _raising_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise :class:`_Terminated`, where it would end the process on the spot."""

    def terminate(*_: object) -> None:
        raise _Terminated

    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # ignored, or handled by whoever calls
        return
    try:
        signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        yield  # Python sets handlers in the main thread alone
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


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
