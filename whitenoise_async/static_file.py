"""One URL's file: its representations, built on first use and again when the file has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

from .files import OpenFile, UnavailableError, open_file, read_state
from .forms import Forms, state_if_any
from .representations import FileState, Representation, represent
from .responses import Request, Response, respond

# Held for the making of a file's own lock, and never while a hook runs: it may take its time, or
# ask the application for something.
_MAKING_LOCKS = threading.Lock()

#: Gives the header fields of a file that are the same for all its representations.
Describe = Callable[["StaticFile"], Sequence[tuple[str, str]]]


class Answer(NamedTuple):
    """A response, and the open file that its body is read from; whoever has it closes the file."""

    response: Response
    file: OpenFile | None = None

    def loaded(self, limit: int) -> Answer:
        """The same answer, its body read and its file closed if it has ``limit`` bytes or fewer.

        A file that has changed meanwhile is left open: its sender will find out, and cut the
        connection.
        """
        if self.file is None or self.response.length > limit:
            return self
        parts = [
            part if isinstance(part, bytes) else self.file.read(part) for part in self.response.body
        ]
        body = b"".join(parts)
        if len(body) < self.response.length or self.file.fault():
            return self
        self.file.close()
        return Answer(self.response._replace(body=(body,)))


class Redirect(NamedTuple):
    """A URL that leads to where an index file is served."""

    path: str  # of the index file, absolute
    location: str | None  # relative reference; None: the request's path and a slash


class _Kept(NamedTuple):
    """What was found when a file was last opened with all its siblings."""

    representations: Sequence[Representation]
    rejected: Sequence[tuple[str, FileState | None]]


class StaticFile:
    """A file that was found below a root, and the URL at which it is served."""

    __slots__ = ("_described", "_first_use", "_kept", "path", "suffixes", "url")

    def __init__(self, path: str, url: str, suffixes: tuple[str, ...] = ()) -> None:
        """
        :param path: the file, absolute.
        :param url: the URL path below the mount point, decoded.
        :param suffixes: those of the pre-compressed siblings that were listed beside the file.
        """
        self.path = path
        self.url = url
        self.suffixes = suffixes
        self._described: Sequence[tuple[str, str]] | None = None
        self._first_use: threading.RLock | None = None
        self._kept: _Kept | None = None

    def answer(self, request: Request, describe: Describe) -> Answer:
        """Answer ``request`` from the file's state at this moment. Blocks on the disk.

        :param describe: called on first use, and never again.
        :raises UnavailableError: when the file is gone, unreadable, or no regular file any more.
        :raises FileSystemError: when the system fails.
        """
        kept = self._kept
        return (kept and _answer_from(kept, request)) or self._answer_afresh(request, describe)

    def _answer_afresh(self, request: Request, describe: Describe) -> Answer:
        """Open every form of the file, so that what is said and what is sent have one state."""
        with closing(Forms(self.path, self.suffixes)) as forms:
            representations = represent(
                [(file.path, coding, file.state) for coding, file in forms.files.items()],
                self._description(describe),
            )
            self._kept = _Kept(representations, forms.rejected)
            response = respond(representations, request)
            if not response.body or response.representation is None:
                return Answer(response)
            return Answer(response, forms.take(response.representation.coding))

    def _description(self, describe: Describe) -> Sequence[tuple[str, str]]:
        if self._described is None:
            with _MAKING_LOCKS:
                lock = self._first_use = self._first_use or threading.RLock()
            with lock:
                if self._described is None:
                    self._described = describe(self)
            self._first_use = None
        return self._described


def _answer_from(kept: _Kept, request: Request) -> Answer | None:
    """Answer from ``kept`` if the files on the disk are still in the state that it describes."""
    response = respond(kept.representations, request)
    original, chosen = kept.representations[0], response.representation or kept.representations[0]
    # A deploy replaces a file, and then its sibling: one that did not belong to it may do so now.
    if any(state_if_any(path) != state for path, state in kept.rejected):
        return None
    try:
        # Without its original a sibling is nobody's compression, whatever its own state.
        if chosen is not original and read_state(original.path) != original.state:
            return None
        # Opened even where nothing is sent: HEAD and GET find out alike what may not be read.
        file = open_file(chosen.path)
    except UnavailableError:
        return None
    if file.state == chosen.state and response.body:
        return Answer(response, file)
    file.close()
    return Answer(response) if file.state == chosen.state else None
