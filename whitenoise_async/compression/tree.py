"""What lies below a root: its files with their states, and what an earlier run left behind."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Container, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from ..codings import CODINGS, WORKING_PREFIX
from .report import Failure

_SUFFIXES = {coding.token: coding.suffix for coding in CODINGS}
_ALL_SUFFIXES = tuple(_SUFFIXES.values())

#: The end of the name of a file that is being written.
UNFINISHED = ".tmp"


# Of a link, or of a file that was removed meanwhile.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

#: Nanoseconds since the epoch: later than any time.
NOBODY_KNOWS = 2**63


class Link(NamedTuple):
    """A link to a file: since when it leads there, by its time of change, and where it leads."""

    since: int  # nanoseconds since the epoch
    target: str  # below the root


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


def list_tree(root: str, selects: Callable[[str], bool], recorded: Container[str]) -> Listing:
    """List what lies below ``root``. Links to folders are not followed, nor links that lead out.

    :param selects: whether a path is one to be compressed.
    :param recorded: the paths of originals that were.
    """
    listing = Listing({}, {}, {}, {}, {}, [], [])
    inside = os.path.join(os.path.realpath(root), "")
    for folder, entries in walk(root, listing.failures.append):
        listing.folders[folder] = _changed_at(root, folder, listing.folders)
        for entry in entries:
            name = entry.name
            path = folder + name
            if name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    listing.unfinished.append(path)
            elif name.endswith(_ALL_SUFFIXES):
                original = path.rpartition(".")[0]
                if original in recorded or selects(original):
                    _add(listing.variants, path, entry, inside, listing)
            elif selects(path):
                _add(listing.originals, path, entry, inside, listing)
            elif path in recorded:
                _add(listing.others, path, entry, inside, listing)
    return listing


def walk(
    root: str, on_failure: Callable[[Failure], None]
) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield the folders below ``root`` with what is no folder in them, in a fixed order.

    Each with its path from there: nothing for the root, else with a slash at the end.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as scanned:
                entries = sorted(scanned, key=attrgetter("name"))
        except OSError as error:
            path = os.path.join(root, folder).removesuffix("/") or root
            on_failure(Failure(path, f"{path} cannot be listed: {error.strerror}"))
            continue
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        if folders:
            entries = [entry for entry in entries if not entry.is_dir(follow_symlinks=False)]
        yield folder, entries
        waiting += [f"{folder}{entry.name}/" for entry in reversed(folders)]


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


def _add(
    files: dict[str, os.stat_result],
    path: str,
    entry: os.DirEntry[str],
    inside: str,
    listing: Listing,
) -> None:
    """Add a regular file, or a link to one that leads to ``inside``."""
    link = None
    try:
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if not target.startswith(inside):
                return
            below = target[len(inside) :].replace(os.sep, "/")
            link = Link(_leads_since(entry, target), below)
        status = entry.stat()
    except OSError as error:
        if error.errno not in _LEADS_NOWHERE and files is not listing.variants:
            reason = f"{entry.path} cannot be looked at: {error.strerror}"
            listing.failures.append(Failure(entry.path, reason))
        return
    if stat.S_ISREG(status.st_mode):
        files[path] = status
        if link is not None:
            listing.links[path] = link


def _folder_of(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _changed_at(root: str, folder: str, above: Mapping[str, int]) -> int:
    """The latest change of a folder and of those above it, in nanoseconds since the epoch."""
    if not folder:
        return 0
    try:
        changed = os.stat(os.path.join(root, folder)).st_ctime_ns
    except OSError:
        changed = NOBODY_KNOWS
    return max(changed, above[_folder_of(folder[:-1])])


def _leads_since(link: os.DirEntry[str], target: str) -> int:
    """Since when a link leads where it does, in nanoseconds since the epoch.

    That of another one, over which this one leads, would have to be known as well.
    """
    folder = os.path.realpath(os.path.dirname(link.path))
    if os.path.normpath(os.path.join(folder, os.readlink(link.path))) != target:
        return NOBODY_KNOWS
    return link.stat(follow_symlinks=False).st_ctime_ns
