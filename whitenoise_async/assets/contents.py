"""Remembers digests of files, and the references in style sheets, until the files change."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ..files.content import pieces_of_file, sha256
from ..files.errors import UnavailableError
from ..files.open_file import OpenFile, open_in
from ..files.state import FileState, read_state
from ..registry.entries import StaticFile
from ..serving.long_work import SHORT_DIGEST, require_allowed
from ..support.after_fork import register_after_fork
from ..support.logs import warn_once
from . import stylesheets

if TYPE_CHECKING:
    from .stylesheets import Reference

_INSTALL = "pip install 'whitenoise_async[assets]'"


# A file that is written while it is read is read again this often.
_ATTEMPTS = 5


class ChangingError(UnavailableError):
    """A file changes each time that it is read."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "it changes while it is read")


class Content(NamedTuple):
    """The content of a file in one state."""

    state: FileState
    digest: bytes  # SHA-256
    is_style_sheet: bool = False
    #: The references of a style sheet that can be rewritten; ``None`` for every other file.
    references: tuple[Reference, ...] | None = None


class _Known:
    """The last content of a file."""

    __slots__ = ("check_after", "content", "lock")

    def __init__(self) -> None:
        self.content: Content | None = None
        #: The time, by ``time.monotonic()``, after which the file must be checked again.
        self.check_after = 0.0
        #: Held while the file is read, so that concurrent requests read it once.
        self.lock = threading.RLock()


class Contents:
    """The contents of files, each read once for each state of the file. Threads may share it."""

    def __init__(
        self,
        media_type: Callable[[str], str],
        charset: str | None,
        check_interval: float | None,
        max_style_sheet_size: int,
    ) -> None:
        """
        :param media_type: the ``type/subtype`` of the file at a path.
        :param charset: declared for style sheets in ``Content-Type``, so that it takes precedence
            over an ``@charset``.
        :param check_interval: seconds until a file is checked again; ``None`` for never.
        :param max_style_sheet_size: bytes. Larger style sheets are not rewritten.
        """
        self._media_type = media_type
        self._charset = charset
        self._check_interval = math.inf if check_interval is None else check_interval
        self._max_style_sheet_size = max_style_sheet_size
        # By path. Only listed files are read, so clients cannot add any.
        self._known: dict[str, _Known] = {}
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Make new locks, in a process that was just forked."""
        for known in self._known.values():
            known.lock = threading.RLock()

    def current(self, file: StaticFile) -> Content:
        """The content of ``file``, which is checked if that is due. Blocks on the disk.

        :raises UnavailableError: if there is no such file.
        :raises ChangingError: if it changes each time that it is read.
        :raises FileSystemError: if the system fails.
        """
        known = self._known_of(file.path)
        if known.content is not None and monotonic() < known.check_after:
            return known.content
        with known.lock:
            content = known.content
            if content is None or read_state(file.path) != content.state:
                content = self._read_whole(file, known)
            known.check_after = monotonic() + self._check_interval
            return content

    def _read_whole(self, file: StaticFile, known: _Known) -> Content:
        """The content of ``file``, which is read again if it changes while it is read."""
        for _ in range(_ATTEMPTS):
            with closing(open_in(file.root, file.path)) as opened:
                content = self.of(file, opened)
            if known.content is content:
                return content
        raise ChangingError(file.path)

    def of(self, file: StaticFile, opened: OpenFile) -> Content:
        """The content of ``file``, as it is in the open file. Blocks on the disk.

        :raises FileSystemError: if the system fails.
        :raises LongWorkError: if a large file must be read where that is forbidden.
        """
        known = self._known_of(file.path)
        with known.lock:
            content = known.content
            if content is None or content.state != opened.state:
                content = self._read(file, opened)
                # A file that is being written is read again at the next request.
                known.content = content if opened.is_unchanged() else None
            return content

    def decode(self, data: bytes) -> tuple[str, str]:
        """Decode a style sheet as browsers do.

        :returns: the text and its encoding.
        :raises StyleSheetError: if the text, encoded again, would not give the same bytes.
        """
        return stylesheets.decode(data, self._charset)

    def _known_of(self, path: str) -> _Known:
        return self._known.get(path) or self._known.setdefault(path, _Known())

    def _read(self, file: StaticFile, opened: OpenFile) -> Content:
        state = opened.state
        require_allowed(state.size, SHORT_DIGEST)
        is_style_sheet = self._media_type(file.path) == "text/css"
        if is_style_sheet and self._is_rewritable(opened):
            data = opened.read_fully(0, state.size)
            references = self._references(file.path, data)
            return Content(state, sha256(data).digest(), True, references)
        digest = sha256()
        for piece in pieces_of_file(opened):
            digest.update(piece)
        return Content(state, digest.digest(), is_style_sheet)

    def _is_rewritable(self, opened: OpenFile) -> bool:
        """Whether a style sheet can be rewritten; the log says why not."""
        if not stylesheets.is_tokenizer_installed():
            warn_once(f"URLs in style sheets get no hashes without tinycss2: {_INSTALL}")
            return False
        if opened.state.size > self._max_style_sheet_size:
            warn_once(
                f"URLs in {opened.path} get no hashes: it has {opened.state.size:,} bytes, more"
                f" than max_cached_file_size, {self._max_style_sheet_size:,}"
            )
            return False
        return True

    def _references(self, path: str, content: bytes) -> tuple[Reference, ...] | None:
        try:
            return tuple(stylesheets.find_references(self.decode(content)[0]))
        except stylesheets.StyleSheetError as error:
            warn_once(f"URLs in {path} get no hashes: {error}")
            return None
