"""Files with a hash in their name, which the staticfiles storage added: they never change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from django.contrib.staticfiles.storage import staticfiles_storage

from ..compression.errors import CompressionError
from ..compression.record import Record
from ..files.codings import BY_SUFFIX, coding_named, is_delta
from ..files.folder import Folder
from ..options import KnowsUrls
from ..registry.listing import PAGE_EXTENSION


def hashed_files() -> Mapping[str, str]:
    """The hashed name of each original name, below ``STATIC_ROOT``.

    Empty if the storage does not hash names.
    """
    found: Mapping[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    return found


def manifest_names(hashed: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of originals, of their hashed copies, and of possible variants of both.

    The manifest does not list variants, so some of the names may not exist.
    """
    for name in dict.fromkeys(each for pair in hashed.items() for each in pair):
        yield name
        for suffix in BY_SUFFIX:
            yield name + suffix


def recorded_deltas(root: str | os.PathLike[str], hashed: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of the deltas that the compression command has recorded for the files.

    A record that cannot be read names none: the other variants are served without it.

    :param root: the folder of the collected files.
    """
    files = {*hashed, *hashed.values()}
    with suppress(CompressionError, OSError), Folder.opened(os.fspath(root)) as folder:
        for path, made in Record(folder).files.items():
            if path in files:
                for token, result in made.items():
                    if is_delta(token) and result.digest is not None:
                        yield path + coding_named(token).suffix


class HashedFiles(KnowsUrls):
    """An ``immutable_file_test`` that is true for names that the storage has hashed."""

    def __init__(self, prefix: str) -> None:
        """
        :param prefix: the prefix of static URLs, with a slash at both ends.
        :raises ValueError: if the storage cannot read its manifest.
        """
        hashed_files()  # report a manifest that cannot be read at startup
        self._prefix = prefix
        self._names: frozenset[str] = frozenset()
        self._size = -1

    def __call__(self, path: str, url: str) -> bool:
        """Whether the file never changes under ``url``."""
        hashed = hashed_files()
        # A storage without a manifest adds names while templates are rendered.
        if len(hashed) != self._size:
            # A copy of the items: another thread may add to them. A storage may keep the name of a
            # file that a build tool has named.
            items = list(hashed.items())
            # Before the size: threads share both.
            self._names = frozenset(name for original, name in items if name != original)
            self._size = len(hashed)
        if not url.startswith(self._prefix):
            return False
        name = url[len(self._prefix) :]
        if path.endswith(PAGE_EXTENSION) and not url.endswith(PAGE_EXTENSION):
            name += PAGE_EXTENSION  # the file is served at its clean URL
        return name in self._names
