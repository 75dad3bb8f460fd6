"""A store in a bucket: S3, Google Cloud Storage or Azure."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from ..files.codings import WORKING_PREFIX
from ..files.content import digest_of
from ..support.threads import Stop, run_in_threads
from .bucket import DIGEST, Bucket, OtherRunError, Revision
from .bucket_lock import BucketLock
from .build import HEADERS, BuiltFile, tag_of
from .errors import PublishError, naming
from .manifest import NAME, Record
from .plan import Stored


class BucketStore:
    """The objects below a prefix of a bucket, each with the headers of its file."""

    jobs = 16

    def __init__(self, bucket: Bucket, lock: BucketLock) -> None:
        self.name = bucket.url
        self._bucket = bucket
        self._lock = lock
        self._sizes: dict[str, int] = {}
        self._revision: Revision | None = None  # of the manifest

    def read_manifest(self) -> bytes | None:
        """The content of the manifest."""
        found = self._bucket.read(NAME)
        if found is None:
            self._revision = None
            return None
        content, self._revision = found
        return content

    def list_files(self) -> Mapping[str, int]:
        """List the objects, a thousand a call."""
        self._sizes = {
            path: size
            for path, size in self._bucket.list_objects()
            if path != NAME and not path.startswith(WORKING_PREFIX)
        }
        return self._sizes

    def require_paths(self, paths: Collection[str]) -> None:
        """Do nothing: a bucket has no folders."""

    def state(self, file: BuiltFile, record: Record | None) -> Stored:
        """The state that the manifest or else the object's metadata has.

        An object of another tool has no digest in its metadata, so it is read.
        """
        if record is not None and record.size == self._sizes[file.path]:
            return Stored(record.digest, record.tag)
        found = self._bucket.info(file.path)
        if found is None or self._sizes[file.path] != file.size:
            return Stored("", "")
        headers = {name: found.attributes[name] for name in HEADERS if name in found.attributes}
        digest = found.attributes.get(DIGEST) or digest_of(self._bucket.pieces(file.path))
        return Stored(digest, tag_of(headers))

    def local_copies(self, paths: Sequence[str], folder: str) -> str:
        """Read objects into the folder."""

        def copy(path: str) -> None:
            target = os.path.join(folder, path)
            with naming(target, "written"):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.writelines(stop.watch(self._bucket.pieces(path)))

        stop = Stop()
        run_in_threads(copy, paths, self.jobs, stop)
        return folder

    def locked(self, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
        """Hold the lock, or fail if another run holds it."""
        return self._lock.held(on_wait)

    def prepare(self) -> None:
        """Do nothing: a bucket removes unfinished uploads by a rule of its own."""

    def put(self, file: BuiltFile, pieces: Iterator[bytes]) -> None:
        """Write an object."""
        self._lock.check()
        attributes = {**file.headers, DIGEST: file.digest}
        self._bucket.put(file.path, file.size, pieces, attributes)

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest, if nothing else has replaced it."""
        self._lock.check()
        try:
            self._revision = self._bucket.put_if(NAME, content, self._revision)
        except OtherRunError as error:
            raise PublishError(
                f"{self.name}/{NAME} was changed by another run, so this one ends"
            ) from error

    def remove(self, paths: Sequence[str]) -> None:
        """Remove objects, a thousand a call."""
        self._lock.check()
        self._bucket.delete(paths)
