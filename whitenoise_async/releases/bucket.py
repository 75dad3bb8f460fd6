"""The calls of obstore that a bucket needs, with errors of one line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any, NamedTuple

from .errors import PublishError

# A bucket that answers 500 or 503 is asked again, for up to half a minute.
_RETRIES = {"max_retries": 8, "retry_timeout": timedelta(seconds=30)}

# While a request waits, a failure must be known soon.
_SHORT_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=5)}
_TRUE = ("1", "true", "on", "yes", "y")
_SHORT_TIMEOUTS = {"timeout": timedelta(seconds=10), "connect_timeout": timedelta(seconds=3)}

# Bytes. obstore sends larger content in parts of this size.
_PART = 5 * 1024 * 1024

# The entries of one call: S3 lists and deletes up to a thousand.
_PAGE = 1000

#: The field of an object's metadata that has the digest of its content. Azure allows no hyphen.
DIGEST = "digest"

_ERROR = re.compile(r"<Code>(?P<code>.*?)</Code>.*?<Message>(?P<message>.*?)</Message>", re.S)
_LONGEST_REASON = 300  # characters


class OtherRunError(Exception):
    """The condition of a put does not hold: another run has written the object."""


class UnchangedError(Exception):
    """An object still has an ETag."""


class Revision(NamedTuple):
    """A state of an object. S3 and Azure compare the ETag, Google Cloud Storage the version."""

    e_tag: str | None
    version: str | None


class ObjectInfo(NamedTuple):
    """An object, without its content."""

    revision: Revision
    attributes: Mapping[str, str]
    size: int  # bytes


class Bucket:
    """The objects of a bucket whose keys begin with a prefix."""

    def __init__(self, url: str, *, is_hurried: bool = False) -> None:
        """
        :param url: such as ``s3://bucket/prefix``. Environment variables configure the access.
        :param is_hurried: whether requests wait, so that failures are repeated only a few times.
        :raises PublishError: if obstore is not installed or does not accept the URL.
        """
        try:
            obstore: Any = import_module("obstore")
            exceptions: Any = import_module("obstore.exceptions")
            from_url = import_module("obstore.store").from_url
        except ImportError as error:
            raise PublishError(
                f"{url} is a bucket, which needs obstore: pip install 'whitenoise_async[publish]'"
            ) from error
        self.url = url
        self._obstore = obstore
        self._unchanged = exceptions.NotModifiedError
        self._refused = (exceptions.AlreadyExistsError, exceptions.PreconditionError)
        self._errors = (exceptions.BaseError, FileNotFoundError, ValueError)
        with self._naming("", "opened"):
            self._store: Any = (
                from_url(url, retry_config=_SHORT_RETRIES, client_options=_short_timeouts())
                if is_hurried
                else from_url(url, retry_config=_RETRIES)
            )

    def list_objects(self) -> Iterator[tuple[str, int]]:
        """The paths and sizes of all objects."""
        with self._naming("", "listed"):
            for page in self._obstore.list(self._store, chunk_size=_PAGE):
                for each in page:
                    yield each["path"], each["size"]

    def info(self, path: str) -> ObjectInfo | None:
        """Ask for an object without its content; ``None`` if there is none."""
        with self._naming(path, "read"):
            try:
                found = self._obstore.get(self._store, path, options={"head": True})
            except FileNotFoundError:
                return None
            return ObjectInfo(_revision(found.meta), dict(found.attributes), found.meta["size"])

    def read(self, path: str, unless: str | None = None) -> tuple[bytes, Revision] | None:
        """Read an object: its content and revision; ``None`` if there is none.

        :param unless: an ETag with which the object is not read.
        :raises UnchangedError: if it has that ETag.
        """
        options = None if unless is None else {"if_none_match": unless}
        with self._naming(path, "read"):
            try:
                found = self._obstore.get(self._store, path, options=options)
            except self._unchanged as error:
                raise UnchangedError from error
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None
            return bytes(found.bytes()), _revision(found.meta)

    def read_range(self, path: str, start: int, stop: int) -> tuple[bytes, int]:
        """Read a part of an object.

        :param start: bytes before the part.
        :param stop: bytes before the end of the part, more than ``start``.
        :returns: the part, and the size of the object.
        """
        with self._naming(path, "read"):
            found = self._obstore.get(self._store, path, options={"range": (start, stop)})
            return bytes(found.bytes()), found.meta["size"]

    def pieces(self, path: str) -> Iterator[bytes]:
        """Read an object piece by piece."""
        with self._naming(path, "read"):
            yield from map(bytes, self._obstore.get(self._store, path).stream())

    def put(
        self, path: str, size: int, pieces: Iterator[bytes], attributes: Mapping[str, str]
    ) -> None:
        """Write an object. It appears completely or not at all, also if ``pieces`` raises."""
        with self._naming(path, "written"):
            content: Any = pieces if size > _PART else b"".join(pieces)
            self._obstore.put(self._store, path, content, attributes=dict(attributes))

    def put_if(self, path: str, content: bytes, revision: Revision | None) -> Revision:
        """Write an object only if it still has a revision, or does not exist yet for ``None``.

        :returns: its new revision.
        :raises OtherRunError: if the condition does not hold.
        """
        mode: Any = "create"
        if revision is not None:
            mode = {name: value for name, value in revision._asdict().items() if value}
        attributes = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        with self._naming(path, "written"):
            try:
                result = self._obstore.put(
                    self._store,
                    path,
                    content,
                    mode=mode,
                    attributes=attributes,
                    use_multipart=False,
                )
            except self._refused as error:
                # The bucket may have written it, and then answered a 500. obstore asked again.
                found = self.read(path)
                if found is None or found[0] != content:
                    raise OtherRunError from error
                return found[1]
            return _revision(result)

    def delete(self, paths: Sequence[str]) -> None:
        """Remove objects. It is no error if one does not exist."""
        for at in range(0, len(paths), _PAGE):
            with self._naming(paths[at], "removed"):
                self._obstore.delete(self._store, list(paths[at : at + _PAGE]))

    @contextmanager
    def _naming(self, path: str, action: str) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            name = os.path.join(self.url, path) if path else self.url
            raise PublishError(f"{name} cannot be {action}: {_reason(str(error))}") from error


def _short_timeouts() -> Mapping[str, object]:
    """The options of a client whose requests fail soon.

    They replace those from the environment, so the one for local servers is read here.
    """
    values = [os.environ.get(f"{each}_ALLOW_HTTP", "") for each in ("AWS", "GOOGLE", "AZURE")]
    return {**_SHORT_TIMEOUTS, "allow_http": any(each.lower() in _TRUE for each in values)}


def _revision(meta: Mapping[str, Any]) -> Revision:
    return Revision(meta["e_tag"], meta["version"])


def _reason(text: str) -> str:
    """The reason in an error of obstore, which has many lines."""
    if found := _ERROR.search(text):
        return f"{found['message'].rstrip('.')} ({found['code']})"
    first = " ".join(text.partition("\n\nDebug source")[0].split())
    return first.rpartition(" - ")[2].rstrip(": ")[:_LONGEST_REASON]
