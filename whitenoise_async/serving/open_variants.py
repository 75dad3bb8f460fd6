"""A file and its variants, opened together: the one moment that a response describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

from ..files.codings import split_variant
from ..files.errors import UnavailableError
from ..files.memory_file import MemoryFile
from ..files.open_file import OpenFile, open_in
from ..files.state import FileState, state_or_none
from ..files.variant_check import coding_of, variant_mismatch
from ..http.negotiation import IDENTITY
from ..registry.entries import StaticFile
from ..support.logs import warn_once


class OpenVariants:
    """The open files of one entry by content coding, identity first.

    ``made`` has content that was made in memory, as further variants or in place of all files.
    ``others`` has the paths and states of files that affect the response, but are not among the
    open ones: the state is ``None`` for a file that does not exist.
    """

    def __init__(
        self, entry: StaticFile, open_: Callable[[str | None, str], OpenFile] = open_in
    ) -> None:
        """Open the file, and those variants that match it and are smaller. Blocks on the disk.

        :param open_: opens the file at a path below a root.
        :raises UnavailableError: if there is no such file, or it is the variant of another one.
        :raises FileSystemError: if the system fails.
        """
        self._entry = entry
        self._open = open_
        self.files = {IDENTITY: open_(entry.root, entry.path)}
        self.made: dict[str, MemoryFile] = {}
        self.others: list[tuple[str, FileState | None]] = []
        try:
            if entry.is_variant and (parts := split_variant(entry.path)) is not None:
                self._require_unrelated(*parts)
            for suffix in entry.suffixes:
                self._add(suffix)
        except BaseException:
            self.close()
            raise

    def _add(self, suffix: str) -> None:
        original, path = self.files[IDENTITY], self._entry.path + suffix
        try:
            variant = self._open(self._entry.root, path)
        except UnavailableError as error:
            if not error.gone:
                warn_once(str(error))
            # Not for a missing file: one that appears after the opening has not been checked.
            self.others.append((path, None if error.gone else state_or_none(path)))
            return
        try:
            coding = coding_of(suffix, variant)
        except BaseException:
            variant.close()
            raise
        self.files[coding.token] = variant
        mismatch = variant_mismatch(coding, variant, original)
        if mismatch is not None:
            warn_once(f"{path} is not served: {mismatch}")
        if mismatch is not None or variant.state.size >= original.state.size:
            if variant.is_local:
                self.others.append((path, variant.state))
            self.take(coding.token).close()

    def _require_unrelated(self, path: str, suffix: str) -> None:
        """Refuse to serve the file under its own URL if it is the compression of ``path``."""
        file = self.files[IDENTITY]
        try:
            original = self._open(self._entry.root, path)
        except UnavailableError as error:
            if not error.gone:
                raise
            self.others.append((path, None))
            return
        with closing(original):
            if variant_mismatch(coding_of(suffix, file), file, original) is None:
                raise UnavailableError(file.path, f"it is the variant of {path}", gone=True)
            self.others.append((path, original.state))

    def replace(self, made: Mapping[str, MemoryFile]) -> None:
        """Serve ``made`` in place of the open files, which are closed.

        It is outdated when these files change.
        """
        self.others = self.states()
        self.close()
        self.files, self.made = {}, dict(made)

    @property
    def identity(self) -> OpenFile | MemoryFile:
        """The content without a content coding."""
        return self.made.get(IDENTITY) or self.files[IDENTITY]

    def states(self) -> list[tuple[str, FileState | None]]:
        """The paths and states of all files that affect the response."""
        states = list(self.others)
        for file in self.files.values():
            if file.is_local:  # another one never changes
                states.append((file.path, file.state))
        return states

    def take(self, coding: str) -> OpenFile:
        """Hand over an open file to the caller, who closes it."""
        return self.files.pop(coding)

    def close(self) -> None:
        """Close every file that was not taken."""
        for file in self.files.values():
            file.close()
