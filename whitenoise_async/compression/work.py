"""What is done with one file: decided by what it is and what is recorded, and then done."""

from __future__ import annotations

import os
from contextlib import closing
from enum import Enum

from .drafts import Draft, digest_of, pieces_of
from .encoders import Encoder
from .errors import CompressionError, OriginalError, naming
from .folders import parent_of
from .originals import Source
from .plan import Job
from .record import Made, digest_below
from .report import Action, Failure, Outcome
from .run import Run
from .settings import Settings
from .threads import Stop
from .tree import Listing, suffix_of, variant_path
from .twins import Twins
from .variants import compress_into, is_adjusted, require_a_variant, require_no_other

NOT_ENOUGH = "it does not save enough any more"


class Need(Enum):
    """What a variant needs."""

    NOTHING = "nothing"
    COMPRESSING = "compressing"
    REMOVING = "removing"


class Worker:
    """Settles files below one root. Threads share it."""

    def __init__(self, run: Run, settings: Settings) -> None:
        """
        :param run: is told each result.
        :param settings: what is made, and what is kept.
        """
        self.run = run
        self.settings = settings
        self.stop = Stop()
        self.twins = Twins()

    def do(self, job: Job) -> None:
        """Settle all that a job names.

        :raises StoppedError: where the run is to end.
        """
        path = os.path.join(self.run.root, job.path)
        left = job.reads

        def on_read(size: int) -> None:
            nonlocal left
            self.stop.require_going_on()
            left -= size
            self.run.advance(size)

        try:
            with (
                naming(path, "read"),
                parent_of(self.run.folder, job.path) as (folder, name),
                closing(Source(folder, name, on_read)) as source,
            ):
                for encoder in job.encoders:
                    self._do(job, source, encoder)
                if job.encoders[:1] == self.settings.encoders[:1]:
                    self._drop_outdated(job.path, source, self.settings.encoders)
                elif not job.encoders:
                    self._drop_outdated(job.path, source, ())
        except CompressionError as error:
            self._fail(job.path, path, error)
        self.run.advance(left)

    def discard(self, path: str, encoding: str, listing: Listing, reason: str) -> None:
        """Remove a variant that is ours, and forget one that is not.

        :param listing: what was found: a variant beyond a link is none of this root's.
        """
        is_there = path + suffix_of(encoding) in listing.variants
        try:
            is_ours = is_there and self.is_ours(path, encoding)
        except CompressionError as error:
            self._fail(path, self._target(path, encoding), error)
            return
        if is_ours:
            self.remove(path, encoding, reason)
        elif is_there or not listing.failures:  # else it may be where nobody could look
            self.run.record.forget(path, encoding)

    def _do(self, job: Job, source: Source, encoder: Encoder) -> None:
        target = source.path + encoder.suffix
        try:
            with naming(target, "written"):
                self.run.tell(self.settle(job.path, source, encoder))
        except OriginalError:
            raise
        except CompressionError as error:
            self._fail(job.path, target, error)

    def _fail(self, path: str, named: str, error: CompressionError) -> None:
        """Tell of a failure, and have the file looked at the next time."""
        self.run.doubtful.add(path)
        self.run.tell(Failure(named, str(error)))

    def settle(self, path: str, source: Source, encoder: Encoder) -> Outcome:
        """Bring one variant to what it should be."""
        need, size = self.needs(path, source, encoder)
        if need is Need.COMPRESSING:
            return self._compress(path, source, encoder)
        if need is Need.REMOVING:
            return self._do_without(path, source, encoder, size)
        return self._keep(path, source, encoder)

    def needs(self, path: str, source: Source, encoder: Encoder) -> tuple[Need, int]:
        """What a variant needs, and its size in bytes where that is known."""
        made = self._made(path, encoder.token)
        if made is None or (made.of, made.by) != (
            source.original.digest,
            encoder.by(source.size),
        ):
            return (Need.COMPRESSING if self._can_be_worth(source) else Need.REMOVING), 0
        if not self.settings.is_worth(source.size, made.size):
            return Need.REMOVING, made.size
        is_there = self.is_ours(path, encoder.token)
        return (Need.NOTHING if is_there else Need.COMPRESSING), made.size

    def _can_be_worth(self, source: Source) -> bool:
        """Whether a variant may be kept, however small it is."""
        return self.settings.is_worth(source.size, 0)

    def is_ours(self, path: str, encoding: str) -> bool:
        """Whether a variant is there, and is what this tool wrote."""
        written = self._written(path, encoding)
        return written is not None and self._digest(path, encoding) == written

    def remove(self, path: str, encoding: str, reason: str) -> None:
        """Remove a variant, and forget it."""
        target = self._target(path, encoding)
        size = self.run.record.entries[path].made[encoding].size
        try:
            with parent_of(self.run.folder, path + suffix_of(encoding)) as (folder, name):
                folder.unlink(name)
        except OSError as error:
            self.run.tell(Failure(target, f"{target} cannot be removed: {error.strerror}"))
        else:
            self.run.record.forget(path, encoding)
            self.run.tell(Outcome(path, encoding, Action.REMOVED, None, size, reason))

    def _target(self, path: str, encoding: str) -> str:
        return variant_path(self.run.root, path, encoding)

    def _digest(self, path: str, encoding: str) -> str | None:
        return digest_below(self.run.folder, path + suffix_of(encoding))

    def _written(self, path: str, encoding: str) -> str | None:
        """The digest of the variant that this tool wrote, if it did, whatever is there now."""
        made = self._made(path, encoding)
        return made.digest if made else None

    def _made(self, path: str, encoding: str) -> Made | None:
        entry = self.run.record.entries.get(path)
        return entry.made.get(encoding) if entry else None

    def _compress(self, path: str, source: Source, encoder: Encoder) -> Outcome:
        name = source.name + encoder.suffix
        with Draft(source.folder, name) as draft:
            twin = self.twins.find(self.run.folder, source.original.digest, encoder.by(source.size))
            if twin is None:
                compress_into(draft, source, encoder)
            else:
                draft.write(twin)
            if not self.settings.is_worth(source.size, draft.size):
                return self._do_without(path, source, encoder, draft.size)
            made = Made(source.original.digest, encoder.by(source.size), draft.size, draft.digest)
            there, written = digest_of(source.folder, name), self._written(path, encoder.token)
            action, reason = Action.WRITTEN, ""
            if there == draft.digest:
                action = self._needed(source, name)
            elif source.folder.is_there(name) and (written is None or there != written):
                if written is None:
                    require_a_variant(source, encoder)
                reason = "in place of one that this tool did not make"
            with self.run.record.adding(path, source.original, encoder.token, made):
                if action is not Action.UNCHANGED:
                    draft.publish(source.mode, source.mtime_ns, source.owner)
            self.twins.add(path + encoder.suffix, source.size, made)
        return Outcome(path, encoder.token, action, source.size, made.size, reason)

    def _keep(self, path: str, source: Source, encoder: Encoder) -> Outcome:
        """Leave a variant that is what it should be, or copy it if only its state is not.

        A hard link may make it another folder's variant as well, so it is not changed in place.
        """
        name, made = source.name + encoder.suffix, self.run.record.entries[path].made[encoder.token]
        action = self._needed(source, name)
        if action is Action.UNCHANGED:
            self.run.record.add(path, source.original, encoder.token, made)
        else:
            with Draft(source.folder, name) as draft:
                for piece in pieces_of(source.folder, name):
                    draft.write(piece)
                if draft.digest != made.digest:
                    raise CompressionError(f"{source.folder.path_of(name)} was changed meanwhile")
                with self.run.record.adding(path, source.original, encoder.token, made):
                    draft.publish(source.mode, source.mtime_ns, source.owner)
        return Outcome(path, encoder.token, action, source.size, made.size)

    def _needed(self, source: Source, name: str) -> Action:
        """Whether a variant of the right content also has the right mode, date and owner."""
        is_right = is_adjusted(source.folder.status_of(name), source)
        return Action.UNCHANGED if is_right else Action.ADJUSTED

    def _do_without(self, path: str, source: Source, encoder: Encoder, size: int) -> Outcome:
        """See that there is no variant: a wrong one would be served."""
        action, reason = Action.NOT_WORTH, ""
        if self.is_ours(path, encoder.token):
            source.folder.unlink(source.name + encoder.suffix)
            action, reason = Action.REMOVED, NOT_ENOUGH
        else:
            require_no_other(source, encoder)
        made = Made(source.original.digest, encoder.by(source.size), size, None)
        self.run.record.add(path, source.original, encoder.token, made)
        return Outcome(path, encoder.token, action, source.size, size or None, reason)

    def _drop_outdated(self, path: str, source: Source, asked: tuple[Encoder, ...]) -> None:
        """Remove what was made of an earlier content, and is not to be made now."""
        made_now = {encoder.token for encoder in asked}
        entry = self.run.record.entries.get(path)
        for encoding, made in list(entry.made.items()) if entry else []:
            if (
                encoding not in made_now
                and made.of != source.original.digest
                and self.is_ours(path, encoding)
            ):
                self.remove(path, encoding, "its original has changed")
        if not asked and path in self.run.record.entries:
            self.run.record.see(path, source.original)
