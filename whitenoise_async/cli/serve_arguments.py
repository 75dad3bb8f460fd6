"""The arguments of ``python -m whitenoise_async``, and their checks."""

from __future__ import annotations

import argparse
from functools import partial
from wsgiref.util import is_hop_by_hop

from ..http.fields import OWS, is_field_value, is_token
from ..options import Options
from ..registry.interface import check_prefix
from ..serving.representation import RESERVED_HEADERS
from ..support.globs import compile_globs
from .listener import DEFAULT_PORT
from .servers import SERVERS
from .terminal import Parser

_MOST_SECONDS = 99_999_999_999


def make_parser(program: str) -> Parser:
    """Make the parser.

    :param program: the name of the command.
    """
    parser = Parser(
        prog=program,
        usage="%(prog)s [DIR] [options]",
        description="Serve the files of a folder over HTTP, as the middleware serves static files.",
    )
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        default=".",
        help="the folder (default: the current one)",
    )
    _add_files(parser.add_argument_group("files"))
    _add_pages(parser.add_argument_group("pages"))
    _add_headers(parser.add_argument_group("headers"))
    _add_server(parser.add_argument_group("server"))
    return parser


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--include",
        action="append",
        type=partial(_glob, "include"),
        metavar="GLOB",
        help="publish only files that match, such as '*.html' or '/public'; may be repeated",
    )
    group.add_argument(
        "--exclude",
        action="append",
        type=partial(_glob, "exclude"),
        default=[],
        metavar="GLOB",
        help="do not publish files that match, such as '.git' or '/drafts'; may be repeated",
    )
    group.add_argument(
        "--autorefresh",
        action="store_true",
        help="check the folder on every request, so that edits show at once",
    )
    group.add_argument(
        "--compress",
        action="store_true",
        help="compress small files in memory when they are first requested",
    )


def _add_pages(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--no-index",
        action="store_false",
        dest="index",
        help="do not serve index.html of each folder at the folder's URL",
    )
    # The default; accepted because it is explicit.
    group.add_argument("--index", action="store_true", default=True, help=argparse.SUPPRESS)
    group.add_argument(
        "--no-clean-urls",
        action="store_false",
        dest="clean_urls",
        help="serve about.html at /about.html, not at /about",
    )
    instead = group.add_mutually_exclusive_group()
    instead.add_argument(
        "--spa",
        action="store_true",
        help="answer missing pages with index.html, for a single-page application",
    )
    instead.add_argument(
        "--list", action="store_true", help="list the files of folders without an index.html"
    )


def _add_headers(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--max-age",
        type=_seconds,
        metavar="SECONDS",
        help="how many seconds browsers may cache a file without revalidating"
        f" (default: {Options.max_age}, or 0 with --autorefresh)",
    )
    group.add_argument(
        "--etag",
        choices=("mtime", "content"),
        default=Options.etag,
        help="make ETags from dates and sizes, or from contents (default: %(default)s)",
    )
    group.add_argument(
        "--header",
        action="append",
        type=_header,
        default=[],
        metavar="'NAME: VALUE'",
        help="send this header with each file; may be repeated",
    )
    group.add_argument(
        "--no-cors",
        action="store_true",
        help="do not allow pages of other origins to use the files",
    )


def _add_server(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 means all of this machine (default: %(default)s)",
    )
    group.add_argument(
        "--port",
        type=_port,
        help="port to listen on; 0 means any free port"
        f" (default: {DEFAULT_PORT}, or the next free port if that is in use)",
    )
    group.add_argument(
        "--prefix", type=_prefix, help="beginning of the URL paths, such as /static (default: none)"
    )
    group.add_argument(
        "--server",
        choices=SERVERS,
        help="the server to run (default: the first one that is installed)",
    )
    group.add_argument("--open", action="store_true", help="open the URL in a browser")
    group.add_argument("-q", "--quiet", action="store_true", help="do not log requests")


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port: expected a number from 0 to 65535"
        )
    return number


def _seconds(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_SECONDS)):
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a number of seconds: expected a number from 0 to {_MOST_SECONDS}"
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(OWS)
    if not colon or not is_token(name):
        raise argparse.ArgumentTypeError(f"{text!r} is not a header: expected 'NAME: VALUE'")
    if not is_field_value(value):
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be sent: a value is Latin-1 text without control characters"
        )
    if is_hop_by_hop(name) or name.lower() in RESERVED_HEADERS:
        raise argparse.ArgumentTypeError(
            f"{name} cannot be set: it depends on the file or on the connection"
        )
    return name, value


def _prefix(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not UTF-8 text, so no URL can contain it"
        ) from None
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
