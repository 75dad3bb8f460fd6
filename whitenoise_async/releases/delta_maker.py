"""Makes deltas (RFC 9842) against files of older releases, in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..compression.delta_encoder import DeltaEncoder, Dictionary, most_similar, several_warning
from ..compression.encoders import EncodingError, ZstdEncoder
from ..compression.errors import CompressionError
from ..compression.originals import opened_below
from ..compression.settings import saves_a_third
from ..files.content import new_digest, pieces_of
from ..files.folder import Folder
from ..support.threads import Stop, run_in_threads, usable_cores
from .build import BuiltFile
from .deltas import Pair, make_delta
from .errors import PublishError, naming
from .manifest import Record
from .report import Report
from .store import Store


class _Made(NamedTuple):
    delta: BuiltFile | None  # none that saves too little
    warning: str | None


class DeltaMaker:
    """Makes the deltas of one run, and keeps them until they are put. Closing it removes them."""

    def __init__(self, build: str, store: Store, report: Report) -> None:
        """:param build: the folder of the new release."""
        self._build = build
        self._store = store
        self._report = report
        self._cleanup = ExitStack()
        self._folder: str | None = None
        self._names = count()
        self._made: dict[object, _Made] = {}
        self._contents: dict[str, str] = {}  # the temporary files, by the paths of the deltas

    def close(self) -> None:
        """Remove the temporary folder."""
        self._cleanup.close()

    def make(
        self, pairs: Sequence[Pair], records: Mapping[str, Record]
    ) -> list[tuple[Pair, BuiltFile | None]]:
        """Make the delta of each pair.

        A pair whose older files cannot be read has no result. Without the library, no pair has one.
        Warnings in the report say so.

        :param records: the files of the store.
        :returns: pairs with their deltas; ``None`` for a delta that saves too little.
        :raises PublishError: if a file of the build cannot be read, or no temporary file written.
        """
        if not pairs:
            return []
        try:
            ZstdEncoder()
        except EncodingError as error:
            self._report.warnings.append(f"no deltas are made: {error}")
            return []
        missing = [pair for pair in pairs if pair.key not in self._made]
        dictionaries = self._dictionaries(missing, records)
        stop = Stop()
        self._report.watcher.on_start(sum(pair.target.size for pair in missing))
        work = partial(self._make, dictionaries, stop)
        run_in_threads(work, missing, usable_cores(), stop)
        made = [(pair, self._made[pair.key]) for pair in pairs if pair.key in self._made]
        self._report.warnings += [each.warning for _, each in made if each.warning]
        return [(pair, each.delta) for pair, each in made]

    def pieces(self, delta: BuiltFile) -> Iterator[bytes]:
        """The content of a delta that was made."""
        path = self._contents[delta.path]
        with naming(path, "read"), open(path, "rb") as file:
            yield from pieces_of(file.read)

    def _dictionaries(
        self, pairs: Iterable[Pair], records: Mapping[str, Record]
    ) -> dict[str, Dictionary]:
        """Read the older files: those of a bucket are downloaded, each once."""
        paths = sorted({path for pair in pairs for path in pair.candidates})
        root = self._store.local_copies(paths, os.path.join(self._temporary(), "old"))
        dictionaries = {}
        for path in paths:
            try:
                dictionary = Dictionary.of(root, path)
                if dictionary.digest != records[path].digest:
                    raise CompressionError(path, "its content is not that of its release")
                dictionaries[path] = dictionary
            except CompressionError as error:
                name = os.path.join(self._store.name, path)
                self._report.warnings.append(f"no delta is made against {name}: {error}")
        return dictionaries

    def _make(self, dictionaries: Mapping[str, Dictionary], stop: Stop, pair: Pair) -> None:
        candidates = [dictionaries[each] for each in pair.candidates if each in dictionaries]
        if not candidates:
            return
        target, warning = pair.target, None
        try:
            with (
                naming(self._build, "read"),
                Folder.opened(self._build) as root,
                opened_below(root, target.path, target.digest) as original,
            ):
                dictionary = most_similar(candidates, original)
                encoder = DeltaEncoder(dictionary)
                pieces = self._advancing(stop.watch(original.pieces()))
                delta = self._write(pair, encoder, encoder.compress(pieces, target.size))
        except CompressionError as error:
            raise PublishError(str(error)) from error
        if others := [each for each in pair.candidates if each != dictionary.path]:
            name = self._store.name
            warning = several_warning(target.path, dictionary.path, others, name)
        is_kept = saves_a_third(pair.best, delta.size)
        self._made[pair.key] = _Made(delta if is_kept else None, warning)

    def _write(self, pair: Pair, encoder: DeltaEncoder, pieces: Iterable[bytes]) -> BuiltFile:
        path, digest, size = pair.target.path + encoder.suffix, new_digest(), 0
        name = os.path.join(self._temporary(), str(next(self._names)))
        with naming(name, "written"), open(name, "wb") as file:
            for piece in pieces:
                size += file.write(piece)
                digest.update(piece)
        self._contents[path] = name
        return make_delta(pair.target, path, size, digest.hexdigest(), pair.releases)

    def _advancing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self._report.advance(len(piece))

    def _temporary(self) -> str:
        if self._folder is None:
            with naming("a temporary folder", "created"):
                made = TemporaryDirectory(prefix="whitenoise_async-")
                self._folder = self._cleanup.enter_context(made)
        return self._folder
