"""Assess a tree: read every file, compare digests with the record, and say what a run would do.

Nothing is changed here. The writer, the dry run and the check all start from an assessment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from itertools import groupby
from typing import NamedTuple

from .drafts import find
from .encoders import Encoder
from .errors import CompressionError
from .folders import Folder, parent_of
from .listing import Listing, list_tree
from .originals import Source
from .record import Record
from .report import SUFFIXES, Action, Failure, Outcome
from .settings import Settings
from .variants import is_adjusted, require_no_other

NOT_ENOUGH = "it does not save enough any more"


class Original(NamedTuple):
    """A file that is to be compressed."""

    path: str  # below the root
    size: int  # bytes
    digest: str


class Variant(NamedTuple):
    """A variant that a run keeps, writes or removes."""

    original: Original
    encoder: Encoder
    expected: Outcome  # of a run
    failure: Failure | None = None  # why a run would not succeed


class Assessment(NamedTuple):
    """Everything below a root."""

    listing: Listing
    files: int
    size: int  # bytes
    variants: list[Variant]
    outdated: list[Outcome]  # variants of ours that have no current original
    forgotten: list[tuple[str, str]]  # recorded variants that are not there, or not ours
    failures: list[Failure]


def assess(root: Folder, record: Record, settings: Settings) -> Assessment:
    """Read the files below ``root`` and their variants."""
    listing = list_tree(root, settings, record.files)
    wanted = {
        path: size
        for path, size in listing.originals.items()
        if size >= settings.min_size
        or path in record.files
        or any(path + encoder.suffix in listing.variants for encoder in settings.encoders)
    }
    assessor = _Assessor(root, record, settings, listing)
    for below, paths in groupby([*wanted, *listing.others], lambda path: path.rpartition("/")[0]):
        try:
            with root.below(below) as folder:
                for path in paths:
                    assessor.add(folder, path)
        except OSError as error:  # the folder was replaced meanwhile
            path = root.path_of(below)
            assessor.failures.append(Failure(path, f"{path} cannot be read: {error.strerror}"))
    links = dict(listing.left_alone)
    for path, made in record.files.items():
        if path not in listing.originals and path not in listing.others:
            assessor.add_outdated(path, made, f"its original is {links.get(path, 'gone')}")
    return assessor.finish(len(wanted), sum(wanted.values()))


def assess_recorded(
    root: Folder, record: Record, settings: Settings, encodings: Collection[str] | None
) -> Assessment:
    """Find the recorded variants, of selected originals, whatever these are now."""
    assessor = _Assessor(root, record, settings, list_tree(root, settings, record.files))
    for path, made in record.files.items():
        if settings.selects(path):
            chosen = [each for each in made if encodings is None or each in encodings]
            assessor.add_outdated(path, chosen, "it was made by this tool")
    return assessor.finish(0, 0)


def is_ours(root: Folder, path: str, encoding: str, record: Record) -> bool:
    """Whether a variant is what this tool wrote. Nothing beyond a link is.

    :raises CompressionError: if it cannot be read.
    """
    made = record.get(path, encoding)
    if made is None or made.digest is None:
        return False
    try:
        with parent_of(root, path + SUFFIXES[encoding]) as (folder, name):
            found = find(folder, name)
    except OSError:  # its folder is gone, or a link now
        return False
    return found is not None and found.digest == made.digest


class _Assessor:
    """Collects an assessment, file by file."""

    def __init__(self, root: Folder, record: Record, settings: Settings, listing: Listing) -> None:
        self.failures = [*listing.failures]
        self._root = root
        self._record = record
        self._settings = settings
        self._listing = listing
        self._variants: list[Variant] = []
        self._outdated: list[Outcome] = []
        self._forgotten: list[tuple[str, str]] = []

    def finish(self, files: int, size: int) -> Assessment:
        return Assessment(
            self._listing, files, size, self._variants, self._outdated, self._forgotten,
            self.failures,
        )  # fmt: skip

    def add(self, folder: Folder, path: str) -> None:
        """Add a file and its variants."""
        name = path.rpartition("/")[2]
        encoders = self._settings.encoders if path in self._listing.originals else ()
        asked = {encoder.token for encoder in encoders}
        try:
            with closing(Source(folder, name)) as source:
                original = Original(path, source.size, source.digest)
                for encoder in encoders:
                    self._add_variant(original, source, encoder)
        except CompressionError as error:
            self.failures.append(Failure(folder.path_of(name), str(error)))
            return
        recorded = self._record.files.get(path, {})
        changed = [
            encoding
            for encoding, made in recorded.items()
            if encoding not in asked and made.of != original.digest
        ]
        self.add_outdated(path, changed, "its original has changed")

    def add_outdated(self, path: str, encodings: Iterable[str], reason: str) -> None:
        """Add variants that are no longer needed."""
        for encoding in encodings:
            size = self._record.files[path][encoding].size
            outcome = Outcome(path, encoding, Action.REMOVED, None, size, reason)
            try:
                if is_ours(self._root, path, encoding, self._record):
                    self._outdated.append(outcome)
                # Otherwise it may be in a folder that could not be listed.
                elif outcome.variant in self._listing.variants or not self._listing.failures:
                    self._forgotten.append((path, encoding))
            except CompressionError as error:
                self.failures.append(Failure(self._root.path_of(outcome.variant), str(error)))

    def _add_variant(self, original: Original, source: Source, encoder: Encoder) -> None:
        failure = None
        try:
            expected = self._expect(original, source, encoder)
        except CompressionError as error:
            failure = Failure(source.path + encoder.suffix, str(error))
            expected = Outcome(original.path, encoder.token, Action.NOT_WORTH, source.size, None)
        self._variants.append(Variant(original, encoder, expected, failure))

    def _expect(self, original: Original, source: Source, encoder: Encoder) -> Outcome:
        """What a run makes of one variant."""
        made = self._record.get(original.path, encoder.token)
        by = encoder.by(original.size)
        is_current = made is not None and (made.of, made.by) == (original.digest, by)
        found = None
        if made is not None and made.digest is not None:
            found = find(source.folder, source.name + encoder.suffix)
            if found is not None and found.digest != made.digest:
                found = None  # not ours
        size = made.size if made is not None and is_current else 0
        action, reason = Action.WRITTEN, ""
        if not self._settings.saves_enough(source.size, size):
            action = Action.NOT_WORTH
            if found is not None:
                action, reason = Action.REMOVED, NOT_ENOUGH
            elif original.path + encoder.suffix in self._listing.variants:
                require_no_other(source, encoder)
        elif is_current and found is not None:
            adjusted = is_adjusted(found.status, source)
            action = Action.UNCHANGED if adjusted else Action.ADJUSTED
        return Outcome(original.path, encoder.token, action, source.size, size or None, reason)
