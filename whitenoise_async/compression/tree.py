"""What lies below a root: its files with their states, and what an earlier run left behind."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..files.codings import CODINGS, WORKING_PREFIX
from .folders import Folder
from .report import LEADS_OUT, Failure, LeftAlone

_SUFFIXES = {coding.token: coding.suffix for coding in CODINGS}
_ALL_SUFFIXES = tuple(_SUFFIXES.values())

#: The end of the name of a file that is being written.
UNFINISHED = ".tmp"


# Of a link, or of a file that was removed meanwhile.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

#: Nanoseconds since the epoch: later than any time.
NOBODY_KNOWS = 2**63

#: Why a link is left alone.
FOREIGN = "a link of another user, which root does not follow"


class Link(NamedTuple):
    """A link to a file: since when it leads there, by its time of change, and where it leads."""

    since: int  # nanoseconds since the epoch
    target: str  # below the root; absolute if it leads out of the root


class Listing(NamedTuple):
    """What was found, by paths below the root with ``/`` between names, in a fixed order."""

    originals: dict[str, os.stat_result]  # files, and links to files, that are to be compressed
    variants: dict[str, os.stat_result]  # of these, and of those that are recorded
    links: dict[str, Link]  # of all these
    others: dict[str, os.stat_result]  # originals that are recorded, and not to be compressed
    #: Of each folder the latest change of it and of those above it, below the root, in which
    #: a run writes its record. To move a folder changes it, and nothing in it.
    folders: dict[str, int]
    unfinished: list[str]
    failures: list[Failure]
    left_alone: Sequence[LeftAlone] = ()  # links to files that would be compressed

    def has(self, original: str) -> bool:
        """Whether a recorded original is there."""
        return original in self.originals or original in self.others

    def moved_at(self, path: str) -> int:
        """The latest change of the folders above a file, and of those above what a link leads to.

        In nanoseconds since the epoch.
        """
        moved = self.folders[_folder_of(path)]
        if path in self.links:
            folder = _folder_of(self.links[path].target)
            moved = max(moved, self.folders.get(folder, NOBODY_KNOWS))
        return moved


class _Lister:
    """Fills a listing, entry by entry."""

    def __init__(self, root: Folder, follow_links: bool) -> None:
        self._left_alone: list[LeftAlone] = []
        self.listing = Listing({}, {}, {}, {}, {}, [], [], self._left_alone)
        self._inside = os.path.join(os.path.realpath(root.path), "")
        self._follow_links = follow_links

    def add(
        self, files: dict[str, os.stat_result], path: str, entry: os.DirEntry[str], folder: Folder
    ) -> None:
        """Add a regular file to ``files``, or a link to one that is followed."""
        link = refusal = None
        try:
            if entry.is_symlink():
                link = self._link(entry.name, folder)
            status = entry.stat()
            if not stat.S_ISREG(status.st_mode):
                return
            if link is not None:
                refusal = self._refusal(link, entry.name, folder)
        except OSError as error:
            if self._is_failure(error, files, link):
                full = folder.path_of(entry.name)
                reason = f"{full} cannot be looked at: {error.strerror}"
                self.listing.failures.append(Failure(full, reason))
            return
        if refusal is None:
            files[path] = status
            if link is not None:
                self.listing.links[path] = link
        elif files is self.listing.originals:
            self._left_alone.append(LeftAlone(path, refusal))

    def _is_failure(
        self, error: OSError, files: dict[str, os.stat_result], link: Link | None
    ) -> bool:
        """Whether an entry that cannot be looked at is one that would be compressed."""
        if error.errno in _LEADS_NOWHERE or files is self.listing.variants:
            return False
        return link is None or self._follow_links or not os.path.isabs(link.target)

    def _link(self, name: str, folder: Folder) -> Link:
        full = folder.path_of(name)
        target = os.path.realpath(full)
        if not target.startswith(self._inside):
            # Changes of folders out there are not known, so each run reads the file.
            return Link(NOBODY_KNOWS, target)
        below = target[len(self._inside) :].replace(os.sep, "/")
        return Link(_leads_since(full, folder.status_of(name), target), below)

    def _refusal(self, link: Link, name: str, folder: Folder) -> str | None:
        """Why a link is not followed."""
        if os.path.isabs(link.target) and not self._follow_links:
            return LEADS_OUT
        return FOREIGN if folder.is_foreign_link(name) else None


def list_tree(
    root: Folder,
    selects: Callable[[str], bool],
    recorded: Container[str],
    *,
    follow_links: bool = False,
) -> Listing:
    """List what lies below ``root``. Links to folders are not followed.

    :param selects: whether a path is one to be compressed.
    :param recorded: the paths of originals that were.
    :param follow_links: whether links to files that lie outside are followed.
    """
    lister = _Lister(root, follow_links)
    listing = lister.listing
    for below, folder, entries in walk(root, listing.failures.append):
        listing.folders[below] = _changed_at(below, folder, listing.folders)
        for entry in entries:
            name = entry.name
            path = below + name
            if name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    listing.unfinished.append(path)
            elif name.endswith(_ALL_SUFFIXES):
                original = path.rpartition(".")[0]
                if original in recorded or selects(original):
                    lister.add(listing.variants, path, entry, folder)
            elif selects(path):
                lister.add(listing.originals, path, entry, folder)
            elif path in recorded:
                lister.add(listing.others, path, entry, folder)
    return listing


def walk(
    root: Folder, on_failure: Callable[[Failure], None]
) -> Iterator[tuple[str, Folder, list[os.DirEntry[str]]]]:
    """Yield the folders below ``root`` with what is no folder in them, in a fixed order.

    Each with its path from there: nothing for the root, else with a slash at the end. A folder is
    open until the next one is asked for.
    """
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with root.below(below) as folder:
                entries = folder.entries()
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
                if folders:
                    entries = [each for each in entries if not each.is_dir(follow_symlinks=False)]
                yield below, folder, entries
        except OSError as error:
            path = root.path_of(below).removesuffix("/") or root.path
            on_failure(Failure(path, f"{path} cannot be listed: {error.strerror}"))
            continue
        waiting += [f"{below}{entry.name}/" for entry in reversed(folders)]


def is_unfinished(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a variant that was begun to be written."""
    name = entry.name
    is_named_so = name.startswith(WORKING_PREFIX) and name.endswith(UNFINISHED)
    return is_named_so and entry.is_file(follow_symlinks=False)


def suffix_of(encoding: str) -> str:
    """What the names of its variants end in; of an unknown encoding, what no file is called."""
    return _SUFFIXES.get(encoding, "/")


def variant_path(root: str, original: str, encoding: str) -> str:
    """Where the variant of a file below ``root`` lies."""
    return os.path.join(root, original) + suffix_of(encoding)


def _folder_of(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _changed_at(below: str, folder: Folder, above: Mapping[str, int]) -> int:
    """The latest change of a folder and of those above it, in nanoseconds since the epoch."""
    if not below:
        return 0
    return max(folder.status().st_ctime_ns, above[_folder_of(below[:-1])])


def _leads_since(path: str, link: os.stat_result, target: str) -> int:
    """Since when a link leads where it does, in nanoseconds since the epoch.

    That of another one, over which this one leads, would have to be known as well.
    """
    folder = os.path.realpath(os.path.dirname(path))
    if os.path.normpath(os.path.join(folder, os.readlink(path))) != target:
        return NOBODY_KNOWS
    return link.st_ctime_ns
