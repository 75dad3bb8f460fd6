"""The files whose names the staticfiles storage has hashed: those that never change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.contrib.staticfiles.storage import staticfiles_storage

from ..files.codings import SUFFIXES


def hashed_files() -> Mapping[str, str]:
    """Hashed names by the original ones, below ``STATIC_ROOT``; none of a storage without them."""
    found: Mapping[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    return found


def manifest_names(hashed: Mapping[str, str]) -> Iterator[str]:
    """The names of these files and of their copies, and with each those of its variants.

    Variants are in no manifest, and not each of them need be there.
    """
    for name in dict.fromkeys(each for pair in hashed.items() for each in pair):
        yield name
        for suffix in SUFFIXES:
            yield name + suffix


class HashedFiles:
    """An ``immutable_file_test``: whether a URL's name is one that the storage has hashed."""

    def __init__(self, prefix: str) -> None:
        """
        :param prefix: of the URLs, with a slash at both ends.
        :raises ValueError: where the storage cannot read its manifest.
        """
        hashed_files()  # an operator wants to know at the start
        self._prefix = prefix
        self._names: frozenset[str] = frozenset()
        self._size = -1

    def __call__(self, path: str, url: str) -> bool:
        """Whether the file never changes under ``url``."""
        hashed = hashed_files()
        # Of storages without a manifest it grows while templates ask for URLs.
        if len(hashed) != self._size:
            self._names = frozenset(hashed.values())  # first: threads share them
            self._size = len(hashed)
        return url.startswith(self._prefix) and url[len(self._prefix) :] in self._names
