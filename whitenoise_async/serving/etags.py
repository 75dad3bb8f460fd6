"""What the ETag of a file is made of, where that is not its date and size."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Protocol, TypeVar

from ..files.open_file import OpenFile
from ..http.fields import is_opaque_tag
from ..support.after_fork import register_after_fork
from ..support.logs import error_rate_limited, printable
from .representation import FileState, are_dated

T = TypeVar("T")


class Tags(Protocol):
    """Makes the ETags of a file."""

    #: Whether the dates of files count as well, where they say something.
    are_dated: bool

    def __call__(self, path: str, url: str, forms: Sequence[OpenFile]) -> Sequence[str | None]:
        """Make an opaque tag, without quotes, for each of the open ``forms``.

        :returns: ``None`` for the tag of date and size. Blocks on the disk.
        """


class LongDigestError(Exception):
    """A large file has to be read for its tag, which :func:`quickly` does not allow."""


# Bytes that are read at a time.
_PIECE = 256 * 1024

# Bytes that are read for a digest in one millisecond.
_QUICK = 1024 * 1024

_is_quick: ContextVar[bool] = ContextVar("whitenoise_async_is_quick", default=False)


def quickly(function: Callable[[], T]) -> T:
    """Call a function that may ask for tags, but not for those that take long.

    :raises LongDigestError: where a large file would have to be read for its tag.
    """
    token = _is_quick.set(True)
    try:
        return function()
    finally:
        _is_quick.reset(token)


# Tags that are kept. A file that is served without `autorefresh` keeps its own beside this.
_MAX_KEPT = 4096


class ContentTags:
    """Tags that are digests of the content: each is made once for a state. Threads may share it.

    The same content has the same tag on every machine, whatever its date there.
    """

    def __init__(self, *, are_dated: bool = False) -> None:
        """:param are_dated: whether dates count; then only files with constant dates are read."""
        self.are_dated = are_dated
        self._kept: OrderedDict[str, tuple[FileState, str]] = OrderedDict()
        register_after_fork(self)
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Take a new lock."""
        self._changing = threading.Lock()

    def __call__(self, path: str, url: str, forms: Sequence[OpenFile]) -> list[str | None]:
        """The digests of ``forms``; ``None`` for one that has a date or changes while it is read.

        :raises FileSystemError: where one cannot be read.
        :raises LongDigestError: where that is not allowed to take long.
        """
        if not self.are_dated:
            return [self._of(form) for form in forms]
        dated = are_dated([form.state for form in forms])
        return [None if has else self._of(form) for has, form in zip(dated, forms, strict=True)]

    def _of(self, form: OpenFile) -> str | None:
        with self._changing:
            state, tag = self._kept.get(form.path, (None, ""))
            if state == form.state:
                self._kept.move_to_end(form.path)
                return tag
        if form.state.size > _QUICK and _is_quick.get():
            raise LongDigestError
        tag = _digest(form)
        if not form.is_untouched():
            return None
        with self._changing:
            self._kept[form.path] = form.state, tag
            self._kept.move_to_end(form.path)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return tag


class _HookTags:
    """Tags that a hook makes, one for all forms of a file."""

    are_dated = True

    def __init__(self, hook: Callable[[str, str], object], default: Tags | None) -> None:
        """:param default: makes the tags where ``hook`` returns ``None``; ``None`` forbids that."""
        self._hook = hook
        self._default = default

    def __call__(self, path: str, url: str, forms: Sequence[OpenFile]) -> Sequence[str | None]:
        try:
            made = self._hook(path, url)
            if made is None and self._default is not None:
                return self._default(path, url, forms)
            if not isinstance(made, str) or not is_opaque_tag(made):
                raise ValueError(
                    f"etag returned {made!r} for {printable(path)}: what stands between the quotes"
                    " of an ETag was expected, a str without quotes, white space and control"
                    " characters"
                )
        except Exception:
            error_rate_limited(f"etag failed for {path}")
            raise
        return [made] * len(forms)


def make_tags(etag: str | Callable[[str, str], object], default: str | None = None) -> Tags:
    """Return the function that makes the tags for the option ``etag``.

    :param default: the option that counts where a callable returns ``None``; ``None`` forbids that.
    """
    if isinstance(etag, str):
        return ContentTags(are_dated=etag == "mtime")
    return _HookTags(etag, None if default is None else make_tags(default))


def _digest(form: OpenFile) -> str:
    digest, at = hashlib.blake2b(digest_size=16), 0
    while at < form.state.size and (piece := form.read(at, _PIECE)):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()
