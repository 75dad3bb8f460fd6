"""Answers requests for folders with a list of their files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence

from ..asgi.adapter import ASGIWhiteNoise
from ..asgi.sending import Receive, Send
from ..asgi.wire_format import ASGI_FORMAT, Scope, target_of
from ..files.codings import original_of
from ..files.errors import FileSystemError
from ..http.fields import RequestFields
from ..http.paths import has_encoded_slash
from ..registry.directory import Directory, Rules
from ..registry.entries import Unresolved
from ..registry.interface import Root
from ..registry.sensitive_names import is_sensitive_name
from ..registry.skipped import warn_or_raise
from ..serving.body_plan import BodyPlan
from ..serving.response import Request, Response, redirect, unavailable
from ..support.logs import error_rate_limited
from .listing_page import HEADERS, Listed, render


class FolderListings:
    """An ASGI application that lists the folders below a root.

    Every request that is not for a folder goes to the application that serves its files. A file
    that is excluded, or whose name is sensitive, is not listed.
    """

    def __init__(
        self, files: ASGIWhiteNoise, root: Root, headers: Sequence[tuple[str, str]]
    ) -> None:
        """
        :param files: serves the files below ``root``.
        :param headers: headers of each listing, which replace its own of the same name.
        """
        self._files = files
        self._root = root
        replaced = {name.lower() for name, _ in headers}
        own = [each for each in HEADERS if each[0].lower() not in replaced]
        self._headers = [*own, *headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            entry = self._files.registry.look_up_nowait(scope["path"])
            is_file = entry is not None and not isinstance(entry, Unresolved)
            if not is_file and not has_encoded_slash(scope["raw_path"]):
                request = Request(scope["method"], RequestFields(), *target_of(scope))
                response = await asyncio.to_thread(self._respond, request)
        if response is None:
            await self._files(scope, receive, send)
            return
        headers = ASGI_FORMAT.encode(response.headers)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else response.body.literal
        await send({"type": "http.response.body", "body": body})

    def _respond(self, request: Request) -> Response | None:
        """The response for a folder, ``None`` for every other path. Blocks on the disk."""
        try:
            if self._files.registry.look_up(request.path) is not None:
                return None
            return self._list(request)
        except FileSystemError as error:
            error_rate_limited(str(error))
            return unavailable()

    def _list(self, request: Request) -> Response | None:
        url = request.path if request.path.endswith("/") else f"{request.path}/"
        directory = self._find(url)
        if directory is None:
            return None
        if url != request.path:
            return redirect(None, request, [("Cache-Control", "no-cache")])
        entries = self._entries(directory, url)
        page = render(url, entries, has_parent=bool(directory.below)).encode()
        headers = [*self._headers, ("Content-Length", str(len(page)))]
        return Response(200, headers, BodyPlan.of_bytes(page))

    def _find(self, url: str) -> Directory | None:
        """The folder with this URL, which ends in a slash.

        No path is built from a URL: each segment must be the exact name of a listed folder.
        """
        if not url.startswith(self._root.prefix):
            return None
        exclude = self._files.resolved_options.exclude
        names = url[len(self._root.prefix) :].split("/")[:-1]
        if any(map(is_sensitive_name, names)):
            return None
        top = Directory(self._root.path, Rules(self._root.followlinks, exclude))
        return top.descend(names, warn_or_raise)

    def _entries(self, directory: Directory, url: str) -> Iterator[Listed]:
        files, folders = directory.scan(warn_or_raise)
        look_up = self._files.registry.look_up_nowait
        for name in files | folders.keys():
            if is_sensitive_name(name):
                continue
            if name in files and (original_of(name) in files or look_up(url + name) is None):
                continue  # a variant, or a file that was added after the start
            try:
                status = os.stat(os.path.join(directory.path, name))
            except OSError:  # it was just removed
                continue
            yield Listed(name, status.st_size if name in files else None, status.st_mtime)
