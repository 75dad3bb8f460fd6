"""A registry that supplies unlisted files from a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..registry.entries import Entry, HashedFile, StaticFile, StoredFile, Substitute, Unresolved
from ..registry.interface import Registry, Root
from .kept_files import KeptFiles


class StoreRegistry:
    """Asks another registry first, so that its files take precedence."""

    def __init__(self, registry: Registry, kept: KeptFiles) -> None:
        self._registry = registry
        self._kept = kept

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add a root, which the store does not concern."""
        self._registry.add(root, names)

    def look_up_nowait(self, url: str) -> Entry | Unresolved | None:
        """The entry for ``url``, or :class:`Unresolved` if finding it waits."""
        entry = self._registry.look_up_nowait(url)
        if entry is None:
            return self._kept.find_nowait(url)
        # The store may have a file that has this name in another release. That was found out at
        # the first request, when the hash of the listed file turned out to be another one.
        return self._kept.known(url) or entry if entry.__class__ is HashedFile else entry

    def look_up(self, url: str) -> Entry | None:
        """The entry for ``url``. May block.

        :raises FileSystemError: if the system or the network fails.
        """
        entry = self._registry.look_up(url)
        if entry is not None and not isinstance(entry, HashedFile):
            return entry
        found = self._kept.find(url)
        return found if entry is None or isinstance(found, StoredFile) else entry

    def find_substitute_nowait(
        self, kind: type[Substitute], url: str
    ) -> Substitute | Unresolved | None:
        """The file that is sent if there is none at ``url``. The store has none."""
        return self._registry.find_substitute_nowait(kind, url)

    def find_substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The same. May block on the disk."""
        return self._registry.find_substitute(kind, url)

    def files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The listed files, without those of the store."""
        return self._registry.files()

    def static_files(self) -> list[StaticFile]:
        """All files of the roots, without those of the store."""
        return self._registry.static_files()

    def keep_hashed(self, file: HashedFile) -> HashedFile:
        """Find ``file``, whose hash is right, at its hashed URL from now on."""
        return self._registry.keep_hashed(file)
