"""One directory below a root: which of its entries are served. Only links need a stat."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Set
from typing import NamedTuple

from ..files.codings import (
    BY_SUFFIX,
    STORE_MANIFEST,
    STORE_MARKER,
    SUFFIXES,
    WORKING_PREFIX,
    original_of,
)
from ..support.globs import Globs
from .skipped import OnSkip

_DANGLING = "it is a dangling link"
_NOT_REGULAR = "it is neither a file nor a directory"
_NOT_UTF8 = "its name is not UTF-8, so no URL can name it"


class Rules:
    """Which entries below a root are served."""

    def __init__(self, followlinks: bool, exclude: Globs | None) -> None:
        """:param exclude: ``None`` excludes nothing."""
        self.followlinks = followlinks
        self.exclude = exclude


def left_out(exclude: Globs, below: str, names: Set[str]) -> set[str]:
    """The ``names`` of files that ``exclude`` matches, or that its ``include`` does not.

    :param below: the path of their folder below the root, with a slash at the end; empty for the
        root. ``exclude`` does not match that folder.
    """
    excluded = _matching(exclude, below, names)
    include = exclude.include
    if include is None or include.match_folder(below):
        return excluded
    return excluded | (names - _matching(include, below, names))


def is_excluded(exclude: Globs, below: str, name: str, *, folder: bool) -> bool:
    """The same for the entry ``name``.

    A folder that is not included may still contain files that are.
    """
    if folder:
        return exclude.match(below, name, folder=True)
    return bool(left_out(exclude, below, {name}))


def is_path_excluded(exclude: Globs, path: str) -> bool:
    """The same for the file ``path`` below the root and for the folders above it."""
    folder, slash, name = path.rpartition("/")
    below = folder + slash
    return exclude.match_folder(below) or is_excluded(exclude, below, name, folder=False)


def _matching(globs: Globs, below: str, names: Set[str]) -> set[str]:
    """The files that ``globs`` match.

    A variant has the content of its original, so it is treated like that.
    """
    if not globs.may_match(below, names):
        return set()
    # This finds most variants at once. The loop takes ten times as long for each.
    found = globs.matching(below, names, BY_SUFFIX)
    for name in names - found:
        if name.endswith(SUFFIXES):
            originals = _originals_of(name)
            if not originals.isdisjoint(found) or globs.matching(below, originals - names):
                found.add(name)
    return found


def _originals_of(name: str) -> set[str]:
    """The names of the originals that the file ``name`` may be a variant of."""
    originals: set[str] = set()
    while name.endswith(SUFFIXES) and (original := original_of(name)) is not None:
        originals.add(original)
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
        others: list[os.DirEntry[str]] = []
        failure: OSError | None = None
        try:
            with os.scandir(self.path) as entries:
                # No more than this for each file, as a tree may have 100,000.
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        files.add(entry.name)
                    else:
                        others.append(entry)
        except OSError as error:
            failure = error
        self._remove_unserved(files, on_skip)
        directories = self._add_others(others, files, on_skip)
        if failure is not None:
            on_skip(self.path, failure)
        return files, directories

    def _remove_unserved(self, files: set[str], on_skip: OnSkip) -> None:
        """Remove the regular files that no URL leads to."""
        text = "/".join(files)
        if WORKING_PREFIX in text:
            files.difference_update([each for each in files if each.startswith(WORKING_PREFIX)])
        if self.rules.exclude is not None:
            files -= left_out(self.rules.exclude, self.below, files)
        if not text.isascii():
            for name in [each for each in files if not _is_utf8(each)]:
                files.remove(name)
                on_skip(os.path.join(self.path, name), _NOT_UTF8)

    def _add_others(
        self, entries: Iterable[os.DirEntry[str]], files: set[str], on_skip: OnSkip
    ) -> dict[str, Directory]:
        """Add the links to files to ``files``.

        :param entries: those that are no regular files.
        :returns: the directories by name.
        """
        directories: dict[str, Directory] = {}
        exclude = self.rules.exclude
        for entry in entries:
            name = entry.name
            if name.startswith(WORKING_PREFIX) or (
                exclude is not None
                and is_excluded(exclude, self.below, name, folder=_is_folder(entry))
            ):
                continue
            if not _is_utf8(name):
                on_skip(entry.path, _NOT_UTF8)
                continue
            mode = _mode(entry, on_skip)
            if stat.S_ISREG(mode):
                files.add(name)
            elif stat.S_ISDIR(mode):
                if (child := self._enter(entry)) is not None:
                    directories[name] = child
            elif mode:
                on_skip(entry.path, _NOT_REGULAR)
        return directories

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
