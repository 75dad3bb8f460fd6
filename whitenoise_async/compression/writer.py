"""Write and remove variants, as an assessment says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import groupby

from .assess import NOT_ENOUGH, Assessment, Variant, is_ours
from .drafts import Draft, find, pieces_of
from .errors import CompressionError, OriginalError, naming
from .folders import Folder, parent_of
from .originals import Source
from .record import Made
from .report import Action, Failure, Outcome
from .run import Run
from .settings import Settings
from .threads import Stop, in_threads
from .variants import is_adjusted, require_a_variant, require_no_other

# Bytes. The variants of a larger file are made in several threads. A smaller file is read once, and
# kept in memory for its encoders.
_LARGE = 1024 * 1024


class Writer:
    """Changes what is below one root. Threads share it."""

    def __init__(self, run: Run, settings: Settings) -> None:
        self._run = run
        self._settings = settings
        self._stop = Stop()

    def apply(self, assessment: Assessment) -> None:
        """Do what is to be done."""
        for path, encoding in assessment.forgotten:
            self._run.record.forget(path, encoding)
        for outcome in assessment.outdated:
            if self._remove(outcome):
                self._run.record.forget(outcome.path, outcome.encoding)
        todo: list[Variant] = []
        for variant in assessment.variants:
            expected = variant.expected
            if variant.failure is not None:
                self._run.tell(variant.failure)
            elif expected.action in (Action.WRITTEN, Action.ADJUSTED):
                todo.append(variant)
            elif expected.action is Action.UNCHANGED:
                self._run.keep(expected)
            elif self._remove(expected):
                self._note_not_worth(variant, expected.size or 0)
        jobs = _jobs(todo)
        self._run.watcher.on_start(sum(job.left for job in jobs))
        in_threads(self._work, jobs, self._settings.jobs, self._stop)

    def _remove(self, outcome: Outcome) -> bool:
        """Remove a variant that is ours, if there is one; returns whether it is gone."""
        if outcome.action is Action.NOT_WORTH:
            self._run.keep(outcome)
            return True
        target = self._run.folder.path_of(outcome.variant)
        try:
            with (
                naming(target, "removed"),
                parent_of(self._run.folder, outcome.variant) as (folder, name),
            ):
                made, found = self._run.record.files[outcome.path], find(folder, name)
                if found is None or found.digest != made[outcome.encoding].digest:
                    raise CompressionError(f"{target} was changed meanwhile")
                folder.unlink(name)
        except CompressionError as error:
            self._run.tell(Failure(target, str(error)))
            return False
        self._run.tell(outcome)
        return True

    def _note_not_worth(self, variant: Variant, size: int) -> None:
        original, encoder = variant.original, variant.encoder
        made = Made(original.digest, encoder.by(original.size), size, None)
        self._run.record.put(original.path, encoder.token, made)

    def _work(self, job: _Job) -> None:
        """Update the variants of one content, which several files may have."""
        for original, variants in groupby(job.variants, lambda variant: variant.original):
            full = self._run.folder.path_of(original.path)
            try:
                with (
                    naming(full, "read"),
                    parent_of(self._run.folder, original.path) as (folder, name),
                    closing(Source(folder, name, original.digest)) as source,
                ):
                    content = [b"".join(source.pieces())] if source.size < _LARGE else None
                    for variant in variants:
                        self._update_variant(job, variant, source, content)
            except CompressionError as error:
                self._run.tell(Failure(full, str(error)))
        self._run.advance(job.left)

    def _update_variant(
        self, job: _Job, variant: Variant, source: Source, content: list[bytes] | None
    ) -> None:
        target = source.path + variant.encoder.suffix
        try:
            with naming(target, "written"):
                if variant.expected.action is Action.ADJUSTED:
                    self._run.tell(self._adjust(variant, source))
                else:
                    self._run.tell(self._compress(job, variant, source, content))
        except OriginalError:
            raise
        except CompressionError as error:
            self._run.tell(Failure(target, str(error)))

    def _adjust(self, variant: Variant, source: Source) -> Outcome:
        """Copy a variant, to give it its original's mode, date and owner.

        A hard link may make it another folder's variant as well, so it is not changed in place.
        """
        name = source.name + variant.encoder.suffix
        made = self._run.record.get(variant.original.path, variant.encoder.token)
        assert made is not None
        with Draft(source.folder, name) as draft:
            if not _copied(source.folder, name, made, draft):
                raise CompressionError(f"{source.folder.path_of(name)} was changed meanwhile")
            draft.publish(source.mode, source.mtime_ns, source.owner)
        return variant.expected

    def _compress(
        self, job: _Job, variant: Variant, source: Source, content: list[bytes] | None
    ) -> Outcome:
        original, encoder = variant.original, variant.encoder
        known = job.written.get(encoder.token)
        if known is not None and known[1].digest is None:
            source.require_unchanged()
            return self._do_without(variant, source, known[1].size)
        with Draft(source.folder, source.name + encoder.suffix) as draft:
            if known is None or not self._copy(known, draft):
                pieces = self._counted(job, source.pieces() if content is None else content)
                for piece in encoder.compress(pieces, source.size):
                    draft.write(piece)
            elif content is None:
                source.require_unchanged()
            made = Made(original.digest, encoder.by(source.size), draft.size, draft.digest)
            if not self._settings.saves_enough(source.size, draft.size):
                job.written[encoder.token] = "", made._replace(digest=None)
                return self._do_without(variant, source, draft.size)
            action, reason = self._place_of(variant, source, draft)
            if action is not Action.UNCHANGED:
                draft.publish(source.mode, source.mtime_ns, source.owner)
            self._run.record.put(original.path, encoder.token, made)
        job.written[encoder.token] = original.path + encoder.suffix, made
        return Outcome(original.path, encoder.token, action, source.size, made.size, reason)

    def _place_of(self, variant: Variant, source: Source, draft: Draft) -> tuple[Action, str]:
        """Compare a draft with what is in its place, which has to be a variant."""
        name = source.name + variant.encoder.suffix
        found = find(source.folder, name)
        if found is not None and found.digest == draft.digest:
            is_right = is_adjusted(found.status, source)
            return (Action.UNCHANGED if is_right else Action.ADJUSTED), ""
        if not source.folder.is_there(name):
            return Action.WRITTEN, ""
        made = self._run.record.get(variant.original.path, variant.encoder.token)
        if made is None or made.digest is None:
            require_a_variant(source, variant.encoder)
        elif found is not None and found.digest == made.digest:
            return Action.WRITTEN, ""
        return Action.WRITTEN, "in place of one that this tool did not make"

    def _do_without(self, variant: Variant, source: Source, size: int) -> Outcome:
        """See that there is no variant: a wrong one would be served."""
        path, encoder = variant.original.path, variant.encoder
        action, reason = Action.NOT_WORTH, ""
        if is_ours(self._run.folder, path, encoder.token, self._run.record):
            source.folder.unlink(source.name + encoder.suffix)
            action, reason = Action.REMOVED, NOT_ENOUGH
        else:
            require_no_other(source, encoder)
        self._note_not_worth(variant, size)
        return Outcome(path, encoder.token, action, source.size, size, reason)

    def _copy(self, known: tuple[str, Made], draft: Draft) -> bool:
        """Copy the variant that was written of the same content, if it is still there."""
        path, made = known
        with suppress(OSError), parent_of(self._run.folder, path) as (folder, name):
            if _copied(folder, name, made, draft):
                return True
        draft.clear()
        return False

    def _counted(self, job: _Job, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in self._stop.watch(pieces):
            yield piece
            self._run.advance(job.count(len(piece)))


class _Job:
    """The variants of one content, in one encoding or in all."""

    def __init__(self) -> None:
        self.variants: list[Variant] = []
        self.left = 0  # bytes to compress
        self.written: dict[str, tuple[str, Made]] = {}  # by encoding: a variant, and what it is

    def add(self, variant: Variant) -> None:
        encodings = {each.encoder.token for each in self.variants if _is_compressed(each)}
        if _is_compressed(variant) and variant.encoder.token not in encodings:
            self.left += variant.original.size
        self.variants.append(variant)

    def count(self, size: int) -> int:
        """Take ``size`` bytes off those that are left; returns how many that were."""
        size = min(size, self.left)
        self.left -= size
        return size


def _is_compressed(variant: Variant) -> bool:
    return variant.expected.action is Action.WRITTEN


def _jobs(variants: Iterable[Variant]) -> list[_Job]:
    """The largest files first: all threads would wait for one that comes last."""
    jobs: dict[tuple[str, str], _Job] = {}
    for variant in sorted(variants, key=lambda each: -each.original.size):
        encoding = variant.encoder.token if variant.original.size >= _LARGE else ""
        jobs.setdefault((variant.original.digest, encoding), _Job()).add(variant)
    return list(jobs.values())


def _copied(folder: Folder, name: str, made: Made, draft: Draft) -> bool:
    """Copy a variant into a draft; returns whether it is what was written."""
    with folder.reading(name) as descriptor:
        for piece in pieces_of(descriptor):
            draft.write(piece)
    return draft.digest == made.digest
