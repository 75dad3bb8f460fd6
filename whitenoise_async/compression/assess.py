"""Assess a tree: read every file, compare digests with the record, and say what a run would do.

Nothing is changed on the disk. The writer, the dry run and the check all start from an assessment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ..files.codings import Coding, coding_named, is_delta
from ..files.folder import Folder, parent_of
from ..files.variant_check import variant_mismatch
from ..support.threads import Stop, run_in_threads
from .encoders import Encoder
from .errors import CompressionError, naming
from .listing import list_tree
from .originals import (
    OpenOriginal,
    find_variant,
    has_metadata,
    is_result,
    matches_original,
    opened_below,
    require_no_other,
)
from .record import Made, Record
from .report import Action, Failure, Outcome, Report
from .settings import Settings

if TYPE_CHECKING:
    from .old_release import OldRelease


class Variant(NamedTuple):
    """A variant that a run keeps, writes or removes."""

    path: str  # of the original, below the root
    size: int  # bytes of the original
    digest: str  # of the original
    encoder: Encoder
    expected: Outcome | Failure  # of a run

    @property
    def action(self) -> Action | None:
        """The expected action; ``None`` for a failure."""
        return self.expected.action if isinstance(self.expected, Outcome) else None

    def result(self, size: int, digest: str | None) -> Made:
        """What to record for a variant of ``size`` bytes; ``digest`` is ``None`` for none."""
        return Made(self.digest, self.encoder.identity, size, digest)


class Assessment:
    """The state of everything below a root. All of it may be read."""

    def __init__(self, root: Folder, record: Record, settings: Settings, report: Report) -> None:
        """List the files below ``root``."""
        self.root = root
        self.record = record
        self.settings = settings
        self.report = report
        self.listing = list_tree(root, settings, record.files, report)
        self.variants: list[Variant] = []
        self.outdated: list[Outcome] = []  # our variants that have no current original
        #: Our deltas against other releases: the original's path, and the token.
        self.other_deltas: list[tuple[str, str]] = []
        self._old_release: OldRelease | None = None
        self._is_complete = not report.failures  # everything was listed

    def add_files(self) -> None:
        """Read the originals and their variants."""
        files, report = self.listing.files, self.report
        if self.settings.against is not None:
            from .old_release import OldRelease  # a third of the imports of a run

            self._old_release = OldRelease(self.root.path, self.settings, report)
        read = {path: size for path, size in files.items() if self._is_read(path, size)}
        sizes = [size for size in read.values() if size is not None]
        report.found, report.files, report.size = len(files), len(sizes), sum(sizes)
        for below, paths in groupby(read, lambda path: path.rpartition("/")[0]):
            full = self.root.path_of(below)
            with report.catching(), naming(full, "read"), self.root.below(below) as folder:
                for path in paths:
                    self._add_file(folder, path)
        for path, made in list(self.record.files.items()):
            if path not in files:
                self._add_outdated(
                    path, made, f"its original is {report.left_alone.get(path, 'gone')}"
                )

    def add_recorded(self, encodings: Collection[str] | None) -> None:
        """Take all recorded variants of the selected originals as outdated.

        :param encodings: of these variants; ``None`` for all.
        """
        for path, made in list(self.record.files.items()):
            if self.settings.selects(path):
                chosen = [each for each in made if encodings is None or each in encodings]
                self._add_outdated(path, chosen, "it was made by this tool")

    def decide(
        self, path: str, original: OpenOriginal, encoder: Encoder, new: Made | None
    ) -> Outcome:
        """Decide what becomes of one variant.

        :param path: of the original, below the root.
        :param new: the result for the original as it is now; ``None`` if it is not known yet.
        :raises CompressionError: if a wrong variant would stay.
        """
        name = original.name + encoder.suffix
        is_there = original.folder.exists(name)
        found = find_variant(original.folder, name) if is_there else None
        is_made = is_result(found, self.record.get(path, encoder.token))
        action, reason = Action.WRITTEN, ""
        if not self.saves_enough(path, original, encoder, new.size if new else 0):
            action = Action.NOT_WORTH
            if is_made:
                action, reason = Action.REMOVED, "it no longer saves enough"
            elif is_there:
                require_no_other(original, encoder)
        elif found is not None and is_result(found, new):
            action = Action.UNCHANGED if has_metadata(found.status, original) else Action.ADJUSTED
        elif new is not None and is_there and not is_made:
            reason = "in place of one that this tool did not make"
        size = new.size if new else None
        return Outcome(path, encoder.token, action, original.size, size, reason)

    def saves_enough(self, path: str, original: OpenOriginal, encoder: Encoder, size: int) -> bool:
        """Whether a variant of ``size`` bytes would be kept. A delta is compared with the others.

        :param path: of the original, below the root.
        """
        if not is_delta(encoder.token):
            return self.settings.saves_enough(original.size, size)
        kept = [
            made.size
            for token, made in self.record.files.get(path, {}).items()
            if made.digest is not None and made.of == original.digest and not is_delta(token)
        ]
        return self.settings.delta_saves_enough(original.size, min([original.size, *kept]), size)

    def _is_read(self, path: str, size: int | None) -> bool:
        """Whether a file may have variants. A small one has none, unless it had some."""
        if path in self.record.files:
            return True
        if size is None or size >= self.settings.min_size:
            return size is not None
        variants = self.listing.variants
        return any(path + encoder.suffix in variants for encoder in self.settings.encoders)

    def _add_file(self, folder: Folder, path: str) -> None:
        is_selected = self.listing.files[path] is not None
        encoders = list(self.settings.encoders if is_selected else ())
        name, recorded = path.rpartition("/")[2], self.record.files.get(path, {})
        with self.report.catching(), closing(OpenOriginal(folder, name)) as original:
            digest = original.digest
            if is_selected and self._old_release is not None:
                with self.report.catching():  # a failure there concerns no other variant
                    encoders += self._old_release.delta_encoders(path, original)
            for encoder in encoders:
                expected = self._expect(path, original, encoder)
                self.variants.append(Variant(path, original.size, digest, encoder, expected))
            changed = {token for token, made in recorded.items() if made.of != digest}
            tokens = {encoder.token for encoder in encoders}
            self._add_outdated(path, sorted(changed - tokens), "its original has changed")
            kept = [token for token, made in recorded.items() if made.digest is not None]
            others = {token for token in kept if is_delta(token)} - changed - tokens
            self.other_deltas += [(path, token) for token in sorted(others)]

    def _expect(self, path: str, opened: OpenOriginal, encoder: Encoder) -> Outcome | Failure:
        made = self.record.get(path, encoder.token)
        current = (opened.digest, encoder.identity)
        new = made if made is not None and (made.of, made.by) == current else None
        try:
            return self.decide(path, opened, encoder, new)
        except CompressionError as error:
            return Failure(error.path, str(error))

    def _add_outdated(self, path: str, encodings: Iterable[str], reason: str) -> None:
        for encoding in list(encodings):
            size = self.record.files[path][encoding].size
            outcome = Outcome(path, encoding, Action.REMOVED, None, size, reason)
            with self.report.catching():
                if is_ours(self.root, path, encoding, self.record):
                    self.outdated.append(outcome)
                # It is gone or was replaced, or it is in a folder that could not be listed.
                elif outcome.variant in self.listing.variants or self._is_complete:
                    self.record.forget(path, encoding)


def is_ours(root: Folder, path: str, encoding: str, record: Record) -> bool:
    """Whether this tool wrote a variant, and nothing has changed it. No link is followed.

    :raises CompressionError: if it cannot be read.
    """
    try:
        with parent_of(root, path + coding_named(encoding).suffix) as (folder, name):
            return is_result(find_variant(folder, name), record.get(path, encoding))
    except OSError:  # its folder is gone, or a link now
        return False


def check(assessment: Assessment) -> None:
    """Decompress each variant, compare it with its original, and report what is wrong."""
    report, root, stop = assessment.report, assessment.root, Stop()
    for outcome in assessment.outdated:
        report.add(outcome._replace(action=Action.UNNEEDED))

    def work(variant: Variant) -> None:
        with report.catching(), opened_below(root, variant.path, variant.digest) as original:
            pieces = stop.watch(original.pieces())
            report.add(_check_variant(variant, original, pieces, assessment))
        report.advance(variant.size / encodings[variant.path])

    for path, token in assessment.other_deltas:
        with report.catching():
            report.add(_check_other_delta(assessment, path, token))
    encodings = Counter(each.path for each in assessment.variants)
    report.watcher.on_start(sum({each.path: each.size for each in assessment.variants}.values()))
    run_in_threads(work, assessment.variants, assessment.settings.jobs, stop)


def _check_other_delta(assessment: Assessment, path: str, token: str) -> Outcome:
    """Compare a delta with the record, because its dictionary is not at hand."""
    coding, made = coding_named(token), assessment.record.files[path][token]
    with opened_below(assessment.root, path) as original:
        found = find_variant(original.folder, original.name + coding.suffix)
        action, reason = Action.MISSING, ""
        if found is not None:
            problem = None if is_result(found, made) else "it was changed"
            action, reason, _ = _check_found(coding, original, problem)
        return Outcome(path, token, action, original.size, made.size, reason)


def _check_variant(
    variant: Variant, original: OpenOriginal, pieces: Iterable[bytes], assessment: Assessment
) -> Outcome:
    encoder, expected = variant.encoder, variant.expected
    known = expected.bytes_after if isinstance(expected, Outcome) else None
    matches = matches_original(original, encoder, pieces)
    if matches is None:
        size = known or sum(map(len, encoder.compress(pieces, original.size)))
        is_missing = assessment.saves_enough(variant.path, original, encoder, size)
        action, reason = Action.MISSING if is_missing else Action.NOT_WORTH, ""
    else:
        problem = None if matches else "it does not match its original"
        action, reason, size = _check_found(encoder.coding, original, problem)
        if action is Action.UNCHANGED and variant.action is Action.REMOVED:
            action, reason = Action.UNNEEDED, "it does not save enough"
    return Outcome(variant.path, encoder.token, action, original.size, size, reason)


def _check_found(
    coding: Coding, original: OpenOriginal, problem: str | None
) -> tuple[Action, str, int]:
    """The result for an existing variant: the action, its reason, and the variant's bytes.

    :param problem: why its content is wrong, ``None`` if it is right.
    """
    with closing(original.folder.open_file(original.name + coding.suffix)) as found:
        refusal = variant_mismatch(coding, found, original.file)
        if problem is None and refusal is not None:
            problem = f"a server does not send it: {refusal}"
        return Action.STALE if problem else Action.UNCHANGED, problem or "", found.state.size
