"""Hashed URLs: ``NAME.HASH.EXT``, or ``NAME.HASH`` for a name without an extension."""

from __future__ import annotations

import posixpath
import re

from .entries import Entry, HashedFile, Redirect

#: The number of hexadecimal digits in a hashed URL. Django's hashed names have as many, so that
#: patterns for one kind match the other.
HASH_LENGTH = 12

_HASHED = re.compile(rf"\.([0-9a-f]{{{HASH_LENGTH}}})(?=(?:\.[^./]*)?\Z)")


def hashed_url(url: str, hash_: str) -> str:
    """Add a hash to the last name of a URL, before its extension."""
    stem, extension = posixpath.splitext(url)
    return f"{stem}.{hash_}{extension}"


def split_hashed_url(url: str) -> tuple[str, str] | None:
    """Split a hashed URL into the plain URL and the hash; ``None`` for every other URL."""
    found = _HASHED.search(url)
    if found is None:
        return None
    plain = url[: found.start()] + url[found.end() :]
    # A hash alone is no hashed name.
    is_hashed = not plain.endswith("/") and hashed_url(plain, found[1]) == url
    return (plain, found[1]) if is_hashed else None


def hashed_file(plain: Entry | None, url: str, hash_: str) -> HashedFile | None:
    """The file at the hashed URL ``url``.

    :param plain: the entry at the plain URL.
    """
    file = plain.file if isinstance(plain, Redirect) else plain
    return None if file is None else HashedFile(file, url, hash_)


class KeptHashedFiles:
    """The files whose hashed URLs were requested: at most one for each file.

    Clients choose the hashes. So a file is kept only after its hash was found right, and replaces
    the one with an older hash. Its owner calls :meth:`keep` with a lock held.
    """

    def __init__(self) -> None:
        self._by_url: dict[str, HashedFile] = {}
        self._urls: dict[str, str] = {}  # hashed URLs, by the same URLs without a hash

    def __len__(self) -> int:
        return len(self._by_url)

    def get(self, url: str) -> HashedFile | None:
        """The file that is kept for a hashed URL."""
        return self._by_url.get(url)

    def keep(self, file: HashedFile) -> HashedFile:
        """Keep ``file``.

        :returns: the one object for its URL, for all requests.
        """
        kept = self._by_url.get(file.url)
        if kept is None:
            name = file.url.replace(f".{file.hash}", "")
            self._by_url.pop(self._urls.get(name, ""), None)
            self._urls[name] = file.url
            kept = self._by_url[file.url] = file
        return kept
