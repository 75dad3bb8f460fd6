"""Roots -> URLs -> files: the walk at the start, and autorefresh's look-up. Knows no HTTP."""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from .codings import CODINGS, WORKING_PREFIX
from .logs import logger, warn_once
from .static_file import Redirect, StaticFile

_SUFFIXES = tuple(coding.suffix for coding in CODINGS)

# Of the entries that one walk leaves out, so many are named; a tree can hold thousands.
_NAMED_IN_WARNING = 20

# Directories that link to each other have as many paths as their names have orders: eight of them
# 109,600. Only links below links multiply like that, and only they are counted.
_MAX_NESTED_LINKS_TO_ONE = 64

_DANGLING = "it is a link that leads nowhere"
_NO_FILE = "it is neither a file nor a directory"
_TOO_MANY_LINKS = f"more than {_MAX_NESTED_LINKS_TO_ONE} links below links lead to its target"

#: What a URL leads to.
Listed = StaticFile | Redirect

#: Takes a path that is left out, and the reason.
Skip = Callable[[str, str], None]


class Root(NamedTuple):
    """A folder whose files are served below a prefix."""

    path: str  # absolute
    prefix: str  # begins and ends with a slash
    followlinks: bool


class Directory(NamedTuple):
    """A directory reached from a root."""

    path: str
    followlinks: bool
    crossed: tuple[str, ...] = ()  # real paths of the directories whose links led here

    def scan(self, skip: Skip) -> tuple[set[str], dict[str, Directory]]:
        """List the names of its files and its directories, with no stat but of links."""
        files: set[str] = set()
        directories: dict[str, Directory] = {}
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith(WORKING_PREFIX):
                        continue
                    if not name.isascii() and not _is_utf8(name):
                        skip(entry.path, "its name is not UTF-8, so no URL can name it")
                    elif (
                        entry.is_file(follow_symlinks=False)
                        or (mode := _mode(entry)) == stat.S_IFREG
                    ):
                        files.add(name)
                    elif not stat.S_ISDIR(mode):
                        skip(entry.path, _NO_FILE if mode else _DANGLING)
                    elif (child := self._enter(entry)) is not None:
                        directories[name] = child
        except OSError as error:
            skip(self.path, error.strerror or "it cannot be listed")
        return files, directories

    def _enter(self, entry: os.DirEntry[str]) -> Directory | None:
        """The directory that ``entry`` is or links to; ``None`` for a link that is not followed."""
        if not entry.is_symlink():
            return self._replace(path=entry.path)
        if not self.followlinks:
            return None
        target = os.path.realpath(entry.path)
        crossed = (*self.crossed, os.path.realpath(self.path))
        # A link back to where its own path came from is a loop.
        inside = os.path.join(target, "")
        if any(place == target or place.startswith(inside) for place in crossed):
            return None
        return Directory(entry.path, True, crossed)


class Place(NamedTuple):
    """Where files lie: one for all of a directory that have the same siblings."""

    directory: str  # absolute
    suffixes: tuple[str, ...]

    def file(self, url: str) -> StaticFile:
        """The file that is served at ``url``, which ends in its name."""
        path = os.path.join(self.directory, url[url.rindex("/") + 1 :])
        return StaticFile(path, url, self.suffixes)


class Registry(Protocol):
    """Finds what a URL leads to."""

    def add(self, root: Root) -> None:
        """Add a root, which wins over those before it."""

    def find(self, url: str) -> Listed | None:
        """What ``url`` (decoded, below the mount point) leads to, or ``None``."""


class WalkedRegistry:
    """Lists every root once, when it is added, and answers from a dictionary.

    Threads may look up while a root is added: they see all of it or nothing.

    Of a file that nobody has asked for, its URL is all that is in memory; where it lies, it shares
    with its directory's others.
    """

    def __init__(self, index_file: str | None) -> None:
        self._index_file = index_file
        self._listed: dict[str, Listed | Place] = {}
        self._changing = threading.Lock()

    def add(self, root: Root) -> None:
        """Walk ``root`` and list what it holds."""
        if not os.path.isdir(root.path):
            return
        skipped: list[tuple[str, str]] = []
        found: dict[str, Listed | Place] = {}
        for part in self._walk(root, lambda *what: skipped.append(what)):
            found.update(part)
        with self._changing:
            self._listed = {**self._listed, **found} if self._listed else found
        if skipped:
            _warn_of(skipped, root.path)

    def find(self, url: str) -> Listed | None:
        """What ``url`` leads to, as listed when its root was added."""
        listed = self._listed.get(url)
        return self._asked_for(url) if isinstance(listed, Place) else listed

    def _asked_for(self, url: str) -> Listed:
        with self._changing:
            listed = self._listed[url]
            if isinstance(listed, Place):
                listed = self._listed[url] = listed.file(url)
            return listed

    def _walk(self, root: Root, skip: Skip) -> Iterator[Mapping[str, Listed | Place]]:
        waiting = [(Directory(root.path, root.followlinks), root.prefix)]
        entered: Counter[str] = Counter()
        while waiting:
            directory, url = waiting.pop()
            files, directories = directory.scan(skip)
            yield _listed_in(directory.path, url, files, self._index_file)
            for name, child in directories.items():
                if directory.crossed and child.crossed != directory.crossed:
                    target = os.path.realpath(child.path)
                    entered[target] += 1
                    if entered[target] > _MAX_NESTED_LINKS_TO_ONE:
                        skip(child.path, _TOO_MANY_LINKS)
                        continue
                waiting.append((child, f"{url}{name}/"))


class LiveRegistry:
    """Looks at the file system at each look-up, and finds what a walk at that moment would list.

    No path is ever built from a URL: each segment has to be the very name of an entry that is
    listed, so that no spelling of a path leads anywhere else.
    """

    def __init__(self, index_file: str | None) -> None:
        self._index_file = index_file
        self._roots: tuple[Root, ...] = ()

    def add(self, root: Root) -> None:
        """Remember ``root``; the latest is looked at first."""
        self._roots = (root, *self._roots)

    def find(self, url: str) -> Listed | None:
        """What ``url`` leads to now. Blocks on the disk."""
        for root in self._roots:
            if url == root.prefix[:-1] or url.startswith(root.prefix):
                listed = self._find_below(root, url)
                if listed is not None:
                    return listed
        return None

    def _find_below(self, root: Root, url: str) -> Listed | None:
        directory, base = Directory(root.path, root.followlinks), root.prefix
        *parents, last = url[len(base) :].split("/")
        for name in parents:
            child = directory.scan(_leave_out)[1].get(name)
            if child is None:
                return None
            directory, base = child, f"{base}{name}/"
        files, directories = directory.scan(_leave_out)
        listed = _listed_in(directory.path, base, files, self._index_file)
        if url not in listed and last in directories:
            child = directories[last]
            files, _ = child.scan(_leave_out)
            listed = _listed_in(child.path, f"{url}/", files, self._index_file)
        found = listed.get(url)
        return found.file(url) if isinstance(found, Place) else found


def make_root(path: str | os.PathLike[str], prefix: str | None, followlinks: bool) -> Root:
    """Check and normalise what ``add_files`` was given; warn of a root that is no directory.

    :raises TypeError: for a value of the wrong type.
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise TypeError(f"root must be a str or a path of str, got {path!r}")
    if not isinstance(prefix, str | None):
        raise TypeError(f"prefix must be a str or None, got {prefix!r}")
    if not isinstance(followlinks, bool):
        raise TypeError(f"followlinks must be True or False, got {followlinks!r}")
    absolute = os.path.abspath(name)
    if not os.path.isdir(absolute):
        # Two frames up stands who called add_files or the constructor.
        warnings.warn(f"No directory at: {absolute}", UserWarning, stacklevel=3)
    stripped = (prefix or "").strip("/")
    return Root(absolute, f"/{stripped}/" if stripped else "/", followlinks)


def _listed_in(
    path: str, url: str, files: set[str], index_file: str | None
) -> dict[str, Listed | Place]:
    """What one directory adds to the list: ``url`` is its own, with the slash at the end."""
    suffixes_of = _with_siblings(files)
    siblings = {name + suffix for name, suffixes in suffixes_of.items() for suffix in suffixes}
    places = {suffixes: Place(path, suffixes) for suffixes in {(), *suffixes_of.values()}}
    listed: dict[str, Listed | Place] = dict.fromkeys(
        [url + name for name in files - siblings], places[()]
    )
    for name in suffixes_of.keys() - siblings:
        listed[url + name] = places[suffixes_of[name]]
    if index_file in files and index_file not in siblings:
        file = os.path.join(path, index_file)
        listed[url] = StaticFile(file, url, suffixes_of.get(index_file, ()))
        listed[url[:-1]] = Redirect(file, None)
        listed[url + index_file] = Redirect(file, "./")
    return listed


def _with_siblings(files: set[str]) -> dict[str, tuple[str, ...]]:
    """The files that have pre-compressed siblings, and the suffixes of these."""
    found: dict[str, tuple[str, ...]] = {}
    coded = [name for name in files if name.endswith(_SUFFIXES)]
    for suffix in _SUFFIXES:
        length = len(suffix)
        for name in coded:
            if name.endswith(suffix) and (original := name[:-length]) in files:
                found[original] = (*found.get(original, ()), suffix)
    return found


def _mode(entry: os.DirEntry[str]) -> int:
    """The kind of what is no file itself, as in ``st_mode``; 0 for a dangling link."""
    if entry.is_symlink():
        try:
            return stat.S_IFMT(entry.stat().st_mode)
        except OSError:
            return 0
    return stat.S_IFDIR if entry.is_dir() else stat.S_IFSOCK


def _is_utf8(name: str) -> bool:
    """Bytes that are no UTF-8 come from the file system as lone surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _leave_out(path: str, reason: str) -> None:
    warn_once(f"{path} is not served: {reason}")


def _warn_of(skipped: list[tuple[str, str]], root: str) -> None:
    named = "; ".join(f"{path}: {reason}" for path, reason in skipped[:_NAMED_IN_WARNING])
    more = len(skipped) - _NAMED_IN_WARNING
    logger.warning(
        "Below %s, %d not served: %s%s",
        root,
        len(skipped),
        named,
        f"; {more} more" if more > 0 else "",
    )
