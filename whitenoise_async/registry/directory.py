"""One directory below a root: which of its entries are published, with no stat but of links."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..files.codings import SUFFIXES, WORKING_PREFIX
from ..support.globs import Globs

_DANGLING = "it is a link that leads nowhere"
_NO_FILE = "it is neither a file nor a directory"
_NOT_UTF8 = "its name is not UTF-8, so no URL can name it"


#: Takes a path that is left out, and the reason.
Skip = Callable[[str, "str | OSError"], None]


class Rules(NamedTuple):
    """What is published of all that lies below a root."""

    followlinks: bool
    exclude: Globs | None  # None keeps nothing out


def is_kept_out(exclude: Globs, below: str, name: str, *, folder: bool) -> bool:
    """Whether ``exclude`` keeps out the entry ``name``, or its ``include`` does not name it.

    Variants follow their original, since they tell as much as it does. A folder that is not
    included may still have files that are.

    :param below: the path below the root of the folder that has it, with a slash at its end.
    """
    names = [name] if folder else _with_originals(name)
    if any(exclude.match(below, each, folder=folder) for each in names):
        return True
    return not folder and _is_left_out(exclude.include, below, names)


def is_path_kept_out(exclude: Globs, path: str) -> bool:
    """The same of the file ``path``, below the root, and of the folders on its way."""
    paths = _with_originals(path)
    return any(map(exclude.match_path, paths)) or _is_left_out(exclude.include, "", paths)


def _is_left_out(include: Globs | None, below: str, names: Sequence[str]) -> bool:
    return include is not None and not any(include.match_path(below + name) for name in names)


def _with_originals(name: str) -> list[str]:
    """A name, and the names of its possible originals."""
    names = [name]
    while names[-1].endswith(SUFFIXES):
        names.append(names[-1].rpartition(".")[0])
    return names


class Directory(NamedTuple):
    """A directory reached from a root."""

    path: str
    rules: Rules
    below: str = ""  # its path below the root, with a slash at its end; the root's own is empty
    crossed: tuple[str, ...] = ()  # real paths of the directories whose links led here

    def scan(self, skip: Skip) -> tuple[set[str], dict[str, Directory]]:
        """List the names of its files and its directories."""
        files: set[str] = set()
        directories: dict[str, Directory] = {}
        exclude = self.rules.exclude
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith(WORKING_PREFIX) or (
                        exclude is not None
                        and is_kept_out(exclude, self.below, name, folder=_is_folder(entry))
                    ):
                        continue
                    if not name.isascii() and not _is_utf8(name):
                        skip(entry.path, _NOT_UTF8)
                    elif (
                        entry.is_file(follow_symlinks=False)
                        or (mode := _mode(entry, skip)) == stat.S_IFREG
                    ):
                        files.add(name)
                    elif stat.S_ISDIR(mode):
                        if (child := self._enter(entry)) is not None:
                            directories[name] = child
                    elif mode:
                        skip(entry.path, _NO_FILE)
        except OSError as error:
            skip(self.path, error)
        return files, directories

    def _enter(self, entry: os.DirEntry[str]) -> Directory | None:
        """The directory that ``entry`` is or links to; ``None`` for one that is left out."""
        below = f"{self.below}{entry.name}/"
        if not entry.is_symlink():
            return self._replace(path=entry.path, below=below)
        if not self.rules.followlinks:
            return None
        target = os.path.realpath(entry.path)
        crossed = (*self.crossed, os.path.realpath(self.path))
        # A link back to where its own path came from is a loop.
        inside = os.path.join(target, "")
        if any(place == target or place.startswith(inside) for place in crossed):
            return None
        return Directory(entry.path, self.rules, below, crossed)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # of which :func:`_mode` tells
        return False


def _mode(entry: os.DirEntry[str], skip: Skip) -> int:
    """The kind of what is no file itself, as in ``st_mode``; 0 for one that was skipped."""
    try:
        if entry.is_symlink():
            return stat.S_IFMT(entry.stat().st_mode)
        return stat.S_IFDIR if entry.is_dir() else stat.S_IFSOCK
    except OSError as error:
        leads_nowhere = error.errno in (errno.ENOENT, errno.ELOOP)
        skip(entry.path, _DANGLING if leads_nowhere else error)
        return 0


def _is_utf8(name: str) -> bool:
    """Bytes that are no UTF-8 come from the file system as lone surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
