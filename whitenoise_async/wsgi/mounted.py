"""Calls an application below a mount point, so that URLs begin with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..assets.site import Site
from .environ import mount_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def call_mounted(
    application: WSGIApplication,
    site: Site,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Call an application, with its ``SCRIPT_NAME`` as the mount point for URLs."""
    mount = mount_of(environ)
    with site.mounted_at(mount):
        body = application(environ, start_response)
    wrapper = environ.get("wsgi.file_wrapper")
    # A server sends a wrapped file itself if it gets the very object. The wrapper of uWSGI is a
    # function that returns the file. The file may only have a method ``read``.
    is_file = isinstance(body, wrapper) if isinstance(wrapper, type) else hasattr(body, "read")
    if is_file or isinstance(body, list | tuple):
        return body
    return _MountedBody(body, site, mount)


class _MountedBody:
    """A body that the application makes while it is sent, perhaps with URLs in it."""

    def __init__(self, body: Iterable[bytes], site: Site, mount: str) -> None:
        self._body = body
        self._pieces: Iterator[bytes] | None = None
        self._site = site
        self._mount = mount

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._site.mounted_at(self._mount):
            if self._pieces is None:
                self._pieces = iter(self._body)
            return next(self._pieces)

    def close(self) -> None:
        """Close the body, as PEP 3333 requires."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._site.mounted_at(self._mount):
                close()
