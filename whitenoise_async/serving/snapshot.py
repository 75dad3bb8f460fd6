"""One URL's file: what is known of it since it was last looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..files.open_file import OpenFile, open_below, open_file, state_if_any
from .content_cache import Content
from .etags import Tags
from .open_variants import Forms
from .representation import FileState, Representation, represent

#: Gives the header fields of a file that are the same for all its representations.
Describe = Callable[["StaticFile"], Sequence[tuple[str, str]]]


class Known:
    """A file's representations, as they were when it was looked at."""

    __slots__ = ("_rejected", "contents", "due", "representations")

    def __init__(
        self,
        representations: Sequence[Representation],
        rejected: Sequence[tuple[str, FileState | None]],
    ) -> None:
        """
        :param representations: identity first.
        :param rejected: other files on which the decision depends, and their states. A deploy
            replaces a file, and then its variant, so that a variant that was rejected may match
            later.
        """
        self.representations = representations
        self.contents = {each.coding: Content() for each in representations}
        self.due = 0.0  # time.monotonic() from which on nobody relies on it unasked
        self._rejected = rejected

    def is_true(self) -> bool:
        """Whether the files on the disk are in these states still. Blocks on the disk."""
        # A date in the future is sent once it has come.
        if any(
            each.is_dated and each.last_modified is None and each.state.is_past()
            for each in self.representations
        ):
            return False
        states = [(each.path, each.state) for each in self.representations]
        return all(state_if_any(path) == state for path, state in (*states, *self._rejected))


class StaticFile:
    """A file that was found below a root, and the URL at which it is served."""

    __slots__ = ("description", "is_variant", "known", "lock", "path", "root", "suffixes", "url")

    def __init__(
        self, path: str, url: str, suffixes: tuple[str, ...] = (), *, is_variant: bool = False
    ) -> None:
        """
        :param path: the file, absolute.
        :param url: the URL path below the mount point, decoded.
        :param suffixes: those of the pre-compressed siblings that were listed beside the file.
        :param is_variant: whether its name is that of another file's variant, so that it is served
            here only if it is not the compression of that file.
        """
        self.path = path
        self.url = url
        self.suffixes = suffixes
        self.is_variant = is_variant
        self.known: Known | None = None
        #: The folder below which no link to a folder is followed when the file is opened; ``None``
        #: where links lead wherever they lead.
        self.root: str | None = None
        self.reset_after_fork()
        #: The fields that all representations share, once a request has needed them.
        self.description: Sequence[tuple[str, str]] | None = None

    def open(self, path: str) -> OpenFile:
        """Open the file, or a sibling; raises what :func:`~.files.open_file` raises."""
        return open_file(path) if self.root is None else open_below(self.root, path)

    def open_forms(self) -> Forms:
        """Open the file and its variants; raises what :class:`Forms` raises."""
        return Forms(self.path, self.suffixes, self.open, is_variant=self.is_variant)

    def reset_after_fork(self) -> None:
        """Take a new lock."""
        #: Held while the file is looked at, so that requests that come together look once.
        self.lock = threading.RLock()

    def described(self, describe: Describe) -> Sequence[tuple[str, str]]:
        """The fields that all representations share: ``describe`` is called once."""
        with self.lock:
            if self.description is None:
                self.description = describe(self)
            return self.description

    def learn(self, forms: Forms, describe: Describe, tags: Tags) -> Known:
        """Replace what is known by what ``forms``, which are open, say.

        :param describe: as for :meth:`described`.
        :param tags: makes what the ETags are made of.
        """
        files = list(forms.files.values())
        representations = represent(
            [(file.path, coding, file.state) for coding, file in forms.files.items()],
            self.described(describe),
            tags(self.path, self.url, files),
            dated=tags.are_dated,
        )
        self.known = Known(representations, forms.rejected)
        return self.known


class Redirect(NamedTuple):
    """A URL that leads to where an index file is served."""

    file: StaticFile  # the index file
    location: str | None  # relative reference; None: the request's path and a slash

    @property
    def path(self) -> str:
        """The index file, absolute."""
        return self.file.path

    @property
    def known(self) -> None:
        """Nothing: whether the file is there is asked each time."""

    @property
    def description(self) -> Sequence[tuple[str, str]] | None:
        """The index file's."""
        return self.file.description


class Sought(NamedTuple):
    """A URL of which nobody has looked yet what it leads to, as with ``autorefresh``."""

    url: str

    @property
    def known(self) -> None:
        """Nothing."""

    @property
    def description(self) -> None:
        """Nothing."""

    @property
    def path(self) -> str:
        """Words for the log, which has no room for what clients send."""
        return "A folder"
