"""The entries of a registry: what a URL leads to. Plain data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar, NamedTuple


class StaticFile:
    """A file below a root, and the URL at which it is served."""

    __slots__ = ("below", "is_variant", "path", "plain_url", "root", "suffixes", "url")

    def __init__(
        self,
        path: str,
        url: str,
        suffixes: tuple[str, ...] = (),
        *,
        is_variant: bool = False,
        root: str | None = None,
        below: str = "",
    ) -> None:
        """
        :param path: the file, absolute.
        :param url: the URL path below the mount point, decoded.
        :param suffixes: the suffixes of the variants that were listed next to the file.
        :param is_variant: whether its name is that of another file's variant. Then it is served
            here only if it is not the compression of that file.
        :param root: a folder. No link to a folder below it is followed when the file is opened.
            ``None`` follows every link.
        :param below: the path of its directory below the root that it was found in, with a slash at
            the end; empty for the root.
        """
        self.path = path
        self.url = url
        #: The URL without a hash, with which hooks are called.
        self.plain_url = url
        self.suffixes = suffixes
        self.is_variant = is_variant
        self.root = root
        self.below = below

    @property
    def path_below_root(self) -> str:
        """The path below the root, with ``/`` between names. Patterns of options match it."""
        return self.below + os.path.basename(self.path)


class Substitute(StaticFile):
    """A file that is sent for URLs at which there is no file. Its ``url`` ends in its name."""

    __slots__ = ()
    #: The name of the option that names the file.
    option: ClassVar[str]


class Fallback(Substitute):
    """The file that is sent for navigations."""

    __slots__ = ()
    option = "fallback"


class NotFoundPage(Substitute):
    """The page that is sent with status 404 if there is no application."""

    __slots__ = ()
    option = "not_found"


class HashedFile(StaticFile):
    """A file at its hashed URL, which is valid only as long as the file has the hash."""

    __slots__ = ("hash", "plain")

    def __init__(self, plain: StaticFile, url: str, hash_: str) -> None:
        """
        :param plain: the file at its plain URL.
        :param url: the hashed URL.
        :param hash_: the hash in that URL.
        """
        super().__init__(
            plain.path,
            url,
            plain.suffixes,
            is_variant=plain.is_variant,
            root=plain.root,
            below=plain.below,
        )
        self.plain = plain
        self.plain_url = plain.plain_url
        self.hash = hash_


class StoredContent(NamedTuple):
    """The content of a file in a store, as the list of its releases has it."""

    digest: str
    size: int  # bytes


class StoredFile(StaticFile):
    """A file of a kept release, in a store. Its name contains a hash, so it never changes."""

    __slots__ = ("contents",)

    def __init__(
        self,
        path: str,
        url: str,
        contents: Mapping[str, StoredContent],
        *,
        root: str | None,
        below: str,
    ) -> None:
        """
        :param path: the file in the folder, absolute, or the URL of an object in a bucket.
        :param contents: of the file, by ``""``, and of its variants, by their suffixes.
        """
        suffixes = tuple(each for each in contents if each)
        super().__init__(path, url, suffixes, root=root, below=below)
        self.contents = contents

    def content_at(self, path: str) -> StoredContent:
        """The content of the file or of the variant with this path."""
        return self.contents[path[len(self.path) :]]


class Absent(NamedTuple):
    """A URL with the form of a hashed name that no kept release has."""

    url: str


class Redirect(NamedTuple):
    """A URL that redirects to the URL of an index file, or to the clean URL of a page."""

    file: StaticFile
    #: A relative reference. ``None`` adds a slash to the request's path.
    location: str | None


class Unresolved(NamedTuple):
    """A URL that must be looked up on the disk or in a store, as with ``autorefresh``."""

    url: str
    #: Which substitute to look up, if not the file at the URL itself.
    kind: type[Substitute] | None = None


#: A file or a redirect below a root, found by its URL.
Listed = StaticFile | Redirect

#: The same, or a file of a store that is there or missing.
Entry = Listed | Absent
