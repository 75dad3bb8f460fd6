"""What Django's static files finders find: listed at the start, or looked for at each request."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation

from ..codings import SUFFIXES, WORKING_PREFIX
from ..directories import is_path_kept_out
from ..globs import Globs
from ..logs import warn_once
from ..registry import Listed, LiveRegistry
from ..static_file import Redirect, StaticFile


def found_files() -> Iterator[tuple[str, str, list[str]]]:
    """What the finders list: folders, the prefixes of their files' names, and these names.

    The last one wins, as of roots that are added: so the first finder's come last.
    """
    listings: dict[tuple[str, str], list[str]] = {}
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            try:
                path = storage.path(name)
            except NotImplementedError:
                warn_once(f"{name} of {finder!r} is not served: it has no path")
                continue
            # What a storage of another kind maps to another name, only its finder finds.
            if not path.endswith(os.sep + os.path.normpath(name)):
                warn_once(f"{name} of {finder!r} is not served: it lies elsewhere, at {path}")
                continue
            below = name.replace("\\", "/")
            root = path[: -len(name)]
            prefix = getattr(storage, "prefix", None) or ""
            listings.setdefault((root, prefix), []).append(below)
    for (root, prefix), names in reversed(listings.items()):
        yield root, prefix, names


class FindersRegistry(LiveRegistry):
    """Asks Django's finders at each look-up, and then looks below the roots."""

    def __init__(self, prefix: str, index_file: str | None, exclude: Globs | None = None) -> None:
        """:param prefix: of the URLs that finders are asked for, with a slash at both ends."""
        super().__init__(index_file, exclude)
        self._prefix = prefix

    def _find_among(self, url: str, *, variants: bool) -> Listed | None:
        if f"{url}/".startswith(self._prefix):
            found = self._found(url, url[len(self._prefix) :])
            is_variant = isinstance(found, StaticFile) and found.is_variant
            if found is not None and is_variant is variants:
                return found
        return super()._find_among(url, variants=variants)

    def _found(self, url: str, name: str) -> Listed | None:
        path = self._path(name)
        index = self._index_file
        if path is not None:
            if posixpath.basename(name) == index:
                return Redirect(StaticFile(path, url.removesuffix(index), SUFFIXES), "./")
            is_variant = name.endswith(SUFFIXES) and self._path(name.rpartition(".")[0]) is not None
            return StaticFile(path, url, SUFFIXES, is_variant=is_variant)
        if index is None:
            return None
        if url.endswith("/"):
            path = self._path(name + index)
            return None if path is None else StaticFile(path, url, SUFFIXES)
        path = self._path(posixpath.join(name, index))
        return None if path is None else Redirect(StaticFile(path, f"{url}/", SUFFIXES), None)

    def _path(self, name: str) -> str | None:
        """Where the finders find the file ``name``."""
        # No spelling leads anywhere that a listing would not: names of entries, and no others.
        parts = name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or "\\" in name or "\0" in name:
            return None
        if parts[-1].startswith(WORKING_PREFIX):
            return None
        if self._exclude is not None and is_path_kept_out(self._exclude, name):
            return None
        try:
            path = finders.find(name)
        except SuspiciousFileOperation:
            return None
        return path if isinstance(path, str) and os.path.isfile(path) else None
