"""The interface of a registry, and the roots that are added to it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ..support.globs import Globs
from ..support.logs import printable
from .entries import Entry, HashedFile, StaticFile, Substitute, Unresolved


class Root(NamedTuple):
    """A folder whose files are served below a prefix."""

    path: str  # absolute
    prefix: str  # begins and ends with a slash
    followlinks: bool
    #: Whether its files may be substitutes.
    has_substitutes: bool = True

    def covers(self, url: str) -> bool:
        """Whether ``url`` is below the prefix, or is the prefix without its last slash."""
        return url == self.prefix[:-1] or url.startswith(self.prefix)


#: The substitutes: their paths below a root.
Substitutes = Mapping[type[Substitute], str]


class RegistryOptions:
    """Which files of a root are served, and at which URLs."""

    def __init__(
        self,
        index_file: str | None = None,
        exclude: Globs | None = None,
        clean_urls: bool = False,
        substitutes: Substitutes = MappingProxyType({}),
    ) -> None:
        """
        :param index_file: the name of the file that is served at its folder's URL.
        :param exclude: ``None`` excludes nothing.
        :param clean_urls: whether pages are served without ``.html``.
        """
        self.index_file = index_file
        self.exclude = exclude
        self.clean_urls = clean_urls
        self.substitutes = substitutes


class Registry(Protocol):
    """Finds what a URL leads to. URLs are decoded paths below the mount point."""

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add a root, which wins over earlier ones.

        :param names: paths of its files below the root. Then nothing is walked.
        """

    def look_up_nowait(self, url: str) -> Entry | Unresolved | None:
        """The entry for ``url``, or :class:`Unresolved` if finding it waits for the disk."""

    def look_up(self, url: str) -> Entry | None:
        """The entry for ``url``. May block on the disk.

        :raises FileSystemError: if the system fails.
        """

    def find_substitute_nowait(
        self, kind: type[Substitute], url: str
    ) -> Substitute | Unresolved | None:
        """The file that is sent if there is none at ``url``.

        It is looked up below the roots that cover ``url``, the latest first.

        :returns: :class:`Unresolved` if finding it waits for the disk.
        """

    def find_substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The file that is sent if there is none at ``url``. May block on the disk.

        :raises FileSystemError: if the system fails.
        """

    def files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The paths of the listed files, and the suffixes of their variants.

        :returns: ``None`` if nothing is listed in advance.
        """

    def static_files(self) -> list[StaticFile]:
        """All files, each at its plain URL. May block on the disk."""

    def keep_hashed(self, file: HashedFile) -> HashedFile:
        """Find ``file``, whose hash is right, at its hashed URL from now on.

        :returns: the one object for its URL, if anything is kept at all.
        """


def normalized_prefix(prefix: str | None) -> str:
    """The prefix with a slash at both ends; ``/`` if it is empty or ``None``."""
    stripped = (prefix or "").strip("/")
    return f"/{stripped}/" if stripped else "/"


class ForwardingRegistry:
    """A registry that asks another one. Subclasses change the answers."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add a root; see :class:`Registry`."""
        self._registry.add(root, names)

    def look_up(self, url: str) -> Entry | None:
        """The entry for ``url``; see :class:`Registry`."""
        return self._registry.look_up(url)

    def find_substitute_nowait(
        self, kind: type[Substitute], url: str
    ) -> Substitute | Unresolved | None:
        """The file that is sent if there is none at ``url``; see :class:`Registry`."""
        return self._registry.find_substitute_nowait(kind, url)

    def find_substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The same. May block on the disk."""
        return self._registry.find_substitute(kind, url)

    def files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The listed files; see :class:`Registry`."""
        return self._registry.files()

    def static_files(self) -> list[StaticFile]:
        """All files; see :class:`Registry`."""
        return self._registry.static_files()

    def keep_hashed(self, file: HashedFile) -> HashedFile:
        """Find ``file`` at its hashed URL from now on; see :class:`Registry`."""
        return self._registry.keep_hashed(file)


def check_prefix(name: str, prefix: object) -> None:
    """Refuse a prefix with a host, such as that of a CDN: no request has such a path.

    :param name: what the prefix is called, for the message.
    :raises TypeError: if it is neither text nor ``None``.
    :raises ValueError: for such a prefix.
    """
    if not isinstance(prefix, str | None):
        raise TypeError(f"{name} must be a str or None, got {prefix!r}")
    prefix = prefix or ""
    if re.match(r"\s*([a-z][a-z0-9+.-]*:)?//[^/]", prefix, re.I):
        raise ValueError(
            f"{name} must be a URL path such as '/static/', got the URL {prefix!r}; put the"
            " host of a CDN into the links of your pages: see docs/cdn.md"
        )


def make_root(path: str | os.PathLike[str], prefix: str | None, followlinks: bool) -> Root:
    """Check and normalize the arguments of ``add_files``. Warn if ``path`` is not a directory.

    :raises TypeError: for a value of the wrong type.
    :raises ValueError: for a prefix that is a URL with a host.
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise TypeError(f"root must be a str or a path of str, got {path!r}")
    check_prefix("prefix", prefix)
    if not isinstance(followlinks, bool):
        raise TypeError(f"followlinks must be True or False, got {followlinks!r}")
    absolute = os.path.abspath(name)
    if not os.path.isdir(absolute):
        # Two frames up is the caller of add_files or of the constructor.
        warnings.warn(printable(f"No directory at: {absolute}"), stacklevel=3)
    return Root(absolute, normalized_prefix(prefix), followlinks)
