"""List the files below a root: the originals, and what earlier runs left."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Container
from typing import NamedTuple

from ..files.codings import SUFFIXES, WORKING_PREFIX
from ..files.draft import is_unfinished
from ..files.folder import Folder, walk
from .report import LEADS_OUT, Failure, LeftAlone
from .settings import Settings

# The errors of a link that leads nowhere, and of a file that was removed after it was listed.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

#: Why a link is left alone.
FOREIGN = "a link of another user, which root does not follow"


class Listing(NamedTuple):
    """Paths below the root, with ``/`` between names, in a fixed order."""

    originals: dict[str, int]  # bytes of each file, or target of a link, to compress
    others: dict[str, int]  # the same for recorded files that are no longer to be compressed
    variants: set[str]  # everything with the name of a variant
    unfinished: list[str]
    failures: list[Failure]
    left_alone: list[LeftAlone]  # links to files that would be compressed
    excluded: int = 0  # the number of other files


def list_tree(root: Folder, settings: Settings, recorded: Container[str]) -> Listing:
    """List what is below ``root``. Links to folders are not followed.

    :param recorded: the paths of originals that were compressed before.
    """
    listing, excluded = Listing({}, {}, set(), [], [], []), 0
    real = os.path.join(os.path.realpath(root.path), "")
    inside = None if settings.follow_links else real
    for below, folder, entries in walk(root, lambda *each: listing.failures.append(Failure(*each))):
        for entry in entries:
            path = below + entry.name
            if entry.name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    listing.unfinished.append(path)
            elif entry.name.endswith(SUFFIXES):
                listing.variants.add(path)
            elif (is_selected := settings.selects(path)) or path in recorded:
                _add(listing, path, is_selected, entry, folder, inside)
            else:
                excluded += entry.is_file(follow_symlinks=False)
    return listing._replace(excluded=excluded)


def _add(
    listing: Listing,
    path: str,
    is_selected: bool,
    entry: os.DirEntry[str],
    folder: Folder,
    inside: str | None,
) -> None:
    """Add a regular file, or a link to one.

    :param inside: the real path of the folder that no link may leave; ``None`` if links may.
    """
    full, reason = folder.path_of(entry.name), None
    try:
        is_link = entry.is_symlink()
        if is_link and inside is not None and not os.path.realpath(full).startswith(inside):
            reason = LEADS_OUT
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return
        if is_link and reason is None and folder.is_foreign_link(entry.name):
            reason = FOREIGN
    except OSError as error:
        if error.errno not in _LEADS_NOWHERE and reason is None:
            listing.failures.append(Failure(full, f"{full} cannot be examined: {error.strerror}"))
        return
    if reason is None:
        (listing.originals if is_selected else listing.others)[path] = status.st_size
    elif is_selected:
        listing.left_alone.append(LeftAlone(path, reason))
