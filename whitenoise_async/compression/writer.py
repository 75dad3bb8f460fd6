"""Write and remove variants, as an assessment says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from tempfile import SpooledTemporaryFile

from ..files.codings import WORKING_PREFIX
from ..files.draft import UNFINISHED, Draft
from ..files.folder import parent_of
from ..support.threads import Stop, run_in_threads
from .assess import NOT_ENOUGH, Assessment, Variant
from .encoders import PIECE
from .errors import CompressionError, OriginalError, naming
from .originals import OpenOriginal, new_digest
from .record import Made
from .report import Action, Failure, Outcome
from .run import Run
from .settings import Settings
from .variants import (
    find_variant,
    has_metadata,
    pieces_of,
    require_no_other,
    require_variant,
)

# Bytes. The variants of a larger file are made in several threads. A smaller file is read once, and
# kept in memory for its encoders. A larger variant is kept on the disk until it is written.
_LARGE = 1024 * 1024


class Writer:
    """Changes the variants below one root. Threads share it."""

    def __init__(self, run: Run, settings: Settings) -> None:
        self._run = run
        self._settings = settings
        self._stop = Stop()

    def apply(self, assessment: Assessment) -> None:
        """Bring the variants and the record up to date."""
        for path, encoding in assessment.lost:
            self._run.record.forget(path, encoding)
        for outcome in assessment.outdated:
            if self._remove(outcome):
                self._run.record.forget(outcome.path, outcome.encoding)
        to_update: list[Variant] = []
        for variant in assessment.variants:
            expected = variant.expected
            if variant.failure is not None:
                self._run.add(variant.failure)
            elif expected.action in (Action.WRITTEN, Action.ADJUSTED):
                to_update.append(variant)
            elif expected.action is Action.UNCHANGED:
                self._run.add_quietly(expected)
            elif self._remove(expected):
                self._record(variant, expected.size or 0, None)
        jobs = _jobs(to_update)
        self._run.watcher.on_start(sum(job.remaining for job in jobs))
        run_in_threads(self._work, jobs, self._settings.jobs, self._stop)

    def _remove(self, outcome: Outcome) -> bool:
        """Remove one of our variants, if there is one; returns whether it is gone."""
        if outcome.action is Action.NOT_WORTH:
            self._run.add_quietly(outcome)
            return True
        target = self._run.folder.path_of(outcome.variant)
        made = self._run.record.files[outcome.path][outcome.encoding]
        try:
            with (
                naming(target, "removed"),
                parent_of(self._run.folder, outcome.variant) as (folder, name),
            ):
                found = find_variant(folder, name)
                if found is None or found.digest != made.digest:
                    raise CompressionError(f"{target} was changed meanwhile")
                folder.unlink(name)
        except CompressionError as error:
            self._run.add(Failure(target, str(error)))
            return False
        self._run.add(outcome)
        return True

    def _record(self, variant: Variant, size: int, digest: str | None) -> None:
        original, encoder = variant.original, variant.encoder
        made = Made(original.digest, encoder.identity(original.size), size, digest)
        self._run.record.put(original.path, encoder.token, made)

    def _work(self, job: _Job) -> None:
        """Update the variants of one content, which several files may have."""
        with closing(job):
            for original, variants in groupby(job.variants, lambda variant: variant.original):
                full = self._run.folder.path_of(original.path)
                try:
                    with (
                        naming(full, "read"),
                        parent_of(self._run.folder, original.path) as (folder, name),
                        closing(OpenOriginal(folder, name, original.digest)) as opened,
                    ):
                        content = [b"".join(opened.pieces())] if opened.size < _LARGE else None
                        for variant in variants:
                            self._update_variant(job, variant, opened, content)
                except CompressionError as error:
                    self._run.add(Failure(full, str(error)))
        self._run.advance(job.remaining)

    def _update_variant(
        self, job: _Job, variant: Variant, original: OpenOriginal, content: list[bytes] | None
    ) -> None:
        target, token = original.path + variant.encoder.suffix, variant.encoder.token
        try:
            with naming(target, "written"):
                if variant.expected.action is Action.ADJUSTED:
                    self._run.add(self._adjust(variant, original))
                    return
                if token not in job.compressed:
                    pieces = self._counted(job, original.pieces() if content is None else content)
                    compressed = variant.encoder.compress(pieces, original.size)
                    job.compressed[token] = _Content(self._run.folder.path, compressed)
                elif content is None:
                    original.require_unchanged()
                self._run.add(self._write(variant, original, job.compressed[token]))
        except OriginalError:
            raise
        except CompressionError as error:
            self._run.add(Failure(target, str(error)))

    def _counted(self, job: _Job, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in self._stop.watch(pieces):
            yield piece
            self._run.advance(job.count(len(piece)))

    def _write(self, variant: Variant, original: OpenOriginal, content: _Content) -> Outcome:
        """Bring a variant up to date with its compressed content."""
        name = original.name + variant.encoder.suffix
        found = find_variant(original.folder, name)
        made = self._run.record.get(variant.original.path, variant.encoder.token)
        was_ours = made is not None and made.digest is not None
        is_ours = found is not None and made is not None and found.digest == made.digest
        digest: str | None = content.digest
        action, reason = Action.WRITTEN, ""
        if not self._settings.saves_enough(original.size, content.size):
            digest, action = None, Action.NOT_WORTH
            if is_ours:
                original.folder.unlink(name)
                action, reason = Action.REMOVED, NOT_ENOUGH
            else:
                require_no_other(original, variant.encoder)
        elif found is not None and found.digest == digest:
            is_right = has_metadata(found.status, original)
            action = Action.UNCHANGED if is_right else Action.ADJUSTED
        elif original.folder.exists(name) and not is_ours:
            if not was_ours:
                require_variant(original, variant.encoder)
            reason = "in place of one that this tool did not make"
        if action in (Action.WRITTEN, Action.ADJUSTED):
            _publish(original, name, content)
        self._record(variant, content.size, digest)
        path, token = variant.original.path, variant.encoder.token
        return Outcome(path, token, action, original.size, content.size, reason)

    def _adjust(self, variant: Variant, original: OpenOriginal) -> Outcome:
        """Copy a variant, to give it its original's mode, date and owner.

        A hard link may make it another folder's variant as well, so it is not changed in place.
        """
        name = original.name + variant.encoder.suffix
        made = self._run.record.files[variant.original.path][variant.encoder.token]
        with original.folder.reading(name) as descriptor:
            content = _Content(self._run.folder.path, pieces_of(descriptor))
        with closing(content):
            if content.digest != made.digest:
                raise CompressionError(f"{original.folder.path_of(name)} was changed meanwhile")
            _publish(original, name, content)
        return variant.expected


def _publish(original: OpenOriginal, name: str, content: _Content) -> None:
    with Draft(original.folder, name) as draft:
        for piece in content.pieces():
            draft.write(piece)
        draft.publish(original.mode, original.mtime_ns, original.owner)


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
        yield from iter(lambda: self._file.read(PIECE), b"")

    def close(self) -> None:
        self._file.close()


class _Job:
    """The variants of one content, in one encoding or in all."""

    def __init__(self) -> None:
        self.variants: list[Variant] = []
        self.remaining = 0  # bytes to compress
        self.compressed: dict[str, _Content] = {}  # by encoding

    def add(self, variant: Variant) -> None:
        encodings = {each.encoder.token for each in self.variants if _is_compressed(each)}
        if _is_compressed(variant) and variant.encoder.token not in encodings:
            self.remaining += variant.original.size
        self.variants.append(variant)

    def count(self, size: int) -> int:
        """Subtract up to ``size`` bytes from the remaining ones; returns how many."""
        size = min(size, self.remaining)
        self.remaining -= size
        return size

    def close(self) -> None:
        """Discard what was compressed."""
        for compressed in self.compressed.values():
            compressed.close()


def _is_compressed(variant: Variant) -> bool:
    return variant.expected.action is Action.WRITTEN


def _jobs(variants: Iterable[Variant]) -> list[_Job]:
    """Group variants by content, the largest first: all threads would wait for a late large one."""
    jobs: dict[tuple[str, str], _Job] = {}
    for variant in sorted(variants, key=lambda each: -each.original.size):
        encoding = variant.encoder.token if variant.original.size >= _LARGE else ""
        jobs.setdefault((variant.original.digest, encoding), _Job()).add(variant)
    return list(jobs.values())
