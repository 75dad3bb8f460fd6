"""Serves the files that Django's finders find: listed at startup, or searched at each request."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage

from ..registry.directory import is_path_excluded
from ..registry.entries import Listed, Redirect, StaticFile
from ..registry.interface import RegistryOptions, Root
from ..registry.listing import PAGE_EXTENSION
from ..registry.live import LiveRegistry
from ..support.logs import warn_once


def found_files() -> Iterator[tuple[str, str, list[str]]]:
    """List the files of all finders.

    Files that are added later take precedence, so those of the first finder come last.

    :returns: folders, each with a prefix for the URLs of its files and their names.
    """
    listings: dict[tuple[str, str], list[str]] = {}
    for finder in finders.get_finders():
        for name, storage in finder.list(None):
            try:
                path = storage.path(name)
            except NotImplementedError:
                warn_once(f"{name} of {finder!r} is not served: it is not a local file")
                continue
            # A storage may map a name to another path, which only its finder can resolve.
            if not path.endswith(os.sep + os.path.normpath(name)):
                warn_once(f"{name} of {finder!r} is not served: its path has another name, {path}")
                continue
            below = name.replace("\\", "/")
            root = path[: -len(name)]
            prefix = getattr(storage, "prefix", None) or ""
            listings.setdefault((root, prefix), []).append(below)
    for (root, prefix), names in reversed(listings.items()):
        yield root, prefix, names


class FindersRegistry(LiveRegistry):
    """Searches the finders at each request, and then the roots.

    The folders of Django's own finders are treated as roots. Another finder must be called with a
    name from the URL. So its result is only a hint: the file is served if a listing of its folder
    contains it.
    """

    def __init__(self, prefix: str, options: RegistryOptions) -> None:
        """:param prefix: the URL prefix of the finders' files, with a slash at both ends."""
        super().__init__(options)
        self._prefix = prefix

    def look_up_in(self, roots: Iterable[Root], url: str, *, is_variant: bool) -> Listed | None:
        """Look up ``url`` with the finders, and then below ``roots``."""
        if f"{url}/".startswith(self._prefix):
            for finder in finders.get_finders():
                folders = _roots_of(finder, self._prefix)
                if folders is None:
                    found = self._call(finder, url, is_variant)
                else:
                    found = super().look_up_in(folders, url, is_variant=is_variant)
                if found is not None:
                    return found
        return super().look_up_in(roots, url, is_variant=is_variant)

    def _call(self, finder: Any, url: str, is_variant: bool) -> Listed | None:
        name = url[len(self._prefix) :]
        names = [name]
        if self._options.clean_urls:
            names.append(name + PAGE_EXTENSION)
        if self._options.index_file is not None:
            names.append(posixpath.join(name, self._options.index_file))
        for each in names:
            path = self._path(finder, each)
            if path is not None:
                return self._entry_at(path, each, url, is_variant)
        return None

    def _path(self, finder: Any, name: str) -> str | None:
        """The absolute path at which ``finder`` finds the file ``name``."""
        if not {"", ".", ".."}.isdisjoint(name.split("/")) or "\\" in name or "\0" in name:
            return None
        exclude = self._options.exclude
        if exclude is not None and is_path_excluded(exclude, name):
            return None
        try:
            path = finder.find(name)
        except SuspiciousFileOperation:
            return None
        is_file = isinstance(path, str | os.PathLike) and os.path.isfile(path)
        return os.path.abspath(path) if is_file else None

    def _entry_at(self, path: str, name: str, url: str, is_variant: bool) -> Listed | None:
        """Look up ``url`` in listings of the folders that ``name`` and ``path`` have in common.

        On a file system that ignores case, ``path`` may differ from the names in the listings.
        """
        folder, below = path, name
        while below and _is_same(os.path.basename(folder), posixpath.basename(below)):
            folder, below = os.path.dirname(folder), posixpath.dirname(below)
        if folder != path:
            root = Root(folder, posixpath.join(self._prefix, below, ""), followlinks=True)
            return self.look_up_below(root, url, is_variant)
        # The name of the file differs from the URL: only the finder knows that they belong
        # together.
        folder, file = os.path.split(path)
        listed = self.look_up_below(Root(folder, "/", followlinks=True), f"/{file}", is_variant)
        if isinstance(listed, Redirect):  # to a clean URL, which the finder does not know
            listed = listed.file
        if listed is None or not url.endswith(("/", name)):
            return None
        below, slash, _ = name.rpartition("/")
        return StaticFile(path, url, listed.suffixes, is_variant=is_variant, below=below + slash)


def _is_same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()


def _roots_of(finder: Any, prefix: str) -> list[Root] | None:
    """The folders of one of Django's own finders; ``None`` for any other finder.

    A subclass counts as Django's own if it does not override how files are found.
    """
    if _finds_as(finder, finders.FileSystemFinder, "find_location"):
        folders = finder.locations
    elif (
        _finds_as(finder, finders.AppDirectoriesFinder, "find_in_app")
        and finder.storage_class is FileSystemStorage
    ):
        folders = [("", storage.location) for storage in finder.storages.values()]
    else:
        return None
    return [
        Root(os.path.abspath(path), posixpath.join(prefix, below or "", ""), followlinks=True)
        for below, path in folders
    ]


def _finds_as(finder: object, kind: type, step: str) -> bool:
    return all(getattr(type(finder), name, None) is getattr(kind, name) for name in ("find", step))
