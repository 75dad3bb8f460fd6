"""A local storage whose files appear complete, under the requested name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.core.files.storage import FileSystemStorage

from ..files.codings import WORKING_PREFIX
from ..files.draft import NEW_FILE, write_all
from ..files.folder import Folder, parent_of
from .errors import CommandError


class AtomicStorage(FileSystemStorage):
    """Writes each file under a temporary name, and renames it when it is complete.

    A file that is cut short by a full disk or a signal would be kept by the next ``collectstatic``,
    which compares only names and dates. Two runs at once would make Django's storage choose other
    names, which no page refers to.

    The old file stays until the new one is complete. Each folder is opened from its parent, so a
    link that replaces a folder cannot lead out of the storage.
    """

    #: While files are replaced: the names that Django has removed and not written again.
    _replaced: set[str] | None = None
    #: Whether a file that is replaced by the same content stays.
    _keeps_same = False

    @contextmanager
    def replacing(self, *, keep_same: bool = False) -> Iterator[set[str]]:
        """Keep the files that Django removes, which it does before it writes the new ones.

        The old file would be missing until then, and on a full disk permanently.

        :param keep_same: do not write a file again that has the same content. So it keeps its
            date, and with it the ``ETag`` that browsers know.
        :returns: the names that Django has removed and not written again.
        """
        self._replaced, self._keeps_same = set(), keep_same
        try:
            yield self._replaced
        finally:
            self._replaced, self._keeps_same = None, False

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return ``name``: a file of that name is replaced."""
        return name

    def delete(self, name: str) -> None:
        """Remove a file or an empty folder.

        :raises CommandError: if it cannot be removed; the message names it.
        """
        if not name:
            raise ValueError("delete() needs a name")
        path = self.path(name)
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        if self._replaced is not None and not is_folder:
            self._replaced.add(name)
            return
        try:
            with self._parent(name) as (folder, entry):
                if is_folder:
                    folder.rmdir(entry)
                else:
                    folder.unlink(entry)
        except FileNotFoundError:
            pass  # another run has removed it
        except OSError as error:
            raise CommandError(f"{path} cannot be removed: {error.strerror or error}") from error

    def link(self, source: str, name: str) -> None:
        """Create a link to ``source``; it replaces a file of the same name.

        :raises CommandError: if it cannot be created; the message names the link.
        """
        self._put(name, lambda folder, draft: folder.symlink(source, draft))

    def _save(self, name: str, content: Any) -> str:
        if not (self._keeps_same and self._has(name, content)):
            self._put(name, lambda folder, draft: self._write(folder, draft, content))
        if self._replaced is not None:
            self._replaced.discard(name)
        return name.replace("\\", "/")

    def _has(self, name: str, content: Any) -> bool:
        """Whether there is a file with this name and content."""
        path = self.path(name)
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            is_same = os.fstat(file.fileno()).st_size == content.size and all(
                file.read(len(chunk)) == chunk for chunk in content.chunks()
            )
        content.seek(0)
        return is_same

    def _put(self, name: str, make: Callable[[Folder, str], None]) -> None:
        """Create an entry under a temporary name, and rename it."""
        draft = f"{WORKING_PREFIX}{os.urandom(8).hex()}.new"
        try:
            with self._mode_of_folders():
                os.makedirs(self.location, exist_ok=True)
            with self._parent(name, make=True) as (folder, entry):
                try:
                    make(folder, draft)
                    folder.replace(draft, entry)
                finally:
                    with suppress(OSError):
                        folder.unlink(draft)
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(f"{self.path(name)} cannot be written: {reason}") from error

    def _write(self, folder: Folder, draft: str, content: Any) -> None:
        descriptor = folder.open(draft, NEW_FILE, 0o666)
        try:
            for chunk in content.chunks():
                write_all(descriptor, chunk if isinstance(chunk, bytes) else chunk.encode())
            if hasattr(os, "fchmod"):  # not on Windows
                self._give_mode_and_group(descriptor)
        finally:
            os.close(descriptor)

    def _give_mode_and_group(self, descriptor: int) -> None:
        """Set the mode from the settings, as Django does, and the group of the storage's folder."""
        group = os.stat(self.location).st_gid
        if os.fstat(descriptor).st_gid != group:
            with suppress(PermissionError):
                os.fchown(descriptor, -1, group)
        if self.file_permissions_mode is not None:
            os.fchmod(descriptor, self.file_permissions_mode)

    @contextmanager
    def _parent(self, name: str, *, make: bool = False) -> Iterator[tuple[Folder, str]]:
        """Open the folder of a file; yields it and the name of the file in it."""
        path = os.path.relpath(self.path(name), self.location).replace(os.sep, "/")
        with ExitStack() as opened:
            root = opened.enter_context(Folder.opened(self.location))
            with self._mode_of_folders():
                place = opened.enter_context(parent_of(root, path, make=0o777 if make else None))
            yield place

    @contextmanager
    def _mode_of_folders(self) -> Iterator[None]:
        """Give new folders the mode from the settings, as Django does."""
        if self.directory_permissions_mode is None:
            yield
            return
        before = os.umask(0o777 & ~self.directory_permissions_mode)
        try:
            yield
        finally:
            os.umask(before)
