"""A store in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import NoReturn

from ..files.codings import STORE_MARKER, WORKING_PREFIX
from ..files.content import digest_of, pieces_of
from ..files.draft import Draft, is_unfinished, remove_unfinished
from ..files.folder import Folder, parent_of, walk
from ..support.locks import locked
from .build import BuiltFile
from .errors import PublishError, naming
from .manifest import NAME, Record
from .plan import Stored

_NEW_FOLDER = 0o777  # before the umask


class FolderStore:
    """A folder that a server serves directly."""

    jobs = 4

    def __init__(self, path: str) -> None:
        """:param path: the folder. It may not exist yet."""
        self.name = path
        self._files: Mapping[str, int] = {}
        self._unfinished: list[str] = []

    def read_manifest(self) -> bytes | None:
        """The content of the manifest."""
        path = os.path.join(self.name, NAME)
        with naming(path, "read"), suppress(FileNotFoundError), open(path, "rb") as file:
            return file.read()
        return None

    def list_files(self) -> Mapping[str, int]:
        """List the files. Every entry that is not a folder counts as one."""
        self._files = files = dict[str, int]()
        self._unfinished = []
        if not os.path.lexists(self.name):
            return files
        with naming(self.name, "listed"), Folder.opened(self.name) as root:
            for below, _, entries in walk(root, _fail):
                for entry in entries:
                    if is_unfinished(entry):
                        self._unfinished.append(below + entry.name)
                    elif not entry.name.startswith(WORKING_PREFIX) and below + entry.name != NAME:
                        files[below + entry.name] = entry.stat(follow_symlinks=False).st_size
        return files

    def require_paths(self, paths: Collection[str]) -> None:
        """Require that no path is a file in the store and a folder in the build, or the reverse."""
        folders = {folder for path in self._files for folder in _folders_of(path)}
        for path in paths:
            if path in folders:
                self._refuse(path, path, "a folder")
            for folder in _folders_of(path):
                if folder in self._files:
                    self._refuse(path, folder, "not a folder")

    def state(self, file: BuiltFile, record: Record | None) -> Stored:
        """Read the file. A folder has no headers."""
        with (
            naming(os.path.join(self.name, file.path), "read"),
            suppress(FileNotFoundError),  # it is a link, or was removed
            self._parent_of(file.path) as (folder, name),
            folder.reading(name) as descriptor,
        ):
            content = pieces_of(lambda size: os.read(descriptor, size))
            return Stored(digest_of(content), file.tag)
        return Stored("", "")

    def local_copies(self, paths: Sequence[str], folder: str) -> str:
        """The store's own folder."""
        return self.name

    def locked(self, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
        """Wait for the lock of the folder, and create the folder before that."""
        with naming(self.name, "created"):
            os.makedirs(self.name, exist_ok=True)
        return locked(self.name, on_wait)

    def prepare(self) -> None:
        """Remove the unfinished files of interrupted runs, and mark the folder as a store.

        The middleware does not serve the manifest of a marked folder.
        """
        marker = os.path.join(self.name, STORE_MARKER)
        with naming(marker, "written"), Folder.opened(self.name) as root:
            os.close(root.open(STORE_MARKER, os.O_WRONLY | os.O_CREAT, 0o644))
        for path in self._unfinished:
            with suppress(OSError), self._parent_of(path) as (folder, name):
                remove_unfinished(folder, name)

    def put(self, file: BuiltFile, pieces: Iterator[bytes]) -> None:
        """Write a file with the mode and date that it has in the build."""
        with (
            naming(os.path.join(self.name, file.path), "written"),
            self._parent_of(file.path, make=_NEW_FOLDER) as (folder, name),
            Draft(folder, name) as draft,
        ):
            for piece in pieces:
                draft.write(piece)
            draft.publish(file.mode, file.mtime_ns)

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest after everything that it lists has reached the disk."""
        with (
            naming(os.path.join(self.name, NAME), "written"),
            Folder.opened(self.name) as root,
            Draft(root, NAME) as draft,
        ):
            draft.write(content)
            getattr(os, "sync", lambda: None)()
            draft.sync()
            draft.publish(0o644)

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and the folders that become empty."""
        for path in paths:
            with (
                naming(os.path.join(self.name, path), "removed"),
                suppress(FileNotFoundError),
                self._parent_of(path) as (folder, name),
            ):
                folder.unlink(name)
            self._remove_empty(os.path.dirname(path))

    def _remove_empty(self, path: str) -> None:
        """Remove a folder and those above it, as long as they are empty."""
        with suppress(OSError):
            while path:
                with self._parent_of(path) as (folder, name):
                    folder.rmdir(name)
                path = os.path.dirname(path)

    def _refuse(self, path: str, other: str, kind: str) -> NoReturn:
        raise PublishError(
            f"{os.path.join(self.name, path)} cannot be written, because {other} is {kind} in the"
            " store; nothing was changed. Build it with another name, or remove it from the store"
        )

    @contextmanager
    def _parent_of(self, path: str, *, make: int | None = None) -> Iterator[tuple[Folder, str]]:
        with Folder.opened(self.name) as root, parent_of(root, path, make=make) as found:
            yield found


def _folders_of(path: str) -> Iterator[str]:
    """The paths of the folders above a file."""
    while path := os.path.dirname(path):
        yield path


def _fail(path: str, message: str) -> None:
    raise PublishError(message)
