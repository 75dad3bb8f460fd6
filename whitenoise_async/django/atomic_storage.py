"""Files of a local storage that appear whole, under the name that was asked for, or not at all."""

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


class WholeFilesStorage(FileSystemStorage):
    """Writes each file beside its place first.

    Of one that is cut off by a full disk or a signal, the next ``collectstatic`` would think that
    it is the file: it looks at names and dates. And two at once would make each other choose other
    names, under which nobody asks for anything.

    The old file stays until the new one is complete. Each folder is opened from the one above, so a
    link that takes a folder's place leads nothing out of the storage.
    """

    #: While files are replaced, the names that Django has removed and not written again.
    _replaced: set[str] | None = None

    @contextmanager
    def replacing(self) -> Iterator[set[str]]:
        """Keep the files that are removed, as Django removes a file before it writes the new one.

        They would be missing until then, and on a full disk they would stay missing.

        :returns: the names that Django removed and has not written again.
        """
        self._replaced = set()
        try:
            yield self._replaced
        finally:
            self._replaced = None

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: what has it is replaced."""
        return name

    def delete(self, name: str) -> None:
        """Remove a file or an empty folder.

        :raises CommandError: naming it, if it cannot be removed.
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
            pass  # another run was first
        except OSError as error:
            raise CommandError(f"{path} cannot be removed: {error.strerror or error}") from error

    def link(self, source: str, name: str) -> None:
        """Make a link that leads to ``source``, in place of what has the name.

        :raises CommandError: naming the link, if it cannot be made.
        """
        self._put(name, lambda folder, draft: folder.symlink(source, draft))

    def _save(self, name: str, content: Any) -> str:
        self._put(name, lambda folder, draft: self._write(folder, draft, content))
        if self._replaced is not None:
            self._replaced.discard(name)
        return name.replace("\\", "/")

    def _put(self, name: str, make: Callable[[Folder, str], None]) -> None:
        """Let something appear under a name, whole."""
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
        """As Django: the mode of the settings, and the group of the storage's folder."""
        group = os.stat(self.location).st_gid
        if os.fstat(descriptor).st_gid != group:
            with suppress(PermissionError):
                os.fchown(descriptor, -1, group)
        if self.file_permissions_mode is not None:
            os.fchmod(descriptor, self.file_permissions_mode)

    @contextmanager
    def _parent(self, name: str, *, make: bool = False) -> Iterator[tuple[Folder, str]]:
        """Open the folder of a file; yields it and the file's name."""
        path = os.path.relpath(self.path(name), self.location).replace(os.sep, "/")
        with ExitStack() as opened:
            root = opened.enter_context(Folder.opened(self.location))
            with self._mode_of_folders():
                place = opened.enter_context(parent_of(root, path, make=0o777 if make else None))
            yield place

    @contextmanager
    def _mode_of_folders(self) -> Iterator[None]:
        """Let new folders have the mode of the settings, as Django does."""
        if self.directory_permissions_mode is None:
            yield
            return
        before = os.umask(0o777 & ~self.directory_permissions_mode)
        try:
            yield
        finally:
            os.umask(before)
