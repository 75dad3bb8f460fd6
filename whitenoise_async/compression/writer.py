"""Write and remove variants, as an assessment says."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import groupby
from tempfile import SpooledTemporaryFile

from ..files.codings import WORKING_PREFIX
from ..files.content import new_digest, pieces_of
from ..files.draft import UNFINISHED, Draft, remove_unfinished
from ..files.folder import Folder, parent_of
from ..support.threads import Stop, run_in_threads
from .assess import Assessment, Variant
from .errors import CompressionError, FolderError, OriginalError, naming
from .originals import OpenOriginal, opened_below
from .report import Action, Failure, Outcome
from .variants import find_variant, is_result, require_variant

# Bytes. The variants of a larger file are made in several threads. A larger variant is kept on the
# disk until it is written.
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

    def run(self) -> None:
        """Bring the variants up to date, and record them, also if the run is interrupted."""
        for path in self._assessment.listing.unfinished:
            # If the folder can no longer be opened, the next run removes the file.
            with suppress(OSError), parent_of(self._root, path) as (folder, name):
                remove_unfinished(folder, name)
        try:
            self._update_variants()
        finally:
            with self._report.catching(self._root.path):  # the next run adopts the variants
                self._record.save()

    def _update_variants(self) -> None:
        for outcome in self._assessment.outdated:
            if self._remove(outcome):
                self._record.forget(outcome.path, outcome.encoding)
        to_update: list[Variant] = []
        for variant in self._assessment.variants:
            if variant.action in (Action.WRITTEN, Action.ADJUSTED):
                to_update.append(variant)
            else:
                self._finish(variant)
        jobs = _jobs(to_update)
        self._report.watcher.on_start(sum(job.remaining for job in jobs))
        run_in_threads(self._work, jobs, self._assessment.settings.jobs, self._stop)

    def _finish(self, variant: Variant) -> None:
        """Handle a variant that needs no content."""
        expected = variant.expected
        if isinstance(expected, Failure):
            self._report.add(expected)
            return
        if expected.action is not Action.REMOVED:
            self._report.add(expected, quietly=True)
        elif not self._remove(expected):
            return
        if expected.action is not Action.UNCHANGED:
            self._put(variant, expected.size or 0)

    def _put(self, variant: Variant, size: int, digest: str | None = None) -> None:
        self._record.put(variant.path, variant.encoder.token, variant.result(size, digest))

    def _remove(self, outcome: Outcome) -> bool:
        """Remove one of our variants; returns whether it is gone."""
        target = self._root.path_of(outcome.variant)
        with (
            self._report.catching(target),
            naming(target, "removed"),
            parent_of(self._root, outcome.variant) as (folder, name),
        ):
            made = self._record.get(outcome.path, outcome.encoding)
            if not is_result(find_variant(folder, name), made):
                raise CompressionError(f"{target} was changed meanwhile")
            folder.unlink(name)
            self._report.add(outcome)
            return True
        return False

    def _work(self, job: _Job) -> None:
        """Update the variants of one content, which several files may have."""
        with closing(job):
            for path, variants in groupby(job.variants, lambda variant: variant.path):
                with (
                    self._report.catching(self._root.path_of(path)),
                    opened_below(self._root, path, job.variants[0].digest) as opened,
                ):
                    for variant in variants:
                        self._update_variant(job, variant, opened)
        self._report.advance(job.remaining)

    def _update_variant(self, job: _Job, variant: Variant, original: OpenOriginal) -> None:
        if original.folder.path in self._unwritable:
            return
        target, token = original.path + variant.encoder.suffix, variant.encoder.token
        with self._report.catching(target, (OriginalError,)), naming(target, "written"):
            if token not in job.compressed:
                job.compressed[token] = self._content(job, variant, original)
            else:
                original.require_unchanged()
            self._report.add(self._write(variant, original, job.compressed[token]))

    def _content(self, job: _Job, variant: Variant, original: OpenOriginal) -> _Content:
        """The content of a variant: compressed, or copied if only its metadata is wrong."""
        encoder, root = variant.encoder, self._root.path
        if variant.action is Action.WRITTEN:
            pieces = self._counted(job, original.pieces())
            return _Content(root, encoder.compress(pieces, original.size))
        original.require_unchanged()
        made = self._record.get(variant.path, encoder.token)
        with original.folder.reading(original.name + encoder.suffix) as descriptor:
            content = _Content(root, pieces_of(partial(os.read, descriptor)))
        if made is None or content.digest != made.digest:
            content.close()
            raise CompressionError(f"{original.path}{encoder.suffix} was changed meanwhile")
        return content

    def _counted(self, job: _Job, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in self._stop.watch(pieces):
            yield piece
            self._report.advance(job.count(len(piece)))

    def _write(self, variant: Variant, original: OpenOriginal, content: _Content) -> Outcome:
        """Bring a variant up to date with its compressed content."""
        path, encoder = variant.path, variant.encoder
        name = original.name + encoder.suffix
        made = self._record.get(path, encoder.token)
        new = variant.result(content.size, content.digest)
        outcome = self._assessment.decide(path, original, encoder, new)
        if outcome.action is Action.REMOVED:
            original.folder.unlink(name)
        elif outcome.action in (Action.WRITTEN, Action.ADJUSTED):
            if outcome.reason and (made is None or made.digest is None):
                require_variant(original, encoder)
            # A variant may be a hard link to one of another folder, so none is changed in place.
            with self._draft(original.folder, name) as draft:
                for piece in content.pieces():
                    draft.write(piece)
                draft.publish(original.mode, original.mtime_ns, original.owner)
        is_kept = outcome.action not in (Action.REMOVED, Action.NOT_WORTH)
        self._put(variant, content.size, content.digest if is_kept else None)
        return outcome

    def _draft(self, folder: Folder, name: str) -> Draft:
        try:
            return Draft(folder, name)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            self._unwritable.add(folder.path)
            raise FolderError(folder.path, error) from error


class _Content:
    """The content of a variant: in memory, or if it is large in an unnamed file in the root."""

    def __init__(self, root: str, pieces: Iterable[bytes]) -> None:
        # On a system without unnamed files, a killed run leaves a file. The next run removes it,
        # because it has the name of a draft.
        self._file = SpooledTemporaryFile(  # noqa: SIM115 - close() closes it
            _LARGE, dir=root, prefix=WORKING_PREFIX, suffix=UNFINISHED
        )
        self.size = 0  # bytes
        digest = new_digest()
        try:
            for piece in pieces:
                self.size += self._file.write(piece)
                digest.update(piece)
        except BaseException:
            self.close()
            raise
        self.digest = digest.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        return pieces_of(self._file.read)

    def close(self) -> None:
        self._file.close()


class _Job:
    """The variants of one content, in one encoding or in all."""

    def __init__(self, variants: list[Variant], times: int) -> None:
        """:param times: how often the content is compressed, in this job and in others."""
        self.variants = variants
        missing = {each.encoder.token for each in variants if each.action is Action.WRITTEN}
        self._unread, self._times = len(missing) * variants[0].size, times
        #: Bytes of the content. If it is compressed three times, each time counts a third.
        self.remaining = self._unread // times if missing else 0
        self.compressed: dict[str, _Content] = {}  # by encoding

    def count(self, size: int) -> int:
        """Count ``size`` bytes as read; returns by how much ``remaining`` has decreased."""
        self._unread = max(self._unread - size, 0)
        before, self.remaining = self.remaining, self._unread // self._times
        return before - self.remaining

    def close(self) -> None:
        """Discard what was compressed."""
        for compressed in self.compressed.values():
            compressed.close()


def _jobs(variants: Sequence[Variant]) -> list[_Job]:
    """Group variants by content, the largest first: all threads would wait for a late large one."""
    grouped: dict[tuple[str, str], list[Variant]] = {}
    missing = {
        (each.digest, each.encoder.token) for each in variants if each.action is Action.WRITTEN
    }
    times = Counter(digest for digest, _ in missing)
    for variant in sorted(variants, key=lambda each: -each.size):
        encoding = variant.encoder.token if variant.size >= _LARGE else ""
        grouped.setdefault((variant.digest, encoding), []).append(variant)
    return [_Job(each, times[each[0].digest]) for each in grouped.values()]
