"""The snapshot of a file from its last check, and the state of one entry."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..files.memory_file import MemoryFile
from ..files.open_file import OpenFile
from ..files.state import FileState, state_or_none
from ..registry.entries import HashedFile, NotFoundPage, StaticFile, StoredFile
from .content_cache import Content
from .etags import TagSource
from .file_headers import FileHeaders
from .open_variants import OpenVariants
from .representation import Representation, are_dated, make_representations


class Snapshot:
    """A file's representations, as they were when the file was checked."""

    __slots__ = ("_states", "check_after", "contents", "is_not_found_page", "representations")

    def __init__(
        self,
        representations: Sequence[Representation],
        states: Sequence[tuple[str, FileState | None]] = (),
        *,
        is_not_found_page: bool = False,
    ) -> None:
        """
        :param representations: identity first.
        :param states: paths and states of all files that affect the response, rejected variants
            among them. A deployment replaces a file first and its variant later, so a rejected
            variant may match later.
        """
        self.representations = representations
        #: Whether they are the page that is sent with status 404.
        self.is_not_found_page = is_not_found_page
        self.contents = {each.coding: Content() for each in representations}
        #: The time, by ``time.monotonic()``, after which the file must be checked again.
        self.check_after = 0.0
        self._states = states

    def is_current(self) -> bool:
        """Whether the files on the disk are still in these states. Blocks on the disk."""
        # A date in the future is sent once it has come.
        if any(
            each.is_dated and each.last_modified is None and each.state.last_modified() is not None
            for each in self.representations
        ):
            return False
        return all(state_or_none(path) == state for path, state in self._states)


class ServedFile:
    """An entry, and what its requests have in common."""

    __slots__ = ("entry", "is_exact", "known_headers", "lock", "snapshot")

    def __init__(self, entry: StaticFile) -> None:
        self.entry = entry
        #: Whether a sender must refuse every other content: caches keep a hashed URL permanently.
        self.is_exact = isinstance(entry, HashedFile | StoredFile)
        self.snapshot: Snapshot | None = None
        #: The shared headers of its representations; ``None`` before the first request needs them.
        self.known_headers: Sequence[tuple[str, str]] | None = None
        #: Held while the file is checked, so that concurrent requests check it once.
        self.lock = threading.RLock()

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self.lock = threading.RLock()

    def headers(self, make: FileHeaders) -> Sequence[tuple[str, str]]:
        """The shared headers of its representations, made at the first call."""
        with self.lock:
            if self.known_headers is None:
                self.known_headers = make.make(self.entry)
            return self.known_headers

    def take_snapshot(
        self,
        variants: OpenVariants,
        headers: FileHeaders,
        tag_source: TagSource,
    ) -> Snapshot:
        """Replace the snapshot by one of the open ``variants``."""
        files: list[OpenFile | MemoryFile] = [*variants.files.values(), *variants.made.values()]
        described: list[tuple[str, str, FileState]] = []
        states: list[FileState] = []
        for coding, file in zip((*variants.files, *variants.made), files, strict=True):
            described.append((file.path, coding, file.state))
            states.append(file.state)
        # The copies of a store may have other dates, and every replica sends the same headers.
        use_dates = tag_source.use_dates and self.entry.__class__ is not StoredFile
        dated = are_dated(states) if use_dates else [False] * len(files)
        representations = make_representations(
            described,
            self.headers(headers),
            dated,
            tag_source.tags(self.entry, files, dated),
        )
        self.snapshot = Snapshot(
            representations,
            variants.states(),
            is_not_found_page=isinstance(self.entry, NotFoundPage),
        )
        return self.snapshot
