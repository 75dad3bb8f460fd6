"""``python -m whitenoise_async DIR``, ``whitenoise-async serve DIR``: publish a folder."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import quote

from ..asgi.adapter import ASGIWhiteNoise
from ..files.errors import FileSystemError
from ..files.state import state_or_none
from ..options import Options
from ..registry.interface import check_prefix, make_root
from ..support.globs import compile_globs
from .servers import SERVERS, installed, serve
from .terminal import Parser, say

_INSTALL = "pip install 'whitenoise_async[serve]'"
_MOST_SECONDS = 99_999_999_999
_BY_MODULE = "python -m whitenoise_async"


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Publish a folder until interrupted.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: the name of the command in its help.
    :returns: the exit status: 0 after an interrupt, 1 if the folder cannot be served.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    parser = _parser(program)
    options = parser.parse_args(arguments)
    if not _is_directory(options.directory):
        parser.error(f"{options.directory} is not a directory")
    here = installed()
    name = options.server or next(iter(here), None)
    if name not in here:
        what = f"{name} is not installed" if name else "A server is needed to publish a folder"
        say(f"{what}: {f'pip install {name}' if name else _INSTALL}", error=True)
        return 1
    try:
        listener = _listen(options.host, options.port)
    except (OSError, UnicodeError) as error:  # UnicodeError: not a valid host name
        reason = getattr(error, "strerror", None) or error
        say(f"Cannot listen on {options.host} port {options.port}: {reason}", error=True)
        return 1
    with listener, suppress(KeyboardInterrupt):
        application = ASGIWhiteNoise(
            None,
            options.directory,
            options.prefix,
            index_file=options.index,
            autorefresh=options.autorefresh,
            **({} if options.max_age is None else {"max_age": options.max_age}),
            allow_all_origins=not options.no_cors,
            include=options.include,
            exclude=options.exclude,
        )
        url = _url(listener) + quote(make_root(".", options.prefix, False).prefix)
        say(f"Serving {os.path.abspath(options.directory)} at {url}")
        say(_what_is_served(application))
        serve(name, application, listener)
    return 0


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Publish a folder over HTTP, as static files of an application are served.",
    )
    parser.add_argument("directory", metavar="DIR", help="the folder")
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument("--prefix", type=_prefix, help="prefix of the URLs' paths (default: none)")
    parser.add_argument(
        "--index", action="store_true", help="serve index.html of each folder at the folder's URL"
    )
    parser.add_argument(
        "--include",
        action="append",
        type=partial(_glob, "include"),
        metavar="GLOB",
        help="publish only files that match, such as '*.html' or '/public'; may be repeated",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        type=partial(_glob, "exclude"),
        default=[],
        metavar="GLOB",
        help="do not publish files that match, such as '.git' or '/drafts'; may be repeated",
    )
    parser.add_argument(
        "--autorefresh",
        action="store_true",
        help="check the folder on every request, so edits show at once",
    )
    parser.add_argument(
        "--max-age",
        type=_seconds,
        metavar="SECONDS",
        help="seconds for which browsers may cache without revalidating"
        f" (default: {Options.max_age}, or 0 with --autorefresh)",
    )
    parser.add_argument(
        "--no-cors",
        action="store_true",
        help="do not allow other origins to use the files",
    )
    parser.add_argument(
        "--server",
        choices=SERVERS,
        help="the server (default: the first one that is installed)",
    )
    return parser


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535 was expected")
    return number


def _seconds(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_SECONDS)):
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a number of seconds: 0 to {_MOST_SECONDS} was expected"
    )


def _prefix(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8: no URL can have it") from None
    try:
        check_prefix("the prefix", text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _glob(option: str, text: str) -> str:
    try:
        compile_globs(option, [text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _is_directory(path: str) -> bool:
    try:
        return os.path.isdir(os.path.abspath(path))
    except FileNotFoundError:  # the current directory was removed
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ((*_, address), *_) = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return socket.create_server(address, family=family)


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _what_is_served(application: ASGIWhiteNoise) -> str:
    """How many files there are, and how much of them is compressed."""
    listed = application.listed_files()
    if listed is None:
        return "Files are looked up on each request"
    files = size = compressed = 0
    for path, suffixes in listed.items():
        try:
            state = state_or_none(path)
        except FileSystemError:  # reported when the file is requested
            state = None
        if state is not None:
            files += 1
            size += state.size
            compressed += state.size if suffixes else 0
    share = f", {compressed / size:.0%} of them with compressed variants" if size else ""
    return f"{files:,} {'file' if files == 1 else 'files'}, {size:,} bytes{share}"
