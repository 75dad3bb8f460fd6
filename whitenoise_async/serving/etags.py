"""Opaque tags of ETags that are not derived from date and size: content digests, and the hook."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from ..files.content import digest_of, pieces_of_file
from ..files.memory_file import MemoryFile
from ..files.open_file import OpenFile
from ..files.state import FileState
from ..http.fields import is_opaque_tag
from ..registry.entries import StaticFile, StoredFile
from ..support.after_fork import register_after_fork
from ..support.logs import error_rate_limited, printable
from .long_work import SHORT_DIGEST, require_allowed


class TagSource(Protocol):
    """Makes the opaque tags of a file's ETags."""

    #: Whether meaningful dates are used too, in Last-Modified.
    use_dates: bool

    def tags(
        self, entry: StaticFile, files: Sequence[OpenFile | MemoryFile], dated: Sequence[bool]
    ) -> Sequence[str | None]:
        """Make an opaque tag, without quotes, for each of the open ``files``. Blocks on the disk.

        :param dated: whether each one's date may be used.
        :returns: ``None`` for a tag of date and size.
        """


# Digests that are kept. Without `autorefresh`, each file's snapshot has its own as well.
MAX_DIGESTS = 4096


class ContentDigests:
    """Digests of the content, computed once for each state of a file. Threads may share it.

    The same content has the same tag on every machine, whatever its date is there.
    """

    def __init__(self, *, use_dates: bool = False) -> None:
        """:param use_dates: whether to read only files that have no meaningful date."""
        self.use_dates = use_dates
        self._digests: OrderedDict[str, tuple[FileState, str]] = OrderedDict()
        register_after_fork(self)
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._digests)

    def tags(
        self, entry: StaticFile, files: Sequence[OpenFile | MemoryFile], dated: Sequence[bool]
    ) -> list[str | None]:
        """The digests of ``files``.

        :returns: ``None`` for a file that has a meaningful date or changes while it is read.
        :raises FileSystemError: if a file cannot be read.
        :raises LongWorkError: as :func:`.without_long_work` says.
        """
        if isinstance(entry, StoredFile):  # a bucket's object would have to be downloaded
            return [entry.content_at(file.path).digest for file in files]
        return [
            None if self.use_dates and is_dated else self._digest_of(file)
            for is_dated, file in zip(dated, files, strict=True)
        ]

    def _digest_of(self, file: OpenFile | MemoryFile) -> str | None:
        if isinstance(file, MemoryFile):
            # Its state says only how long it is: two of the same file may be equal.
            return compute_digest(file)
        with self._lock:
            state, digest = self._digests.get(file.path, (None, ""))
            if state == file.state:
                self._digests.move_to_end(file.path)
                return digest
        require_allowed(file.state.size, SHORT_DIGEST)
        digest = compute_digest(file)
        if not file.is_unchanged():
            return None
        with self._lock:
            self._digests[file.path] = file.state, digest
            self._digests.move_to_end(file.path)
            if len(self._digests) > MAX_DIGESTS:
                self._digests.popitem(last=False)
        return digest


class _HookTags:
    """Tags that a hook returns, one for all representations of a file."""

    use_dates = True

    def __init__(self, hook: Callable[[str, str], object], default: TagSource | None) -> None:
        """:param default: used if ``hook`` returns ``None``. ``None`` makes that an error."""
        self._hook = hook
        self._default = default

    def tags(
        self, entry: StaticFile, files: Sequence[OpenFile | MemoryFile], dated: Sequence[bool]
    ) -> Sequence[str | None]:
        path = entry.path
        try:
            tag = self._hook(path, entry.plain_url)
            if tag is None and self._default is not None:
                return self._default.tags(entry, files, dated)
            if not isinstance(tag, str) or not is_opaque_tag(tag):
                raise ValueError(
                    f"etag returned {tag!r} for {printable(path)}, but must return a str"
                    " that can stand between the quotes of an ETag: without quotes, white space"
                    " and control characters"
                )
        except Exception as error:
            error_rate_limited(f"etag raised {type(error).__name__} for {path}; the request fails")
            raise
        return [tag] * len(files)


def make_tag_source(
    etag: str | Callable[[str, str], object], default: str | None = None
) -> TagSource:
    """Make the tag source for the option ``etag``.

    :param default: the option that is used if a callable returns ``None``; ``None`` makes that an
        error.
    """
    if isinstance(etag, str):
        return ContentDigests(use_dates=etag == "mtime")
    return _HookTags(etag, None if default is None else make_tag_source(default))


def compute_digest(file: OpenFile | MemoryFile) -> str:
    """Compute the digest of the content. Blocks on the disk.

    :returns: 128 bits of BLAKE2b, in hexadecimal.
    :raises FileSystemError: if the file cannot be read.
    """
    return digest_of(pieces_of_file(file))
