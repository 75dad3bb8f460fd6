"""Write and remove variants, as an assessment says."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from ..files.codings import WORKING_PREFIX, is_delta
from ..files.content import new_digest, pieces_of
from ..files.draft import UNFINISHED, Draft, remove_unfinished
from ..files.folder import Folder, parent_of
from ..support.threads import Stop, run_in_threads
from .assess import Assessment, Variant
from .errors import CompressionError, naming
from .originals import OpenOriginal, find_variant, is_result, opened_below, require_variant
from .record import Made
from .report import Action, Failure, Outcome

# Bytes. A larger variant is kept on the disk, not in memory, until it is written.
_LARGE = 1024 * 1024

# Errors of a new file that the folder causes: permissions, and a read-only file system.
_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Writer:
    """Changes the variants below one root. Threads share it."""

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self._root = assessment.root
        self._record = assessment.record
        self._report = assessment.report
        self._stop = Stop()
        self._unwritable: set[str] = set()  # paths of folders
        self._encodings: Counter[str] = Counter()  # in which each content is compressed, by digest

    def run(self) -> None:
        """Bring the variants up to date, and record them, also if the run is interrupted."""
        for path in self._assessment.listing.unfinished:
            # If the folder can no longer be opened, the next run removes the file.
            with suppress(OSError), parent_of(self._root, path) as (folder, name):
                remove_unfinished(folder, name)
        try:
            self._update_variants()
        finally:
            with self._report.catching():  # the next run adopts the variants
                self._record.save()

    def _update_variants(self) -> None:
        for outcome in self._assessment.outdated:
            if self._remove(outcome):
                self._record.forget(outcome.path, outcome.encoding)
        by_content: dict[tuple[str, str], list[Variant]] = {}
        for variant in self._assessment.variants:
            if variant.action in (Action.WRITTEN, Action.ADJUSTED):
                key = variant.digest, variant.encoder.token
                by_content.setdefault(key, []).append(variant)
            else:
                self._finish(variant)
        # The largest first: all threads would wait for a late large one.
        jobs = sorted(by_content.values(), key=lambda job: -job[0].size)
        to_compress = [job[0] for job in jobs if job[0].action is Action.WRITTEN]
        self._encodings.update(variant.digest for variant in to_compress)
        sizes = {variant.digest: variant.size for variant in to_compress}
        self._report.watcher.on_start(sum(sizes.values()))
        # Deltas last: each is compared with the other variants of its original.
        for are_deltas in (False, True):
            own = [job for job in jobs if is_delta(job[0].encoder.token) is are_deltas]
            run_in_threads(self._write_copies, own, self._assessment.settings.jobs, self._stop)

    def _finish(self, variant: Variant) -> None:
        """Handle a variant that needs no content."""
        expected = variant.expected
        if isinstance(expected, Failure):
            self._report.add(expected)
            return
        if expected.action is not Action.REMOVED:
            self._report.add(expected)
        elif not self._remove(expected):
            return
        if expected.action is not Action.UNCHANGED:
            made = variant.result(expected.bytes_after or 0, None)
            self._record.put(variant.path, variant.encoder.token, made)

    def _remove(self, outcome: Outcome) -> bool:
        """Remove one of our variants; returns whether it is gone."""
        target = self._root.path_of(outcome.variant)
        with (
            self._report.catching(),
            naming(target, "removed"),
            parent_of(self._root, outcome.variant) as (folder, name),
        ):
            made = self._record.get(outcome.path, outcome.encoding)
            if not is_result(find_variant(folder, name), made):
                raise CompressionError(
                    target, f"{target} was changed during this run: compress again"
                )
            folder.unlink(name)
            self._report.add(outcome)
            return True
        return False

    def _write_copies(self, copies: list[Variant]) -> None:
        """Compress a content once, and write it next to each original that has this content."""
        made: Made | None = None
        # A variant is compressed completely before it is written, so that its digest and size are
        # known. Without unnamed files, a killed run leaves one that the next run removes, because
        # it has the name of a draft. On a full disk, closing may fail like the writing before.
        with (
            suppress(OSError),
            SpooledTemporaryFile(
                _LARGE, dir=self._root.path, prefix=WORKING_PREFIX, suffix=UNFINISHED
            ) as content,
        ):
            for variant in copies:
                with (
                    self._report.catching(),
                    opened_below(self._root, variant.path, variant.digest) as original,
                    naming(original.path + variant.encoder.suffix, "written"),
                ):
                    if original.folder.path in self._unwritable:
                        continue
                    if made is None:
                        made = self._fill(content, variant, original)
                    else:
                        original.require_unchanged()
                    self._report.add(self._write(variant, original, content, made))

    def _fill(self, content: IO[bytes], variant: Variant, original: OpenOriginal) -> Made:
        """Write a variant's content into a temporary file."""
        content.seek(0)
        content.truncate()
        digest = new_digest()
        for piece in self._compressed(variant, original):
            content.write(piece)
            digest.update(piece)
        made = variant.result(content.tell(), digest.hexdigest())
        is_copy = variant.action is Action.ADJUSTED
        if is_copy and made != self._record.get(variant.path, variant.encoder.token):
            target = original.path + variant.encoder.suffix
            raise CompressionError(target, f"{target} was changed during this run: compress again")
        return made

    def _compressed(self, variant: Variant, original: OpenOriginal) -> Iterator[bytes]:
        """Compress an original, or read its variant if only the metadata is wrong."""
        encoder = variant.encoder
        if variant.action is Action.WRITTEN:
            pieces = self._counted(original.pieces(), self._encodings[variant.digest])
            yield from encoder.compress(pieces, original.size)
        else:
            original.require_unchanged()
            with original.folder.reading(original.name + encoder.suffix) as descriptor:
                yield from pieces_of(partial(os.read, descriptor))

    def _counted(self, pieces: Iterable[bytes], encodings: int) -> Iterator[bytes]:
        for piece in self._stop.watch(pieces):
            yield piece
            self._report.advance(len(piece) / encodings)

    def _write(
        self, variant: Variant, original: OpenOriginal, content: IO[bytes], made: Made
    ) -> Outcome:
        """Bring a variant up to date with its compressed content."""
        path, encoder = variant.path, variant.encoder
        name = original.name + encoder.suffix
        before = self._record.get(path, encoder.token)
        outcome = self._assessment.decide(path, original, encoder, made)
        if outcome.action is Action.REMOVED:
            original.folder.unlink(name)
        elif outcome.action in (Action.WRITTEN, Action.ADJUSTED):
            if outcome.reason and (before is None or before.digest is None):
                require_variant(original, encoder)
            content.seek(0)
            # A variant may be a hard link to one of another folder, so none is changed in place.
            with self._draft(original.folder, name) as draft:
                for piece in pieces_of(content.read):
                    draft.write(piece)
                draft.publish(*original.metadata)
        if outcome.action in (Action.REMOVED, Action.NOT_WORTH):
            made = made._replace(digest=None)
        self._record.put(path, encoder.token, made)
        return outcome

    def _draft(self, folder: Folder, name: str) -> Draft:
        try:
            return Draft(folder, name)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            self._unwritable.add(folder.path)
            message = f"{folder.path} cannot be written to: {error.strerror}"
            raise CompressionError(folder.path, message) from error
