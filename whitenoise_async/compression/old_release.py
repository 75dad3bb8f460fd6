"""Finds the file of an older release that is the dictionary for a file of the new one."""

from __future__ import annotations

from collections.abc import Sequence

from ..files.folder import Folder
from ..http.media_types import MediaTypes, is_text
from ..support.name_hashes import Splitter, splitter
from .delta_encoder import (
    DeltaEncoder,
    Dictionary,
    may_be_dictionary,
    most_similar,
    several_warning,
)
from .errors import naming
from .listing import list_tree
from .originals import OpenOriginal
from .report import Report
from .settings import Settings

#: The two parts of a name around its hash, or the whole name.
_Key = tuple[str, ...]


class OldRelease:
    """The text files of an older release, by their names without hashes."""

    def __init__(self, root: str, settings: Settings, report: Report) -> None:
        """List the files of the release.

        :param root: the folder of the new release.
        :param report: gets failures and warnings.
        :raises EncodingError: if zstd is not installed.
        """
        assert settings.against is not None
        self._root = settings.against
        self._report = report
        self._media_types = MediaTypes()
        self._split_new: Splitter = splitter(root, settings.immutable)
        self._known: dict[str, Dictionary] = {}
        self._by_key: dict[_Key, list[str]] = {}
        split_old = splitter(self._root, settings.immutable)
        for path in self._list(settings):
            self._by_key.setdefault(split_old(path) or (path,), []).append(path)

    def delta_encoders(self, path: str, original: OpenOriginal) -> Sequence[DeltaEncoder]:
        """The encoder of the delta for a file: one, or none.

        A file that the old release has too needs no delta.

        :param path: below the root of the new release.
        :raises CompressionError: if a file cannot be read.
        """
        if not is_text(self._media_types.media_type(path)):
            return ()
        names = self._by_key.get(self._split_new(path) or (path,), [])
        candidates = [self._dictionary(name) for name in names]
        if not candidates or original.digest in [each.digest for each in candidates]:
            return ()
        best = most_similar(candidates, original)
        if others := [name for name in names if name != best.path]:
            warning = several_warning(path, best.path, others, self._root)
            self._report.warnings = [*self._report.warnings, warning]
        return [DeltaEncoder(best)]

    def _list(self, settings: Settings) -> list[str]:
        listed = Report(self._root)
        with naming(self._root, "listed"), Folder.opened(self._root) as folder:
            files = list_tree(folder, settings, (), listed).files
        for failure in listed.failures:
            self._report.add(failure)
        return [
            path
            for path, size in files.items()
            if size is not None
            and may_be_dictionary(size)
            and is_text(self._media_types.media_type(path))
        ]

    def _dictionary(self, name: str) -> Dictionary:
        if name not in self._known:
            self._known[name] = Dictionary.of(self._root, name)
        return self._known[name]
