"""Reads a store in a bucket, for the middleware."""

from __future__ import annotations

from functools import partial

from ..files.errors import UnavailableError
from ..files.open_file import OpenFile
from ..files.remote_file import RemoteFile
from ..registry.entries import StoredContent
from .bucket import DIGEST, Bucket, UnchangedError
from .errors import PublishError, StoreReadError
from .manifest import NAME
from .reader import ManifestRead


class BucketReader:
    """Reads the objects of a bucket. No large object is in memory as a whole."""

    root = None

    def __init__(self, bucket: Bucket) -> None:
        self.name = bucket.url
        self._bucket = bucket

    def read_manifest(self, revision: object) -> ManifestRead | None:
        """Read the manifest, if it has another ETag."""
        try:
            read = self._bucket.read(NAME, None if revision is None else str(revision))
        except UnchangedError:
            return None
        except PublishError as error:
            raise StoreReadError(error) from error
        if read is None:
            return ManifestRead(None, None)
        content, new = read
        return ManifestRead(new.e_tag, content)

    def path_of(self, below: str) -> str:
        """The URL of an object."""
        return f"{self.name}/{below}"

    def open(self, path: str, content: StoredContent) -> OpenFile:
        """Ask for an object, and check that it has this content."""
        try:
            found = self._bucket.info(self._below(path))
        except PublishError as error:
            raise StoreReadError(error) from error
        if found is None:
            raise UnavailableError(path, "it was removed", gone=True)
        digest = found.attributes.get(DIGEST, content.digest)
        if (digest, found.size) != content:
            raise UnavailableError(path, f"{NAME} has another digest or size for it")
        return self.reopen(path, content)

    def reopen(self, path: str, content: StoredContent) -> OpenFile:
        """Open an object without asking for it."""
        read = partial(self._read_range, path, content.size)
        return RemoteFile(path, content.digest, content.size, read)

    def _below(self, path: str) -> str:
        return path[len(self.name) + 1 :]

    def _read_range(self, path: str, size: int, start: int, stop: int) -> bytes:
        try:
            data, current = self._bucket.read_range(self._below(path), start, stop)
        except PublishError as error:
            raise StoreReadError(error) from error
        if current != size or len(data) != stop - start:
            raise StoreReadError(PublishError(f"{path} was replaced"))
        return data
