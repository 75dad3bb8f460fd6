"""Roots -> URLs -> files: the walk at the start, and autorefresh's look-up. Knows no HTTP."""

from __future__ import annotations

import os
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from ..files.codings import SUFFIXES
from ..files.open_file import FileSystemError, explained
from ..serving.snapshot import Redirect, StaticFile
from ..support.after_fork import register_after_fork
from ..support.globs import Globs
from ..support.logs import logger, printable, warn_once
from .directory import Directory, Rules, Skip, is_path_kept_out
from .sensitive_names import Mistakes, mistakes_among

# Of the entries that one walk leaves out, so many are named; a tree can hold thousands.
_NAMED_IN_WARNING = 20

# Directories that link to each other have as many paths as their names have orders: eight of them
# 109,600. Only links below links multiply like that, and only they are counted.
_MAX_NESTED_LINKS_TO_ONE = 64

_TOO_MANY_LINKS = f"more than {_MAX_NESTED_LINKS_TO_ONE} links below links lead to its target"

#: What a URL leads to.
Listed = StaticFile | Redirect


class Root(NamedTuple):
    """A folder whose files are served below a prefix."""

    path: str  # absolute
    prefix: str  # begins and ends with a slash
    followlinks: bool


class Place(NamedTuple):
    """Where files lie: one for all of a directory that have the same variants."""

    directory: str  # absolute
    suffixes: tuple[str, ...]
    #: Their names are those of variants: they are served only where they are not what that says.
    are_variants: bool = False

    def file(self, url: str) -> StaticFile:
        """The file that is served at ``url``, which ends in its name."""
        path = os.path.join(self.directory, url[url.rindex("/") + 1 :])
        return StaticFile(path, url, self.suffixes, is_variant=self.are_variants)


class Listing(NamedTuple):
    """The URLs that one directory adds, or all directories below one root."""

    urls: dict[str, Listed | Place]
    #: The variants that have variants themselves, ``a.gz`` with an ``a.gz.br``.
    variants: dict[str, Place]

    def variant(self, url: str) -> StaticFile | None:
        """The file with the name of a variant that has this URL.

        It is found by its original: a list of all variants would take as much memory as that of
        files.
        """
        place = self.variants.get(url)
        if place is not None:
            return place.file(url)
        of, dot, extension = url.rpartition(".")
        original = self.urls.get(of) or self.variants.get(of)
        if isinstance(original, Place):
            original = original.file(of)
        elif isinstance(original, Redirect):
            original = original.file
        # An index file is found at its folder's URLs too, and there its name is not the URL's.
        if original is None or dot + extension not in original.suffixes or _own_url(original) != of:
            return None
        return StaticFile(original.path + dot + extension, url, is_variant=True)


class Registry(Protocol):
    """Finds what a URL leads to."""

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add a root, which wins over those before it.

        :param names: the files below it, where they are known and nobody has to look.
        """

    def find(self, url: str) -> Listed | None:
        """What ``url`` (decoded, below the mount point) leads to, or ``None``."""

    def look_up(self, url: str) -> Listed | None:
        """The same, or a file that has the name of a variant: its content decides what it is."""

    def files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The paths that are listed, and the suffixes of their siblings; ``None`` for no list."""


class WalkedRegistry:
    """Lists every root once, when it is added, and answers from a dictionary.

    Threads may look up while a root is added: they see all of it or nothing.

    Of a file that nobody has asked for, its URL is all that is in memory; where it lies, it shares
    with its directory's others.
    """

    def __init__(self, index_file: str | None, exclude: Globs | None = None) -> None:
        self._index_file = index_file
        self._exclude = exclude
        self._listed: dict[str, Listed | Place] = {}
        # One for each root, the latest first: a variant belongs to the original next to it.
        self._listings: tuple[Listing, ...] = ()
        # Files with the names of variants that somebody has asked for, by the URLs they would have.
        self._variants: dict[str, StaticFile] = {}
        self._changing = threading.Lock()
        register_after_fork(self)

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """List what ``root`` holds: walk it, where ``names`` do not say that."""
        if not os.path.isdir(root.path):
            return
        skipped: list[tuple[str, str]] = []
        mistakes: Mistakes = {}
        found = Listing({}, {})
        listings = self._walk(root, partial(_note, skipped)) if names is None else self._of(names)
        for below, files in listings:
            mistakes |= mistakes_among(below, files)
            path, url = os.path.join(root.path, *below.split("/")[:-1]), root.prefix + below
            here = _listing_of(path, url, files, self._index_file)
            found.urls.update(here.urls)
            found.variants.update(here.variants)
        with self._changing:
            self._listed = {**self._listed, **found.urls} if self._listed else found.urls
            self._listings = (found, *self._listings)
            self._variants = {}
        logger.info("Below %s, %d URLs from %s on", root.path, len(found.urls), root.prefix)
        if skipped:
            _warn_of_skipped(skipped, root.path)
        if mistakes:
            _warn_of_mistakes(mistakes, root.path)

    def find(self, url: str) -> Listed | None:
        """What ``url`` leads to, as listed when its root was added."""
        return self.look_up(url) if url in self._listed else None

    def look_up(self, url: str) -> Listed | None:
        """The same, or a file that has the name of a variant."""
        listed = self._listed.get(url)
        if isinstance(listed, Place):
            return self._asked_for(url)
        return self._variant(url) if listed is None and url.endswith(SUFFIXES) else listed

    def _variant(self, url: str) -> StaticFile | None:
        # Read before the listings: what comes from old ones is added to what is forgotten.
        kept = self._variants
        if url not in kept:
            found = (listing.variant(url) for listing in self._listings)
            variant = next((each for each in found if each is not None), None)
            if variant is None:
                return None
            with self._changing:
                kept.setdefault(url, variant)
        return kept[url]

    def _asked_for(self, url: str) -> Listed:
        with self._changing:
            listed = self._listed[url]
            if isinstance(listed, Place):
                listed = self._listed[url] = listed.file(url)
            return listed

    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The paths that are listed, and the suffixes of their siblings."""
        found = [(url, self._listed[url]) for url in list(self._listed)]
        files = [each.file(url) if isinstance(each, Place) else each for url, each in found]
        return {each.path: each.suffixes for each in files if isinstance(each, StaticFile)}

    def reset_after_fork(self) -> None:
        """Take new locks, in a process that was just forked: nobody holds any of these there."""
        self._changing = threading.Lock()
        for listed in (*self._listed.values(), *self._variants.values()):
            if isinstance(listed, StaticFile):
                listed.reset_after_fork()

    def _of(self, names: Iterable[str]) -> Iterable[tuple[str, set[str]]]:
        """Files by the paths of their folders."""
        listings: dict[str, set[str]] = {}
        for name in names:
            if self._exclude is None or not is_path_kept_out(self._exclude, name):
                below, slash, file = name.rpartition("/")
                listings.setdefault(below + slash, set()).add(file)
        return listings.items()

    def _walk(self, root: Root, skip: Skip) -> Iterator[tuple[str, set[str]]]:
        waiting = [Directory(root.path, Rules(root.followlinks, self._exclude))]
        entered: Counter[str] = Counter()
        while waiting:
            directory = waiting.pop()
            files, directories = directory.scan(skip)
            yield directory.below, files
            for child in directories.values():
                if directory.crossed and child.crossed != directory.crossed:
                    target = os.path.realpath(child.path)
                    entered[target] += 1
                    if entered[target] > _MAX_NESTED_LINKS_TO_ONE:
                        skip(child.path, _TOO_MANY_LINKS)
                        continue
                waiting.append(child)


class LiveRegistry:
    """Looks at the file system at each look-up, and finds what a walk at that moment would list.

    No path is ever built from a URL: each segment has to be the very name of an entry that is
    listed, so that no spelling of a path leads anywhere else.
    """

    def __init__(self, index_file: str | None, exclude: Globs | None = None) -> None:
        self._index_file = index_file
        self._exclude = exclude
        self._roots: tuple[Root, ...] = ()

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Remember ``root``; the latest is looked at first."""
        self._roots = (root, *self._roots)

    def find(self, url: str) -> Listed | None:
        """What ``url`` leads to now. Blocks on the disk.

        :raises FileSystemError: where nobody can tell.
        """
        return self._find_in(self._roots, url, is_variant=False)

    def look_up(self, url: str) -> Listed | None:
        """The same, or a file that has the name of a variant."""
        found = self.find(url)
        if found is None and url.endswith(SUFFIXES):
            return self._find_in(self._roots, url, is_variant=True)
        return found

    def _find_in(self, roots: Iterable[Root], url: str, *, is_variant: bool) -> Listed | None:
        """Look below each of ``roots`` in turn; the first that has the URL wins."""
        for root in roots:
            if url == root.prefix[:-1] or url.startswith(root.prefix):
                listed = self._find_below(root, url, is_variant)
                if listed is not None:
                    return listed
        return None

    def files(self) -> None:
        """Nothing is listed."""

    def _find_below(self, root: Root, url: str, is_variant: bool) -> Listed | None:
        directory = Directory(root.path, Rules(root.followlinks, self._exclude))
        *parents, last = url[len(root.prefix) :].split("/")
        for name in parents:
            child = directory.scan(_leave_out)[1].get(name)
            if child is None:
                return None
            directory = child
        files, directories = directory.scan(_leave_out)
        base = root.prefix + directory.below
        listing = _listing_of(directory.path, base, files, self._index_file)
        if url not in listing.urls and last in directories:
            directory = directories[last]
            files, _ = directory.scan(_leave_out)
            listing = _listing_of(directory.path, f"{url}/", files, self._index_file)
        found = listing.variant(url) if is_variant else listing.urls.get(url)
        if isinstance(found, Place):
            found = found.file(url)
        if isinstance(found, StaticFile):
            for path in mistakes_among(directory.below, [os.path.basename(found.path)]):
                warn_once(f"{os.path.join(root.path, path)} is served, perhaps by mistake")
            if not root.followlinks:
                # A folder that was listed may be a link by now.
                found.root = root.path
        return found


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
        warnings.warn(printable(f"No directory at: {absolute}"), UserWarning, stacklevel=3)
    stripped = (prefix or "").strip("/")
    return Root(absolute, f"/{stripped}/" if stripped else "/", followlinks)


def _listing_of(path: str, url: str, files: set[str], index_file: str | None) -> Listing:
    """List the URLs that the files of one directory add.

    :param url: the directory's own, with the slash at its end.
    """
    suffixes_of = _with_siblings(files)
    siblings = {name + suffix for name, suffixes in suffixes_of.items() for suffix in suffixes}
    places = {suffixes: Place(path, suffixes) for suffixes in {(), *suffixes_of.values()}}
    listed: dict[str, Listed | Place] = dict.fromkeys(
        [url + name for name in files - siblings], places[()]
    )
    for name in suffixes_of.keys() - siblings:
        listed[url + name] = places[suffixes_of[name]]
    if index_file in files and index_file not in siblings:
        file = StaticFile(os.path.join(path, index_file), url, suffixes_of.get(index_file, ()))
        listed[url] = file
        listed[url[:-1]] = Redirect(file, None)
        listed[url + index_file] = Redirect(file, "./")
    variants = {
        url + name: Place(path, suffixes_of[name], are_variants=True)
        for name in siblings & suffixes_of.keys()
    }
    return Listing(listed, variants)


def _own_url(file: StaticFile) -> str:
    """The URL that ends in the file's name; an index file is served at its folder's."""
    return file.url[: file.url.rindex("/") + 1] + os.path.basename(file.path)


def _with_siblings(files: set[str]) -> dict[str, tuple[str, ...]]:
    """The files that have pre-compressed siblings, and the suffixes of these."""
    found: dict[str, tuple[str, ...]] = {}
    coded = [name for name in files if name.endswith(SUFFIXES)]
    for suffix in SUFFIXES:
        length = len(suffix)
        for name in coded:
            if name.endswith(suffix) and (original := name[:-length]) in files:
                found[original] = (*found.get(original, ()), suffix)
    return found


def _note(skipped: list[tuple[str, str]], path: str, reason: str | OSError) -> None:
    skipped.append((path, _in_words(reason)))


def _leave_out(path: str, reason: str | OSError) -> None:
    """Tell of what is left out, of what was removed nothing.

    :raises FileSystemError: where nobody can tell what is there.
    """
    error = explained(path, reason) if isinstance(reason, OSError) else None
    if isinstance(error, FileSystemError):
        raise error
    if error is None or not error.gone:
        warn_once(f"{path} is not served: {_in_words(reason)}")


def _in_words(reason: str | OSError) -> str:
    return reason if isinstance(reason, str) else reason.strerror or "it cannot be listed"


def _warn_of_skipped(skipped: list[tuple[str, str]], root: str) -> None:
    named = _some([f"{path}: {reason}" for path, reason in skipped])
    logger.warning("Below %s, %d not served: %s", root, len(skipped), named)


def _warn_of_mistakes(mistakes: Mistakes, root: str) -> None:
    logger.warning(
        "Below %s are served, perhaps by mistake: %s. To keep them out: exclude=%s",
        root,
        _some(sorted(mistakes)),
        sorted(set(mistakes.values())),
    )


def _some(named: list[str]) -> str:
    more = len(named) - _NAMED_IN_WARNING
    return "; ".join(named[:_NAMED_IN_WARNING]) + (f"; {more} more" if more > 0 else "")
