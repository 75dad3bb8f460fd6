"""``whitenoise-async``: the console script, which runs the other commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from .terminal import Parser

_PROGRAM = "whitenoise-async"

#: Each command is the module of this name.
_COMMANDS = {
    "serve": "serve a folder over HTTP",
    "compress": "write .gz, .br and .zst variants next to files",
    "publish": "publish releases to a folder or a bucket",
    "gzip": "write a .gz file next to each file, if it is smaller",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :returns: the command's exit status.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    options = _parser().parse_args(arguments)
    # Imported here, because each command needs libraries that the others do not.
    command = import_module(f".{options.command}", __package__)
    status: int = command.main(options.arguments, f"{_PROGRAM} {options.command}")
    return status


def _parser() -> Parser:
    parser = Parser(
        prog=_PROGRAM,
        description="Serve, compress or publish a folder of static files.",
        epilog="\n".join(f"{name:10} {what}" for name, what in _COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{_PROGRAM} {__version__}")
    parser.add_argument("command", choices=_COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="...",
        help="arguments of the command; see COMMAND --help",
    )
    return parser
