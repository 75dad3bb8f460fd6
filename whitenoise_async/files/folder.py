"""An open folder. Its entries are opened by name from its descriptor, never by a path.

A user who may write in a tree can replace a folder by a link at any moment. A path then leads out
of the tree, while a descriptor still stands for the folder that was opened.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from .errors import UnavailableError, classify_error
from .open_file import OpenFile, flags_of

_BY_DESCRIPTOR = os.open in os.supports_dir_fd

# os.open() adds O_CLOEXEC, or O_NOINHERIT on Windows (PEP 446).
_FOLDER = os.O_RDONLY | flags_of("O_DIRECTORY")

# O_NONBLOCK: opening a FIFO does not wait for a writer.
_READ = os.O_RDONLY | flags_of("O_NONBLOCK", "O_NOCTTY", "O_BINARY")

_NO_LINK = flags_of("O_NOFOLLOW")

# With O_PATH, Linux opens the link itself, so its owner and its target belong to the same link.
# Other systems cannot open a link, and there root follows none.
_LINK_ITSELF = _NO_LINK | flags_of("O_PATH")

# The errors of O_NOFOLLOW for a link: Linux has the first, FreeBSD the second.
_IS_A_LINK = frozenset({errno.ELOOP, errno.EMLINK})

_MOST_LINKS = 40  # as Linux (path_resolution(7))

# A name that is empty or consists of dots.
_LEADS_AWAY = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)")


class ForeignLinkError(PermissionError):
    """A link that root does not follow, because another user made it."""

    def __init__(self) -> None:
        super().__init__(errno.EPERM, "it is a link of another user")


def is_root() -> bool:
    """Whether root runs this process."""
    return getattr(os, "geteuid", lambda: -1)() == 0


def is_trusted(status: os.stat_result) -> bool:
    """Whether this process may act on an entry: root only if root or the runner owns it."""
    return not is_root() or status.st_uid in (0, os.getuid())


class Folder:
    """An open folder.

    Windows cannot open a file from a folder's descriptor. There, names are joined to the path.
    """

    def __init__(self, path: str, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor  # None on Windows

    @classmethod
    @contextmanager
    def opened(cls, path: str) -> Iterator[Folder]:
        """Open the folder at ``path``, which may be a link."""
        if not _BY_DESCRIPTOR:
            yield cls(path, None)
            return
        descriptor = os.open(path, _FOLDER)
        try:
            yield cls(path, descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def below(self, path: str, *, make: int | None = None) -> Iterator[Folder]:
        """Open the folder ``path`` below this one. No part of the path may be a link.

        :param path: empty for this folder.
        :param make: create missing folders with this mode, before the umask; ``None`` for none.
        """
        folder = self
        with ExitStack() as opened:
            for name in filter(None, path.split("/")):
                if make is not None:
                    with suppress(FileExistsError):
                        os.mkdir(folder._name(name), make, dir_fd=folder._descriptor)
                descriptor = None
                if folder._descriptor is not None:
                    descriptor = folder._open_folder(name)
                    opened.close()  # one open folder is enough, however deep the path is
                    opened.callback(os.close, descriptor)
                folder = Folder(folder.path_of(name), descriptor)
            yield folder

    def path_of(self, name: str) -> str:
        """The path of an entry, for messages."""
        return os.path.join(self.path, name)

    def exists(self, name: str) -> bool:
        """Whether there is an entry with this name."""
        with suppress(OSError):
            self.status_of(name)
            return True
        return False

    def status_of(self, name: str) -> os.stat_result:
        """The status of an entry, which may be a link."""
        return os.stat(self._name(name), dir_fd=self._descriptor, follow_symlinks=False)

    def entries(self) -> list[os.DirEntry[str]]:
        """The entries, ordered by name. They are valid while the folder is open."""
        with os.scandir(self.path if self._descriptor is None else self._descriptor) as scanned:
            return sorted(scanned, key=lambda entry: entry.name)

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open an entry, unless it is a link. The caller closes the descriptor."""
        return os.open(self._name(name), flags | _NO_LINK, mode, dir_fd=self._descriptor)

    @contextmanager
    def reading(self, name: str) -> Iterator[int]:
        """Open a regular file, unless it is a link.

        :raises FileNotFoundError: for anything else.
        """
        try:
            descriptor = self.open(name, _READ)
        except OSError as error:
            raise FileNotFoundError(error.errno, error.strerror) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            yield descriptor
        finally:
            os.close(descriptor)

    def open_file(self, name: str) -> OpenFile:
        """Open a regular file for reading. Links are followed.

        :raises UnavailableError: if there is no readable regular file.
        :raises FileSystemError: if the system fails.
        """
        path = self.path_of(name)
        try:
            descriptor = self._open_followed(name)
        except OSError as error:
            raise classify_error(path, error) from error
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise UnavailableError(path, "it is not a regular file")
        return OpenFile(descriptor, path, status, is_by_path=False)

    def is_foreign_link(self, name: str) -> bool:
        """Whether root must not follow a link, or another link that it leads through."""
        try:
            if is_root():
                os.close(self._open_followed(name))
        except ForeignLinkError:
            return True
        return False

    def replace(self, name: str, target: str) -> None:
        """Rename an entry, and replace one with the name ``target``."""
        here = self._descriptor
        os.replace(self._name(name), self._name(target), src_dir_fd=here, dst_dir_fd=here)

    def unlink(self, name: str) -> None:
        """Remove a file or a link."""
        os.unlink(self._name(name), dir_fd=self._descriptor)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(self._name(name), dir_fd=self._descriptor)

    def symlink(self, target: str, name: str) -> None:
        """Make a link that leads to ``target``."""
        os.symlink(target, self._name(name), dir_fd=self._descriptor)

    def _open_folder(self, name: str) -> int:
        try:
            return os.open(name, _FOLDER | _NO_LINK, dir_fd=self._descriptor)
        except OSError as error:
            if stat.S_ISLNK(self.status_of(name).st_mode):
                reason = f"{self.path_of(name)} is a link, and links to folders are not followed"
                raise NotADirectoryError(errno.ENOTDIR, reason) from error
            raise

    def _name(self, name: str) -> str:
        return name if self._descriptor is not None else self.path_of(name)

    def _open_followed(self, name: str) -> int:
        descriptor = self._descriptor
        if descriptor is None or not is_root():
            return os.open(self._name(name), _READ, dir_fd=descriptor)
        try:
            return self.open(name, _READ)
        except OSError as error:
            if error.errno not in _IS_A_LINK:
                raise
        return _open_through_trusted_links(descriptor, name)


def check_path_below(path: str) -> str:
    """Require a path that stays below a root, and return it.

    :raises ValueError: for any other path.
    """
    if _LEADS_AWAY.search(path) or "\0" in path:
        raise ValueError(path)
    os.fsencode(path)  # raises a ValueError for a name that cannot exist here
    return path


@contextmanager
def parent_of(root: Folder, path: str, *, make: int | None = None) -> Iterator[tuple[Folder, str]]:
    """Open the folder of a file as :meth:`Folder.below` does; yields it and the file's name."""
    above, _, name = path.rpartition("/")
    with root.below(above, make=make) as folder:
        yield folder, name


def walk(
    root: Folder, on_error: Callable[[str, str], object]
) -> Iterator[tuple[str, Folder, list[os.DirEntry[str]]]]:
    """Yield each folder below ``root`` with its entries that are not folders, in a fixed order.

    The first value is the folder's path below the root: empty for the root, else with a slash at
    its end. A folder stays open until the next one is requested.

    :param on_error: called with the path of a folder that cannot be listed, and a message.
    """
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with root.below(below) as folder:
                entries = folder.entries()
                names = {each.name for each in entries if each.is_dir(follow_symlinks=False)}
                yield below, folder, [each for each in entries if each.name not in names]
        except OSError as error:
            path = root.path_of(below).removesuffix("/") or root.path
            on_error(path, f"{path} cannot be listed: {error.strerror}")
            continue
        waiting += [f"{below}{name}/" for name in sorted(names, reverse=True)]


def _open_through_trusted_links(folder: int, name: str) -> int:
    """Open a file for reading, and follow links one by one, each only if :func:`is_trusted`.

    The kernel follows links in one step, and cannot be asked to check their owners.
    """
    waiting, links, at = [name], 0, folder
    with ExitStack() as opened:
        while True:
            part = waiting.pop() or "."
            descriptor = os.open(part, _LINK_ITSELF, dir_fd=at)
            opened.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if not is_trusted(status):
                    raise ForeignLinkError
                target = os.readlink("", dir_fd=descriptor)
                waiting += reversed(target.split("/"))
                if target.startswith("/"):
                    at = os.open("/", _FOLDER)
                    opened.callback(os.close, at)
            elif waiting:
                at = descriptor
            else:
                return os.open(part, _READ | _NO_LINK, dir_fd=at)
