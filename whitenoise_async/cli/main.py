"""``whitenoise-async``: the console script, by which each command is reached."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from .terminal import Parser

_PROGRAM = "whitenoise-async"

#: Each is a module of its name.
_COMMANDS = {
    "serve": "publish a folder",
    "compress": "keep .gz, .br and .zst beside files",
    "gzip": "write a .gz beside each file that is smaller for it",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :returns: the command's exit status.
    :raises SystemExit: with status 2, for a command line that makes no sense.
    """
    options = _parser().parse_args(arguments)
    # Late: to serve takes a server, to compress encoders, and neither needs what the other does.
    command = import_module(f".{options.command}", __package__)
    status: int = command.main(options.arguments, f"{_PROGRAM} {options.command}")
    return status


def _parser() -> Parser:
    parser = Parser(
        prog=_PROGRAM,
        description="Static files of Python web applications.",
        epilog="\n".join(f"{name:10} {what}" for name, what in _COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{_PROGRAM} {__version__}")
    parser.add_argument("command", choices=_COMMANDS, metavar="COMMAND", help="one of those below")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="its own; --help tells them"
    )
    return parser
