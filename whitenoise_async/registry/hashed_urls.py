"""Hashed URLs: ``NAME.HASH.EXT``, or ``NAME.HASH`` for a name without an extension."""

from __future__ import annotations

import posixpath
import re

from .entries import Absent, Entry, HashedFile, Redirect, StaticFile, StoredFile

#: The number of hexadecimal digits in a hashed URL. Django's hashed names have as many, so that
#: patterns for one kind match the other.
HASH_LENGTH = 12

_HASHED = re.compile(rf"\.([0-9a-f]{{{HASH_LENGTH}}})(?=(?:\.[^.]*)?\Z)")


def hashed_url(url: str, hash_: str) -> str:
    """Add a hash to the last name of a URL, before its extension."""
    stem, extension = posixpath.splitext(url)
    return f"{stem}.{hash_}{extension}"


def split_hashed_url(url: str) -> tuple[str, str] | None:
    """Split a hashed URL into the plain URL and the hash; ``None`` for every other URL."""
    for found in _HASHED.finditer(url):
        plain = url[: found.start()] + url[found.end() :]
        # A hash alone is no hashed name.
        if not plain.endswith("/") and hashed_url(plain, found[1]) == url:
            return plain, found[1]
    return None


def has_hash(url: str) -> bool:
    """Whether ``url`` has the form of a hashed URL."""
    return split_hashed_url(url) is not None


def file_of(entry: Entry | None) -> StaticFile | None:
    """The file that has a hashed URL next to the URL of ``entry``.

    :returns: ``None`` for a folder, as relative references in its page would lead elsewhere, and
        for the file of another release.
    """
    if isinstance(entry, Redirect):
        return None if entry.location is None else entry.file
    return None if isinstance(entry, HashedFile | StoredFile | Absent) else entry


def hashed_file(plain: Entry | None, plain_url: str, hash_: str) -> HashedFile | None:
    """The file at the hashed URL next to ``plain_url``.

    :param plain: the entry at ``plain_url``.
    """
    file = file_of(plain)
    return None if file is None else HashedFile(file, hashed_url(plain_url, hash_), hash_)


class KeptHashedFiles(dict[str, HashedFile]):
    """The files whose hashed URLs were requested, by that URL: at most one for each plain URL.

    Clients choose the hashes. So a file is kept only after its hash was found right, and replaces
    the one with an older hash. Its owner calls :meth:`keep` with a lock held. (It is a dictionary
    because a method of its own would be one more call for each request.)
    """

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}  # by the URLs without a hash

    def keep(self, file: HashedFile) -> HashedFile:
        """Keep ``file`` in place of the one with another hash.

        :returns: the one object for its URL, for all requests.
        """
        kept = self.get(file.url)
        if kept is None:
            # Not by the file: `about` and `about.html` may lead to the same page.
            before, _, after = file.url.rpartition(f".{file.hash}")
            name = before + after
            if name in self._urls:
                del self[self._urls[name]]
            self._urls[name] = file.url
            kept = self[file.url] = file
        return kept
