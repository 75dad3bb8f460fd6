"""``python -m whitenoise_async [DIR]``, ``whitenoise-async serve DIR``: publish a folder."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from wsgiref.headers import Headers

from ..asgi.adapter import ASGIWhiteNoise
from ..compression.settings import DEFAULT_EXCLUDED, DEFAULT_MIN_SIZE, extension_of
from ..files.errors import FileSystemError
from ..files.state import state_or_none
from ..registry.interface import make_root
from .access_log import AccessLog
from .folder_listings import FolderListings
from .listener import DEFAULT_PORT, listen, open_browser, urls_of
from .serve_arguments import make_parser
from .servers import REOPENING, Application, installed, serve
from .terminal import BOLD, YELLOW, Colored, say

_INSTALL = "pip install 'whitenoise_async[serve]'"
_BY_MODULE = "python -m whitenoise_async"


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Publish a folder until interrupted.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: the name of the command in its help.
    :returns: the exit status: 0 after an interrupt, 1 if the folder cannot be served.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    parser = make_parser(program)
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
        listener = listen(options.host, options.port)
    except (OSError, UnicodeError) as error:  # UnicodeError: not a valid host name
        reason = getattr(error, "strerror", None) or error
        port = DEFAULT_PORT if options.port is None else options.port
        say(f"Cannot listen on {options.host} port {port}: {reason}", error=True)
        return 1
    with listener, suppress(KeyboardInterrupt):
        port = listener.getsockname()[1]
        if options.port is None and port != DEFAULT_PORT:
            message = f"Port {DEFAULT_PORT} is in use; listening on port {port}"
            say(Colored(message, YELLOW), error=True)
        files = ASGIWhiteNoise(None, options.directory, options.prefix, **_keywords(options))
        path = quote(make_root(".", options.prefix, False).prefix)
        url, *others = [each + path for each in urls_of(listener)]
        say(f"Serving {os.path.abspath(options.directory)} at ", Colored(url, BOLD))
        for other in others:
            say("In the local network: ", Colored(other, BOLD))
        _say_what_is_served(files, options.directory, program)
        if options.open:
            open_browser(url, listener, is_reopened=name in REOPENING)
        serve(name, _application(files, options), listener)
    return 0


def _keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The options of the middleware."""
    keywords: dict[str, Any] = {
        "index_file": options.index,
        "clean_urls": options.clean_urls,
        "autorefresh": options.autorefresh,
        "allow_all_origins": not options.no_cors,
        "include": options.include,
        "exclude": options.exclude,
        "etag": options.etag,
    }
    if options.max_age is not None:
        keywords["max_age"] = options.max_age
    if options.header:
        keywords["add_headers_function"] = _setter(options.header)
    return keywords


def _setter(given: Sequence[tuple[str, str]]) -> Callable[[Headers, str, str], None]:
    """A hook that sets headers. A header that is given twice is sent twice."""

    def set_headers(headers: Headers, path: str, url: str) -> None:
        for name, _ in given:
            del headers[name]
        for name, value in given:
            headers.add_header(name, value)

    return set_headers


def _application(files: ASGIWhiteNoise, options: argparse.Namespace) -> Application:
    application: Application = files
    if options.list:
        root = make_root(options.directory, options.prefix, False)
        application = FolderListings(files, root, options.header)
    return application if options.quiet else AccessLog(application)


def _is_directory(path: str) -> bool:
    try:
        return os.path.isdir(os.path.abspath(path))
    except FileNotFoundError:  # the current directory was removed
        return False


def _say_what_is_served(files: ASGIWhiteNoise, directory: str, program: str) -> None:
    """Print how many files there are, and how much of them is compressed."""
    listed = files.listed_files()
    if listed is None:
        say("Files are looked up on each request")
        return
    count = size = compressed = compressible = 0
    for path, suffixes in listed.items():
        try:
            state = state_or_none(path)
        except FileSystemError:  # reported when the file is requested
            state = None
        if state is not None:
            count += 1
            size += state.size
            compressed += state.size if suffixes else 0
            if state.size >= DEFAULT_MIN_SIZE and extension_of(path) not in DEFAULT_EXCLUDED:
                compressible += 1
    share = f", {compressed / size:.0%} of them with compressed variants" if size else ""
    say(f"{count:,} {'file' if count == 1 else 'files'}, {size:,} bytes{share}")
    if compressible and not compressed:
        dotted = program == _BY_MODULE
        command = f"{program}.compress" if dotted else program.replace(" serve", " compress")
        say(f"To compress them ahead of time: {command} {shlex.quote(directory)}")
