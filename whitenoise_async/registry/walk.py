"""Walks a root, and lists the URLs that all its folders add."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator

from ..support.globs import Globs
from .directory import Directory, Rules
from .interface import RegistryOptions, Root
from .listing import Listing, listing_of
from .sensitive_names import SensitiveFiles, sensitive_files
from .skipped import OnSkip

# Directories that link to each other have as many paths as there are orders of their names: eight
# of them have 109,600. Only links below links multiply like that, so only they are counted.
_MAX_NESTED_LINKS_TO_ONE = 64

_TOO_MANY_LINKS = f"more than {_MAX_NESTED_LINKS_TO_ONE} links below links lead to its target"

#: A folder's path below the root, with a slash at the end (empty for the root), and its files.
Folder = tuple[str, set[str]]


def walk(root: Root, exclude: Globs | None, on_skip: OnSkip) -> Iterator[Folder]:
    """List the folders below ``root``. Blocks on the disk."""
    waiting = [Directory(root.path, Rules(root.followlinks, exclude))]
    entered: Counter[str] = Counter()
    while waiting:
        directory = waiting.pop()
        files, directories = directory.scan(on_skip)
        yield directory.below, files
        for child in directories.values():
            if directory.crossed and child.crossed != directory.crossed:
                target = os.path.realpath(child.path)
                entered[target] += 1
                if entered[target] > _MAX_NESTED_LINKS_TO_ONE:
                    on_skip(child.path, _TOO_MANY_LINKS)
                    continue
            waiting.append(child)


def list_root(
    root: Root, folders: Iterable[Folder], options: RegistryOptions
) -> tuple[Listing, SensitiveFiles]:
    """List the URLs of all ``folders`` of a root, and the files that are perhaps private."""
    sensitive: SensitiveFiles = {}
    found = Listing({}, {})
    for below, files in folders:
        sensitive |= sensitive_files(below, files)
        path = os.path.join(root.path, *below.split("/")[:-1])
        url = root.prefix + below
        here = listing_of(path, url, files, options, below)
        page = found.urls.get(url[:-1])
        found.urls.update(here.urls)
        if page is not None:  # the page `about.html` comes before the folder `about`
            found.urls[url[:-1]] = page
        found.variants.update(here.variants)
    return found, sensitive
