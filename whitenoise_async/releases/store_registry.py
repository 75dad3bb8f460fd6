"""A registry that supplies unlisted files from a store."""

from __future__ import annotations

from ..registry.entries import Entry, HashedFile, StoredFile, Unresolved
from ..registry.interface import ForwardingRegistry, Registry
from .kept_files import KeptFiles


class StoreRegistry(ForwardingRegistry):
    """Asks another registry first, so that its files take precedence.

    Roots, substitutes and lists of files do not concern the store.
    """

    def __init__(self, registry: Registry, kept: KeptFiles) -> None:
        super().__init__(registry)
        self._kept = kept

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
