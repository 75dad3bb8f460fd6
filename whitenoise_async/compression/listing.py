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
from .errors import naming
from .report import LEADS_OUT, Failure, Report
from .settings import Settings

# The errors of a link that leads nowhere, and of a file that was removed after it was listed.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

#: Why a link is left alone.
FOREIGN = "a link of another user, which root does not follow"


class Listing(NamedTuple):
    """Paths below the root, with ``/`` between names, in a fixed order."""

    files: dict[str, int | None]  # bytes of each file to compress; ``None`` for another file
    variants: set[str]  # everything with the name of a variant
    unfinished: list[str]


def list_tree(
    root: Folder, settings: Settings, recorded: Container[str], report: Report
) -> Listing:
    """List what is below ``root``. Links to folders are not followed.

    :param recorded: the paths of originals that were compressed before.
    :param report: gets the failures, and the links to files that would be compressed.
    """
    listing = Listing({}, set(), [])
    real = os.path.join(os.path.realpath(root.path), "")
    inside = None if settings.follow_links else real
    folders = walk(root, lambda *each: report.add(Failure(*each)))
    found = ((below, folder, entry) for below, folder, entries in folders for entry in entries)
    for below, folder, entry in found:
        path = below + entry.name
        if entry.name.startswith(WORKING_PREFIX):
            if is_unfinished(entry):
                listing.unfinished.append(path)
        elif entry.name.endswith(SUFFIXES):
            listing.variants.add(path)
        elif (is_selected := settings.selects(path)) or path in recorded:
            with report.catching(), naming(folder.path_of(entry.name), "examined"):
                result = _examine(entry, folder, inside)
                if isinstance(result, int):
                    listing.files[path] = result if is_selected else None
                elif result is not None and is_selected:
                    report.left_alone[path] = result
        elif entry.is_file(follow_symlinks=False):
            listing.files[path] = None
    return listing


def _examine(entry: os.DirEntry[str], folder: Folder, inside: str | None) -> int | str | None:
    """The bytes of a regular file, or of a link's target; or why the link is left alone.

    :param inside: the real path of the folder that no link may leave; ``None`` if links may.
    :returns: ``None`` for anything else.
    """
    is_link, path = entry.is_symlink(), folder.path_of(entry.name)
    leads_out = is_link and inside is not None and not os.path.realpath(path).startswith(inside)
    try:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        if leads_out:
            return LEADS_OUT
        return FOREIGN if is_link and folder.is_foreign_link(entry.name) else status.st_size
    except OSError as error:
        if leads_out or error.errno in _LEADS_NOWHERE:
            return None
        raise
