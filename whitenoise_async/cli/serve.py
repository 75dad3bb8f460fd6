"""``python -m whitenoise_async [DIR]``, ``whitenoise-async serve DIR``: publish a folder."""

from __future__ import annotations

import argparse
import os
import socket
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from wsgiref.headers import Headers

from ..asgi.adapter import ASGIWhiteNoise
from ..registry.interface import make_root
from .access_log import AccessLog
from .folder_listings import FolderListings
from .listener import DEFAULT_PORT, listen, open_browser, urls_of
from .serve_arguments import make_parser
from .serve_messages import say_saving, say_what_is_served, say_where
from .servers import REOPENING, Application, installed, serve
from .terminal import YELLOW, Colored, say

_INSTALL = "pip install 'whitenoise_async[serve]'"
_BY_MODULE = "python -m whitenoise_async"

_INDEX_FILE, _NOT_FOUND = "index.html", "404.html"


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
    if options.spa and not os.path.isfile(os.path.join(options.directory, _INDEX_FILE)):
        parser.error(f"--spa needs a file {_INDEX_FILE} in {options.directory}")
    name = _choose_server(options.server)
    listener = None if name is None else _open_listener(options)
    if name is None or listener is None:
        return 1
    with listener, suppress(KeyboardInterrupt):
        files = _make_files(options)
        small_files = files.site.compress_small_files() if options.compress else None
        path = quote(make_root(".", options.prefix, False).prefix)
        urls = [each + path for each in urls_of(listener)]
        say_where(options.directory, urls)
        say_what_is_served(files, options.directory, program, compresses=options.compress)
        if options.open:
            open_browser(urls[0], listener, is_reopened=name in REOPENING)
        try:
            serve(name, _application(files, options), listener)
        finally:
            if small_files is not None:
                say_saving(small_files.saving())
    return 0


def _choose_server(name: str | None) -> str | None:
    """The name of the server, the first one that is installed by default; ``None`` without one."""
    here = installed()
    if name is None and here:
        return here[0]
    if name in here:
        return name
    what = f"{name} is not installed" if name else "A server is needed to publish a folder"
    say(f"{what}: {f'pip install {name}' if name else _INSTALL}", error=True)
    return None


def _open_listener(options: argparse.Namespace) -> socket.socket | None:
    """A listening socket; ``None`` if the address cannot be used."""
    wanted = DEFAULT_PORT if options.port is None else options.port
    try:
        listener = listen(options.host, options.port)
    except (OSError, UnicodeError) as error:  # UnicodeError: not a valid host name
        # socket.create_server adds the address to the text.
        reason = str(getattr(error, "strerror", None) or error).partition(" (while ")[0]
        message = f"Cannot listen on {options.host} port {wanted}: {reason}"
        say(f"{message}; choose another --host or --port", error=True)
        return None
    port = listener.getsockname()[1]
    if options.port is None and port != wanted:
        message = f"Port {wanted} is in use; listening on port {port}"
        say(Colored(message, YELLOW), error=True)
    return listener


def _make_files(options: argparse.Namespace) -> ASGIWhiteNoise:
    with warnings.catch_warnings():
        # An excluded page is missing. The log says so, and a warning would quote this line.
        warnings.simplefilter("ignore", UserWarning)
        return ASGIWhiteNoise(None, options.directory, options.prefix, **_keywords(options))


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
    if options.spa:
        keywords["fallback"] = _INDEX_FILE
    if os.path.isfile(os.path.join(options.directory, _NOT_FOUND)):
        keywords["not_found"] = _NOT_FOUND
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
