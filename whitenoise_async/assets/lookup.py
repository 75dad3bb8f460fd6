"""Finds the files that pages ask for by name, and what pages get for each."""

from __future__ import annotations

import math
from contextlib import closing
from time import monotonic
from urllib.parse import quote

from ..files.content import integrity_of, pieces_of_file
from ..files.errors import UnavailableError
from ..files.state import FileState, read_state
from ..registry.entries import HashedFile, StaticFile
from ..registry.hashed_urls import file_of, hashed_url
from ..serving.source import WrongHashError
from ..support.suggestions import nearest_path
from .contents import ChangingError
from .found_file import FoundFile
from .site import Site

# A file that is replaced while its integrity is computed is read again this often.
_ATTEMPTS = 5


class Lookup:
    """Finds files by name, with their URLs and integrity values. Threads may share it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        interval = site.check_interval
        self._check_interval = math.inf if interval is None else interval
        # By name, with the URL and the state for which it was computed.
        self._integrity: dict[str, tuple[tuple[str, FileState | None], str]] = {}

    def current(self, name: str) -> FoundFile:
        """The file with a name, which is checked if that is due. Blocks on the disk.

        :param name: as for :meth:`Assets.url`.
        :raises FileNotFoundError: if there is no such file. The message names the nearest one.
        :raises FileSystemError: if the system fails.
        """
        kept = self._site.found
        found = kept.get(name)
        if found is None or monotonic() >= found.check_after:
            found = kept[name] = self._look_up(name)
        return found

    def _look_up(self, name: str) -> FoundFile:
        check_after = monotonic() + self._check_interval
        plain_url, file = self._file(name)
        plain = quoted(plain_url)
        try:
            hash_ = self._hash_of(file, plain_url)
            if hash_ is None:
                return FoundFile(file, plain, plain, read_state(file.path), check_after)
        except UnavailableError as error:
            raise FileNotFoundError(str(error)) from None
        url = hashed_url(plain_url, hash_)
        return FoundFile(HashedFile(file, url, hash_), plain, quoted(url), None, check_after)

    def _hash_of(self, file: StaticFile, plain_url: str) -> str | None:
        """The hash for the URL of a file; ``None`` if the page gets the plain URL."""
        if plain_url.endswith("/") or self._site.hashes.has_hashed_name(file):
            return None
        try:
            return self._site.hashes.hash_of(file)
        except ChangingError:  # the plain URL is right whatever the content will be
            return None

    def _file(self, name: str) -> tuple[str, StaticFile]:
        """The plain URL of a file, and the file."""
        if not isinstance(name, str):
            raise TypeError(f"name must be the path of a file below a root, got {name!r}")
        urls = [name] if name.startswith("/") else [each.prefix + name for each in self._site.roots]
        for url in urls:
            file = file_of(self._site.registry.look_up(url))
            # The variant of another file is not served at its own URL.
            if file is not None and not (file.is_variant and self._site.find(url) is None):
                return url, file
        raise FileNotFoundError(f"There is no static file {name!r}; {self._hint(name)}")

    def _hint(self, name: str) -> str:
        known = [file.path_below_root for file in self._site.registry.static_files()]
        near = nearest_path(name, known)
        if near is not None:
            return f"did you mean {near!r}?"
        roots = ", ".join(root.path for root in self._site.roots)
        return f"no file below {roots} has a similar name" if roots else "no root was added"

    def with_integrity(self, name: str) -> tuple[FoundFile, str]:
        """The file with a name, and the integrity of what is sent at its URL.

        It raises what :meth:`current` raises.
        """
        for _ in range(_ATTEMPTS):
            found = self.current(name)
            described = found.url, found.state
            known = self._integrity.get(name)
            if known is not None and known[0] == described:
                return found, known[1]
            integrity = self._compute_integrity(found.file)
            if integrity is not None:
                self._integrity[name] = described, integrity
                return found, integrity
            self._site.found.pop(name, None)
        raise FileNotFoundError(f"{found.file.path} changes while it is read")

    def _compute_integrity(self, file: StaticFile) -> str | None:
        """The integrity of a file; ``None`` if it was replaced or changes while it is read."""
        try:
            with closing(self._site.source.open(file, compress=False)) as variants:
                content = variants.identity
                integrity = integrity_of(pieces_of_file(content))
                return integrity if content.is_unchanged() else None
        except WrongHashError:
            return None
        except UnavailableError as error:
            raise FileNotFoundError(str(error)) from None


def quoted(url: str) -> str:
    """A URL path in percent-encoding, also below a mount point that is not UTF-8."""
    return quote(url, errors="surrogateescape")
