"""What the ETag of a file is made of, where that is not its date and size."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from .files import OpenFile
from .forks import renew_at_fork
from .http.fields import is_opaque_tag
from .logs import error_now_and_then, printable
from .representations import FileState

#: Takes a file's path, its URL and its forms, which are open; returns an opaque tag for each,
#: without quotes, or ``None`` for that of date and size. Blocks on the disk.
Tags = Callable[[str, str, Sequence[OpenFile]], "Sequence[str | None]"]

# Bytes that are read at a time.
_PIECE = 256 * 1024

# Tags that are kept. A file that is served without `autorefresh` keeps its own beside this.
_MAX_KEPT = 4096


class ContentTags:
    """Tags that are digests of the content: each is made once for a state. Threads may share it.

    The same content has the same tag on every machine, whatever its date there.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[FileState, str]] = OrderedDict()
        renew_at_fork(self)
        self.renew()

    def renew(self) -> None:
        """Take a new lock."""
        self._changing = threading.Lock()

    def __call__(self, path: str, url: str, forms: Sequence[OpenFile]) -> list[str | None]:
        """The digests of ``forms``; ``None`` for one that changes while it is read.

        :raises FileSystemError: where one cannot be read.
        """
        return [self._of(form) for form in forms]

    def _of(self, form: OpenFile) -> str | None:
        with self._changing:
            state, tag = self._kept.get(form.path, (None, ""))
            if state == form.state:
                self._kept.move_to_end(form.path)
                return tag
        tag = _digest(form)
        if not form.is_untouched():
            return None
        with self._changing:
            self._kept[form.path] = form.state, tag
            self._kept.move_to_end(form.path)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return tag


def make_tags(etag: str | Callable[[str, str], object], default: str | None = None) -> Tags | None:
    """The maker of the tags that option ``etag`` names; ``None`` for those of date and size.

    :param default: what is asked for where a callable returns ``None``; ``None`` forbids that.
    """
    if etag == "mtime":
        return None
    if isinstance(etag, str):
        return ContentTags()
    return _asking(etag, None if default is None else make_tags(default) or _of_date_and_size)


def _of_date_and_size(path: str, url: str, forms: Sequence[OpenFile]) -> list[None]:
    return [None] * len(forms)


def _asking(hook: Callable[[str, str], object], default: Tags | None) -> Tags:
    def tags(path: str, url: str, forms: Sequence[OpenFile]) -> Sequence[str | None]:
        try:
            made = hook(path, url)
            if made is None and default is not None:
                return default(path, url, forms)
            if not isinstance(made, str) or not is_opaque_tag(made):
                raise ValueError(
                    f"etag returned {made!r} for {printable(path)}: what stands between the quotes"
                    " of an ETag was expected, a str without quotes, white space and control"
                    " characters"
                )
        except Exception:
            error_now_and_then(f"etag failed for {path}")
            raise
        return [made] * len(forms)

    return tags


def _digest(form: OpenFile) -> str:
    digest, at = hashlib.blake2b(digest_size=16), 0
    while at < form.state.size and (piece := form.read(at, _PIECE)):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()
