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
from .assess import Assessment, Variant, decide
from .encoders import PIECE
from .errors import CompressionError, OriginalError, naming
from .originals import OpenOriginal, new_digest, opened_below
from .report import Action, Failure, Outcome, Results
from .variants import find_variant, is_result, pieces_of, require_variant

# Bytes. The variants of a larger file are made in several threads. A smaller file is read once, and
# kept in memory for its encoders. A larger variant is kept on the disk until it is written.
_LARGE = 1024 * 1024


class Writer:
    """Changes the variants below one root. Threads share it."""

    def __init__(self, assessment: Assessment, results: Results) -> None:
        self._assessment = assessment
        self._root = assessment.root
        self._record = assessment.record
        self._settings = assessment.settings
        self._results = results
        self._stop = Stop()

    def run(self) -> None:
        """Bring the variants and the record up to date."""
        for path, encoding in self._assessment.lost:
            self._record.forget(path, encoding)
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
        self._results.watcher.on_start(sum(job.remaining for job in jobs))
        run_in_threads(self._work, jobs, self._settings.jobs, self._stop)

    def _finish(self, variant: Variant) -> None:
        """Handle a variant that needs no content."""
        expected = variant.expected
        if isinstance(expected, Failure):
            self._results.add(expected)
            return
        if expected.action is not Action.REMOVED:
            self._results.add(expected, quietly=True)
        elif not self._remove(expected):
            return
        if expected.action is not Action.UNCHANGED:
            self._put(variant, expected.size or 0)

    def _put(self, variant: Variant, size: int, digest: str | None = None) -> None:
        self._record.put(variant.path, variant.encoder.token, variant.result(size, digest))

    def _remove(self, outcome: Outcome) -> bool:
        """Remove one of our variants; returns whether it is gone."""
        target = self._root.path_of(outcome.variant)
        try:
            with (
                naming(target, "removed"),
                parent_of(self._root, outcome.variant) as (folder, name),
            ):
                made = self._record.get(outcome.path, outcome.encoding)
                if not is_result(find_variant(folder, name), made):
                    raise CompressionError(f"{target} was changed meanwhile")
                folder.unlink(name)
        except CompressionError as error:
            self._results.add(Failure(target, str(error)))
            return False
        self._results.add(outcome)
        return True

    def _work(self, job: _Job) -> None:
        """Update the variants of one content, which several files may have."""
        with closing(job):
            for path, variants in groupby(job.variants, lambda variant: variant.path):
                try:
                    with opened_below(self._root, path, job.variants[0].digest) as opened:
                        content = [b"".join(opened.pieces())] if opened.size < _LARGE else None
                        for variant in variants:
                            self._update_variant(job, variant, opened, content)
                except CompressionError as error:
                    self._results.add(Failure(self._root.path_of(path), str(error)))
        self._results.advance(job.remaining)

    def _update_variant(
        self, job: _Job, variant: Variant, original: OpenOriginal, content: list[bytes] | None
    ) -> None:
        target, token = original.path + variant.encoder.suffix, variant.encoder.token
        try:
            with naming(target, "written"):
                if token not in job.compressed:
                    pieces = original.pieces() if content is None else content
                    job.compressed[token] = self._compressed(job, variant, original, pieces)
                elif content is None:
                    original.require_unchanged()
                self._results.add(self._write(variant, original, job.compressed[token]))
        except OriginalError:
            raise
        except CompressionError as error:
            self._results.add(Failure(target, str(error)))

    def _compressed(
        self, job: _Job, variant: Variant, original: OpenOriginal, pieces: Iterable[bytes]
    ) -> _Content:
        """The content of a variant: compressed, or copied if only its metadata is wrong."""
        encoder, root = variant.encoder, self._root.path
        if variant.action is Action.WRITTEN:
            return _Content(root, encoder.compress(self._counted(job, pieces), original.size))
        made = self._record.get(variant.path, encoder.token)
        name = original.name + encoder.suffix
        with original.folder.reading(name) as descriptor:
            content = _Content(root, pieces_of(descriptor))
        if made is None or content.digest != made.digest:
            content.close()
            raise CompressionError(f"{original.path}{encoder.suffix} was changed meanwhile")
        return content

    def _counted(self, job: _Job, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in self._stop.watch(pieces):
            yield piece
            self._results.advance(job.count(len(piece)))

    def _write(self, variant: Variant, original: OpenOriginal, content: _Content) -> Outcome:
        """Bring a variant up to date with its compressed content."""
        path, encoder = variant.path, variant.encoder
        name = original.name + encoder.suffix
        made = self._record.get(path, encoder.token)
        new = variant.result(content.size, content.digest)
        outcome = decide(path, original, encoder, self._settings, made, new)
        if outcome.action is Action.REMOVED:
            original.folder.unlink(name)
        elif outcome.action in (Action.WRITTEN, Action.ADJUSTED):
            if outcome.reason and (made is None or made.digest is None):
                require_variant(original, encoder)
            # A variant may be a hard link to one of another folder, so none is changed in place.
            with Draft(original.folder, name) as draft:
                for piece in content.pieces():
                    draft.write(piece)
                draft.publish(original.mode, original.mtime_ns, original.owner)
        is_kept = outcome.action not in (Action.REMOVED, Action.NOT_WORTH)
        self._put(variant, content.size, content.digest if is_kept else None)
        return outcome


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

    def __init__(self, variants: list[Variant]) -> None:
        self.variants = variants
        missing = {each.encoder.token for each in variants if each.action is Action.WRITTEN}
        self.remaining = len(missing) * variants[0].size  # bytes to compress
        self.compressed: dict[str, _Content] = {}  # by encoding

    def count(self, size: int) -> int:
        """Subtract up to ``size`` bytes from the remaining ones; returns how many."""
        size = min(size, self.remaining)
        self.remaining -= size
        return size

    def close(self) -> None:
        """Discard what was compressed."""
        for compressed in self.compressed.values():
            compressed.close()


def _jobs(variants: Iterable[Variant]) -> list[_Job]:
    """Group variants by content, the largest first: all threads would wait for a late large one."""
    grouped: dict[tuple[str, str], list[Variant]] = {}
    for variant in sorted(variants, key=lambda each: -each.size):
        encoding = variant.encoder.token if variant.size >= _LARGE else ""
        grouped.setdefault((variant.digest, encoding), []).append(variant)
    return [_Job(each) for each in grouped.values()]
