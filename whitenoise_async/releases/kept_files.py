"""The hashed names that a store has, from its manifest."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple

from ..files.errors import FileSystemError, UnavailableError
from ..http.fields import is_opaque_tag
from ..registry.directory import is_path_excluded
from ..registry.entries import Absent, StoredContent, StoredFile, Unresolved
from ..registry.listing import variant_suffixes
from ..support.after_fork import register_after_fork
from ..support.globs import Globs
from ..support.logs import warn_once
from ..support.url_tests import UrlTest
from .errors import PublishError, StoreReadError
from .manifest import NAME, Manifest, parse_manifest
from .reader import StoreReader

# Seconds that a request waits while another one reads the manifest.
_PATIENCE = 0.5

# Seconds until a failed read is repeated, if a successful one is never repeated.
_RETRY_AFTER = 1.0

_Contents = Mapping[str, StoredContent]


class KeptNames(NamedTuple):
    """Which URLs a store may have files for."""

    prefix: str  # begins and ends with a slash
    exclude: Globs | None
    test: UrlTest


class KeptFiles:
    """The files of kept releases that have a hash in their names. Threads may share it.

    The manifest is read when a request needs it: one for a URL that may have a hash and that is not
    in the manifest as it was read last.
    """

    def __init__(self, reader: StoreReader, names: KeptNames, check_interval: float | None) -> None:
        """:param check_interval: seconds between two reads; ``None`` for a single one."""
        self.reader = reader
        self._names = names
        self._interval = check_interval
        # By path below the store: the contents of each file and of its variants.
        self._contents: Mapping[str, _Contents] = MappingProxyType({})
        # By URL: those that were requested. Replaced, never cleared, when the manifest changes.
        self._files: dict[str, StoredFile] = {}
        self._revision: object = None
        self._error: FileSystemError | None = None
        self._next_read = -math.inf  # by time.monotonic()
        self._reads = 0
        register_after_fork(self)
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self._reading = threading.Lock()

    def known(self, url: str) -> StoredFile | None:
        """The file that was found for ``url`` before."""
        return self._files.get(url)

    def find_nowait(self, url: str) -> StoredFile | Absent | Unresolved | None:
        """The file for ``url``; ``None`` if the application is asked for it.

        :returns: :class:`Unresolved` if the manifest must be read first.
        """
        found = self._files.get(url)
        if found is not None or not self._may_have(url):
            return found
        found = self._stored(url)
        if found is not None:
            return found
        if self._error is not None or monotonic() >= self._next_read:
            return Unresolved(url)
        return self._missing(url)

    def find(self, url: str) -> StoredFile | Absent | None:
        """The file for ``url``. May read the manifest.

        :raises FileSystemError: if the manifest cannot be read, and may have the file.
        """
        found = self.find_nowait(url)
        if not isinstance(found, Unresolved):
            return found
        error = self._update()
        stored, missing = self._stored(url), self._missing(url)
        if stored is None and missing is not None and error is not None:
            raise error
        return stored or missing

    def _may_have(self, url: str) -> bool:
        return url.startswith(self._names.prefix) and self._names.test.may_be_hashed(url)

    def _missing(self, url: str) -> Absent | None:
        return Absent(url) if self._names.test.is_hashed(url) else None

    def _stored(self, url: str) -> StoredFile | None:
        """The file for ``url`` in the manifest as it was read last."""
        # Read this before the contents: a file of an older manifest must not enter a new dict.
        files = self._files
        path, exclude = url[len(self._names.prefix) :], self._names.exclude
        contents = self._contents.get(path)
        if contents is None or (exclude is not None and is_path_excluded(exclude, path)):
            return None
        folder, slash, _ = path.rpartition("/")
        at, root = self.reader.path_of(path), self.reader.root
        return files.setdefault(url, StoredFile(at, url, contents, root=root, below=folder + slash))

    def _update(self) -> FileSystemError | None:
        """Read the manifest if that is due; returns the error if that fails, or failed last."""
        reads = self._reads
        if not self._reading.acquire(timeout=_PATIENCE):
            return FileSystemError(self.reader.name, TimeoutError("it takes too long to answer"))
        try:
            # Another request may have read it while this one waited.
            if reads == self._reads and monotonic() >= self._next_read:
                self._error = self._read()
                self._reads += 1
                self._next_read = monotonic() + self._pause()
            return self._error
        finally:
            self._reading.release()

    def _pause(self) -> float:
        """Seconds until the next read."""
        if self._interval is None:
            return math.inf if self._error is None else _RETRY_AFTER
        return self._interval

    def _read(self) -> FileSystemError | None:
        reader = self.reader
        try:
            read = reader.read_manifest(self._revision)
            if read is None:
                return None
            if read.content is None:
                warn_once(f"{reader.name} has no {NAME}, so it supplies no file")
                return None
            manifest = parse_manifest(read.content, os.path.join(reader.name, NAME))
        except (PublishError, UnavailableError) as error:
            return StoreReadError(error)
        except FileSystemError as error:
            return error
        self._revision = read.revision
        self._replace(manifest)
        return None

    def _replace(self, manifest: Manifest) -> None:
        """Replace the names. A file that stays keeps its entry, and what is cached for it."""
        contents = _contents_of(manifest)
        prefix = self._names.prefix
        kept = {
            url: file
            for url, file in list(self._files.items())
            if contents.get(url[len(prefix) :]) == file.contents
        }
        self._contents, self._files = contents, kept


def _contents_of(manifest: Manifest) -> dict[str, _Contents]:
    """The contents of each file with a hash in its name, and of its variants."""
    hashed = {
        path
        for path, record in manifest.files.items()
        if record.is_hashed and is_opaque_tag(record.digest)  # it becomes the ETag
    }
    suffixes = variant_suffixes(hashed)
    variants = {path + suffix for path, each in suffixes.items() for suffix in each}
    found: dict[str, _Contents] = {}
    for path in hashed - variants:
        records = {
            suffix: manifest.files[path + suffix] for suffix in ("", *suffixes.get(path, ()))
        }
        found[path] = {
            suffix: StoredContent(record.digest, record.size) for suffix, record in records.items()
        }
    return found
