"""The URLs that the files of a directory, or of all directories below a root, add."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..files.codings import BY_SUFFIX, DELTA_SUFFIX, split_variant
from .entries import Listed, Redirect, StaticFile, Substitute
from .interface import RegistryOptions

#: The extension of pages, which clean URLs omit.
PAGE_EXTENSION = ".html"


class Place(NamedTuple):
    """Where files are: one object for all files of a directory that have the same variants.

    It stands for an entry that was not requested yet, so that 50,000 files need little memory.
    """

    directory: str  # absolute
    suffixes: tuple[str, ...]
    #: Whether the files have the names of variants.
    are_variants: bool = False
    below: str = ""  # the directory's path below its root, with a slash at the end
    #: The end of the files' names that their URLs omit.
    omitted: str = ""

    def file(self, url: str) -> StaticFile:
        """The file that is served at ``url``, which ends in the file's name."""
        path = os.path.join(self.directory, url[url.rindex("/") + 1 :] + self.omitted)
        return StaticFile(path, url, self.suffixes, is_variant=self.are_variants, below=self.below)


class PagePlace(Place):
    """Where pages are: one object for all URLs that redirect to the clean URLs of these pages."""

    __slots__ = ()

    def page(self, url: str) -> StaticFile:
        """The page that is served at the clean URL for ``url``."""
        return self._replace(omitted=PAGE_EXTENSION).file(clean_url(url))


class Listing:
    """The URLs that one directory adds, or all directories below one root."""

    def __init__(self, urls: dict[str, Listed | Place], variants: dict[str, Place]) -> None:
        """:param variants: those that have variants themselves, ``a.gz`` with an ``a.gz.br``."""
        self.urls = urls
        self.variants = variants

    def entry(self, url: str) -> Listed | None:
        """The file or redirect that this listing has at ``url``."""
        found = self.urls.get(url)
        if isinstance(found, PagePlace):
            return page_redirect(found.page(url))
        return found.file(url) if isinstance(found, Place) else found

    def variant(self, url: str) -> StaticFile | None:
        """The file with the name of a variant that has this URL.

        It is found by its original: listing all variants would double the memory.
        """
        place = self.variants.get(url)
        if place is not None:
            return place.file(url)
        parts = split_variant(url)
        if parts is None:
            return None
        original_url, suffix = parts
        original = self.named(original_url)
        if original is None or suffix not in original.suffixes:
            return None
        return StaticFile(original.path + suffix, url, is_variant=True, below=original.below)

    def named(self, url: str) -> StaticFile | None:
        """The file in whose name ``url`` ends, even if that is not the URL that serves it."""
        found = self.urls.get(url) or self.variants.get(url)
        if isinstance(found, Place):
            found = found.file(url)
        elif isinstance(found, Redirect):
            found = found.file
        # Index files and pages are also found at URLs that do not end in their names.
        return None if found is None or _url_of_name(found) != url else found

    def substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The file in whose name ``url`` ends, as a substitute."""
        file = self.named(url)
        return None if file is None else kind(file.path, url, file.suffixes, below=file.below)


def clean_url(url: str) -> str:
    """The clean URL of the page with the URL ``url``, which ends in ``.html``."""
    return url[: -len(PAGE_EXTENSION)]


def page_redirect(page: StaticFile) -> Redirect:
    """The redirect to the clean URL of ``page``.

    Its location has only unreserved characters: a colon would turn the name into a scheme.
    """
    from urllib.parse import quote

    return Redirect(page, quote(page.url[page.url.rindex("/") + 1 :], safe=""))


def listing_of(
    directory: str,
    url: str,
    files: set[str],
    options: RegistryOptions,
    below: str = "",
) -> Listing:
    """List the URLs that the files of one directory add.

    :param directory: its path, absolute.
    :param url: its URL, with a slash at the end.
    :param files: the names of its files.
    :param below: its path below the root, with a slash at the end; empty for the root.
    """
    index_file = options.index_file
    suffixes_of = variant_suffixes(files)
    variants = {name + suffix for name, suffixes in suffixes_of.items() for suffix in suffixes}
    places = {
        suffixes: Place(directory, suffixes, below=below)
        for suffixes in {(), *suffixes_of.values()}
    }
    urls: dict[str, Listed | Place] = {
        url + name: places[suffixes]
        for name, suffixes in suffixes_of.items()
        if name not in variants
    }
    alone = files.difference(variants, suffixes_of)
    urls.update(dict.fromkeys([url + name for name in alone], places[()]))
    if options.clean_urls:
        clean = {each: place._replace(omitted=PAGE_EXTENSION) for each, place in places.items()}
        redirects = {each: PagePlace(*place) for each, place in places.items()}
        for name in files - variants:
            if _has_clean_url(name, files, index_file):
                suffixes = suffixes_of.get(name, ())
                urls[url + clean_url(name)] = clean[suffixes]
                urls[url + name] = redirects[suffixes]
    if index_file in files and index_file not in variants:
        path, suffixes = os.path.join(directory, index_file), suffixes_of.get(index_file, ())
        file = StaticFile(path, url, suffixes, below=below)
        urls[url] = file
        urls[url[:-1]] = Redirect(file, None)
        urls[url + index_file] = Redirect(file, "./")
    nested = {
        url + name: Place(directory, suffixes_of[name], are_variants=True, below=below)
        for name in variants & suffixes_of.keys()
    }
    return Listing(urls, nested)


def _has_clean_url(name: str, files: set[str], index_file: str | None) -> bool:
    if not name.endswith(PAGE_EXTENSION) or name == index_file:
        return False
    # Clients resolve the segments "." and "..", and a file of exactly that name comes first.
    clean = clean_url(name)
    return bool(clean.strip(".")) and clean not in files


def _url_of_name(file: StaticFile) -> str:
    """The URL that ends in the file's name. An index file is served at its folder's URL."""
    return file.url[: file.url.rindex("/") + 1] + os.path.basename(file.path)


def variant_suffixes(files: set[str]) -> dict[str, tuple[str, ...]]:
    """The names or paths of files that have variants, and the suffixes of these, deltas last."""
    found: dict[str, tuple[str, ...]] = {}
    # The codings that are in no name are found in one step, and not for each file.
    text = "/".join(files)
    # One coding after the other, so that nothing is sorted.
    for suffix in BY_SUFFIX:
        if suffix in text:
            for name in [each for each in files if each + suffix in files]:
                found[name] = (*found.get(name, ()), suffix)
    if DELTA_SUFFIX in text:
        for variant in sorted(each for each in files if each.endswith(DELTA_SUFFIX)):
            parts = split_variant(variant)
            if parts is not None and parts[0] in files:
                found[parts[0]] = (*found.get(parts[0], ()), parts[1])
    return found
