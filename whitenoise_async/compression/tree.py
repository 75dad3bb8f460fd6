"""What lies below a root: its files with their states, and what an earlier run left behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..codings import CODINGS, WORKING_PREFIX
from ..files import state_of
from ..representations import FileState
from .report import Failure

_SUFFIXES = {coding.token: coding.suffix for coding in CODINGS}

#: The end of the name of a file that is being written.
UNFINISHED = ".tmp"


class Found(NamedTuple):
    """A file below the root, or a link to one."""

    state: FileState
    mode: int  # permissions, as chmod takes them
    is_link: bool


class Listing(NamedTuple):
    """Files by their path below the root, with ``/`` between names, in a fixed order."""

    files: dict[str, Found]
    unfinished: list[str]
    failures: list[Failure]


def list_tree(root: str, concerns: Callable[[str], bool]) -> Listing:
    """List what lies below ``root``. Links to folders are not followed, nor links that lead out.

    :param concerns: whether anybody wants to know of a path.
    """
    listing = Listing({}, [], [])
    inside = os.path.join(os.path.realpath(root), "")
    for path, entry in walk(root, listing.failures.append):
        if entry.name.startswith(WORKING_PREFIX):
            if entry.name.endswith(UNFINISHED):
                listing.unfinished.append(path)
        elif concerns(path) and (found := _look_at(entry, inside)) is not None:
            listing.files[path] = found
    return listing


def walk(
    root: str, on_failure: Callable[[Failure], None]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what is no folder below ``root``, with its path from there, in a fixed order."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            path = os.path.join(root, folder).removesuffix("/") or root
            on_failure(Failure(path, f"{path} cannot be listed: {error.strerror}"))
            continue
        folders = []
        for entry in entries:
            path = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                folders.append(f"{path}/")
            else:
                yield path, entry
        waiting += reversed(folders)


def original_of(path: str) -> str | None:
    """The path of the file that ``path`` is named as a variant of; ``None`` for any other name."""
    stem, dot, extension = path.rpartition(".")
    return stem if dot and f".{extension}" in _SUFFIXES.values() else None


def suffix_of(encoding: str) -> str:
    """What the names of its variants end in; of an unknown encoding, what no file is called."""
    return _SUFFIXES.get(encoding, "/")


def _look_at(entry: os.DirEntry[str], inside: str) -> Found | None:
    is_link = entry.is_symlink()
    if is_link and not os.path.realpath(entry.path).startswith(inside):
        return None
    try:
        status = entry.stat()
    except OSError:  # removed meanwhile, or a link that leads nowhere
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Found(state_of(status), stat.S_IMODE(status.st_mode), is_link)
