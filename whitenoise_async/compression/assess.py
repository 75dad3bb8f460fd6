"""Assess a tree: read every file, compare digests with the record, and say what a run would do.

Nothing is changed here. The writer, the dry run and the check all start from an assessment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from itertools import groupby
from typing import NamedTuple

from ..files.folder import Folder, parent_of
from .encoders import Encoder
from .errors import CompressionError
from .listing import list_tree
from .originals import OpenOriginal
from .record import Record
from .report import SUFFIXES, Action, Failure, Outcome
from .settings import Settings
from .variants import find_variant, has_metadata, require_no_other

NOT_ENOUGH = "it no longer saves enough"


class Original(NamedTuple):
    """A file to compress."""

    path: str  # below the root
    size: int  # bytes
    digest: str


class Variant(NamedTuple):
    """A variant that a run keeps, writes or removes."""

    original: Original
    encoder: Encoder
    expected: Outcome  # of a run
    failure: Failure | None = None  # why a run would fail


def assess(root: Folder, record: Record, settings: Settings) -> Assessment:
    """Read the files below ``root`` and their variants."""
    assessment = Assessment(root, record, settings)
    assessment.add_files()
    return assessment


def assess_recorded(
    root: Folder, record: Record, settings: Settings, encodings: Collection[str] | None
) -> Assessment:
    """Find the recorded variants of the selected originals, whether these have changed or not.

    :param encodings: of these variants; ``None`` for all.
    """
    assessment = Assessment(root, record, settings)
    for path, made in record.files.items():
        if settings.selects(path):
            chosen = [each for each in made if encodings is None or each in encodings]
            assessment.add_outdated(path, chosen, "it was made by this tool")
    return assessment


class Assessment:
    """The state of everything below a root. All of it may be read."""

    def __init__(self, root: Folder, record: Record, settings: Settings) -> None:
        """List the files below ``root``."""
        self.listing = list_tree(root, settings, record.files)
        self.files = 0
        self.size = 0  # bytes
        self.variants: list[Variant] = []
        self.outdated: list[Outcome] = []  # our variants that have no current original
        self.lost: list[tuple[str, str]] = []  # recorded variants that are gone or were replaced
        self.failures = [*self.listing.failures]
        self._root = root
        self._record = record
        self._settings = settings

    def add_files(self) -> None:
        """Read the originals and their variants."""
        recorded, listing = self._record.files, self.listing
        wanted = {path: size for path, size in listing.originals.items() if self._is_read(path)}
        self.files, self.size = len(wanted), sum(wanted.values())
        in_folders = groupby([*wanted, *listing.others], lambda path: path.rpartition("/")[0])
        for below, paths in in_folders:
            try:
                with self._root.below(below) as folder:
                    for path in paths:
                        self._add_file(folder, path)
            except OSError as error:  # the folder was replaced meanwhile
                path = self._root.path_of(below)
                self.failures.append(Failure(path, f"{path} cannot be read: {error.strerror}"))
        links = dict(listing.left_alone)
        for path, made in recorded.items():
            if path not in listing.originals and path not in listing.others:
                self.add_outdated(path, made, f"its original is {links.get(path, 'gone')}")

    def add_outdated(self, path: str, encodings: Iterable[str], reason: str) -> None:
        """Add variants that are no longer needed."""
        for encoding in encodings:
            size = self._record.files[path][encoding].size
            outcome = Outcome(path, encoding, Action.REMOVED, None, size, reason)
            try:
                if is_ours(self._root, path, encoding, self._record):
                    self.outdated.append(outcome)
                # Otherwise it may be in a folder that could not be listed.
                elif outcome.variant in self.listing.variants or not self.listing.failures:
                    self.lost.append((path, encoding))
            except CompressionError as error:
                self.failures.append(Failure(self._root.path_of(outcome.variant), str(error)))

    def _is_read(self, path: str) -> bool:
        """Whether an original may have variants. A small one has none, unless it had some."""
        return (
            self.listing.originals[path] >= self._settings.min_size
            or path in self._record.files
            or any(path + each.suffix in self.listing.variants for each in self._settings.encoders)
        )

    def _add_file(self, folder: Folder, path: str) -> None:
        name = path.rpartition("/")[2]
        encoders = self._settings.encoders if path in self.listing.originals else ()
        try:
            with closing(OpenOriginal(folder, name)) as opened:
                original = Original(path, opened.size, opened.digest)
                for encoder in encoders:
                    self.variants.append(self._assess_variant(original, opened, encoder))
        except CompressionError as error:
            self.failures.append(Failure(folder.path_of(name), str(error)))
            return
        handled = {encoder.token for encoder in encoders}
        changed = [
            encoding
            for encoding, made in self._record.files.get(path, {}).items()
            if encoding not in handled and made.of != original.digest
        ]
        self.add_outdated(path, changed, "its original has changed")

    def _assess_variant(
        self, original: Original, opened: OpenOriginal, encoder: Encoder
    ) -> Variant:
        try:
            return Variant(original, encoder, self._expect(original, opened, encoder))
        except CompressionError as error:
            failure = Failure(opened.path + encoder.suffix, str(error))
            expected = Outcome(original.path, encoder.token, Action.NOT_WORTH, opened.size, None)
            return Variant(original, encoder, expected, failure)

    def _expect(self, original: Original, opened: OpenOriginal, encoder: Encoder) -> Outcome:
        """The expected outcome of a run for one variant."""
        made = self._record.get(original.path, encoder.token)
        identity = encoder.identity(original.size)
        is_current = made is not None and (made.of, made.by) == (original.digest, identity)
        found = None
        if made is not None and made.digest is not None:
            found = find_variant(opened.folder, opened.name + encoder.suffix)
            if found is not None and found.digest != made.digest:
                found = None  # not ours
        size = made.size if made is not None and is_current else 0
        action, reason = Action.WRITTEN, ""
        if not self._settings.saves_enough(opened.size, size):
            action = Action.NOT_WORTH
            if found is not None:
                action, reason = Action.REMOVED, NOT_ENOUGH
            elif original.path + encoder.suffix in self.listing.variants:
                require_no_other(opened, encoder)
        elif is_current and found is not None:
            is_right = has_metadata(found.status, opened)
            action = Action.UNCHANGED if is_right else Action.ADJUSTED
        return Outcome(original.path, encoder.token, action, opened.size, size or None, reason)


def is_ours(root: Folder, path: str, encoding: str, record: Record) -> bool:
    """Whether this tool wrote a variant, and nothing has changed it. No link is followed.

    :raises CompressionError: if it cannot be read.
    """
    made = record.get(path, encoding)
    if made is None or made.digest is None:
        return False
    try:
        with parent_of(root, path + SUFFIXES[encoding]) as (folder, name):
            found = find_variant(folder, name)
    except OSError:  # its folder is gone, or a link now
        return False
    return found is not None and found.digest == made.digest
