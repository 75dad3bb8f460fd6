"""One directory below a root: which of its entries are served. Only links need a stat."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..files.codings import STORE_MANIFEST, STORE_MARKER, SUFFIXES, WORKING_PREFIX, original_of
from ..support.globs import Globs
from .skipped import OnSkip

_DANGLING = "it is a dangling link"
_NOT_REGULAR = "it is neither a file nor a directory"
_NOT_UTF8 = "its name is not UTF-8, so no URL can name it"


class Rules(NamedTuple):
    """Which entries below a root are served."""

    followlinks: bool
    exclude: Globs | None  # None excludes nothing


def is_excluded(exclude: Globs, below: str, name: str, *, folder: bool) -> bool:
    """Whether ``exclude`` matches the entry ``name``, or its ``include`` does not.

    A variant has the content of its original, so it is treated like that. A folder that is not
    included may still contain files that are.

    :param below: the path of its folder below the root, with a slash at the end.
    """
    if exclude.match(below, name, folder=folder):
        return True
    if folder:
        return False
    originals = _originals_of(name) if name.endswith(SUFFIXES) else ()
    for original in originals:
        if exclude.match(below, original, folder=False):
            return True
    return exclude.include is not None and not _is_included(exclude.include, below, name, originals)


def is_path_excluded(exclude: Globs, path: str) -> bool:
    """The same for the file ``path`` below the root and for the folders above it."""
    originals = _originals_of(path)
    if any(map(exclude.match_path, (path, *originals))):
        return True
    return exclude.include is not None and not _is_included(exclude.include, "", path, originals)


def _is_included(include: Globs, below: str, name: str, originals: Sequence[str]) -> bool:
    return include.match_path(below + name) or any(
        include.match_path(below + each) for each in originals
    )


def _originals_of(name: str) -> list[str]:
    """The names of the originals that the file ``name`` may be a variant of."""
    originals: list[str] = []
    while name.endswith(SUFFIXES) and (original := original_of(name)) is not None:
        originals.append(original)
        name = original
    return originals


class Directory(NamedTuple):
    """A directory reached from a root."""

    path: str
    rules: Rules
    below: str = ""  # its path below the root, with a slash at the end; empty for the root
    crossed: tuple[str, ...] = ()  # real paths of the directories whose links led here

    def scan(self, on_skip: OnSkip) -> tuple[set[str], dict[str, Directory]]:
        """List the names of its files, and its directories by name. Blocks on the disk."""
        files, directories = self._scan_all(on_skip)
        if not self.below and STORE_MANIFEST in files and self._is_store():
            files.difference_update(STORE_MANIFEST + suffix for suffix in ("", *SUFFIXES))
        return files, directories

    def _scan_all(self, on_skip: OnSkip) -> tuple[set[str], dict[str, Directory]]:
        files: set[str] = set()
        directories: dict[str, Directory] = {}
        exclude = self.rules.exclude
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith(WORKING_PREFIX) or (
                        exclude is not None
                        and is_excluded(exclude, self.below, name, folder=_is_folder(entry))
                    ):
                        continue
                    if not name.isascii() and not _is_utf8(name):
                        on_skip(entry.path, _NOT_UTF8)
                    elif (
                        entry.is_file(follow_symlinks=False)
                        or (mode := _mode(entry, on_skip)) == stat.S_IFREG
                    ):
                        files.add(name)
                    elif stat.S_ISDIR(mode):
                        if (child := self._enter(entry)) is not None:
                            directories[name] = child
                    elif mode:
                        on_skip(entry.path, _NOT_REGULAR)
        except OSError as error:
            on_skip(self.path, error)
        return files, directories

    def descend(self, names: Iterable[str], on_skip: OnSkip) -> Directory | None:
        """The directory that ``names`` lead to. Each is the exact name of a listed directory.

        :returns: ``None`` if there is no such directory.
        """
        directory = self
        for name in names:
            child = directory.scan(on_skip)[1].get(name)
            if child is None:
                return None
            directory = child
        return directory

    def _is_store(self) -> bool:
        """Whether it is a store, whose list of releases names files that nothing links to."""
        return os.path.lexists(os.path.join(self.path, STORE_MARKER))

    def _enter(self, entry: os.DirEntry[str]) -> Directory | None:
        """The directory that ``entry`` is or links to; ``None`` if it is not served."""
        below = f"{self.below}{entry.name}/"
        if not entry.is_symlink():
            return self._replace(path=entry.path, below=below)
        if not self.rules.followlinks:
            return None
        target = os.path.realpath(entry.path)
        crossed = (*self.crossed, os.path.realpath(self.path))
        # A link to a directory that its own path has passed is a loop.
        inside = os.path.join(target, "")
        if any(place == target or place.startswith(inside) for place in crossed):
            return None
        return Directory(entry.path, self.rules, below, crossed)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # :func:`_mode` reports it
        return False


def _mode(entry: os.DirEntry[str], on_skip: OnSkip) -> int:
    """The file type of an entry that is not a regular file itself, as in ``st_mode``.

    :returns: 0 for a skipped entry.
    """
    try:
        if entry.is_symlink():
            return stat.S_IFMT(entry.stat().st_mode)
        return stat.S_IFDIR if entry.is_dir() else stat.S_IFSOCK
    except OSError as error:
        is_dangling = error.errno in (errno.ENOENT, errno.ELOOP)
        on_skip(entry.path, _DANGLING if is_dangling else error)
        return 0


def _is_utf8(name: str) -> bool:
    """Whether ``name`` is UTF-8: other bytes appear as lone surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
