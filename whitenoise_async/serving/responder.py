"""From a file and a request to an answer: at once from what is in memory, or from the disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from time import monotonic
from typing import Generic

from ..files.open_file import FileSystemError, OpenFile, UnavailableError, open_file
from ..http.fields import RequestFields
from ..options import ResolvedOptions
from ..support.after_fork import register_after_fork
from .content_cache import Memory
from .descriptor_cache import OpenFiles
from .etags import make_tags
from .representation import Headers, Representation
from .response_cache import Decision, Decisions, FileDecision, Line, RawFields
from .snapshot import Describe, Known, Redirect, Sought, StaticFile

#: Seconds that a request waits while the disk is asked whether its file has changed. Then it is
#: answered with what was loaded of the file, if anything was.
PATIENCE = 0.5

# A body of so many bytes or fewer is read where its file was opened: another thread would cost
# more than the read.
_READ_AT_ONCE = 64 * 1024


#: What was decided, and the body, or the open file to read it from: the receiver closes it.
#: (A plain tuple: a named one takes ten times as long to make, and every request has one.)
Answer = tuple[Decision[Line], "bytes | None", "OpenFile | None"]


class Answers(Generic[Line]):
    """Answers requests for files, and keeps what the next request for one may need."""

    def __init__(
        self,
        options: ResolvedOptions,
        describe: Describe,
        encode: Callable[[Headers], list[Line]],
        read_fields: Callable[[RawFields], RequestFields],
        keeps_open: bool,
    ) -> None:
        """
        :param describe: gives the fields of a file, and is called once for each.
        :param encode: as for :class:`~.decisions.Decisions`, and so is ``read_fields``.
        :param keeps_open: whether large files are kept open. A server that is handed a descriptor
            must have one to itself: PEP 3333 lets it read from the current position on.
        """
        self._describe = describe
        self._tags = make_tags(options.etag, options.default_etag)
        # Autorefresh has a new StaticFile at each request, so that nothing kept is found again.
        keeps = not options.autorefresh
        self._keeps_open = keeps and keeps_open
        interval = options.check_interval
        self._check_interval = math.inf if interval is None else interval
        memory = options.max_cache_size if keeps else 0
        self._memory = Memory(memory)
        self._max_file_size = min(options.max_cached_file_size, memory)
        self._open_files = OpenFiles()
        self._decisions = Decisions(encode, read_fields, keeps)
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Begin anew, in a process that was just forked."""
        self._memory.reset_after_fork()
        self._decisions.reset_after_fork()

    def at_once(
        self, file: StaticFile | Redirect | Sought, method: str, raw: RawFields
    ) -> Answer[Line] | None:
        """Answer without waiting for the disk; ``None`` where that cannot be."""
        now = monotonic()
        known = file.known
        if known is None or now >= known.due:
            return None
        decision = self._decisions[known, method, raw]
        # What most requests need stands here, and again in `_kept`: a call more would be dear.
        if not decision.plan:
            return decision, b"", None
        content = decision.content
        data = content.data
        if data is None or not decision.whole:
            try:
                return self._kept(decision)
            except MemoryError:  # for the ranges of a content, side by side
                return None
        content.used = now
        return decision, data, None

    def loaded(
        self, file: StaticFile | Redirect | Sought, method: str, raw: RawFields
    ) -> Answer[Line] | None:
        """Answer from memory, however long ago the file was checked; ``None`` where that fails."""
        known = file.known
        if known is None:
            return None
        decision = self._decisions[known, method, raw]
        data = decision.content.data
        if data is None and decision.plan:
            return None
        try:
            return decision, decision.cut(data or b""), None
        except MemoryError:
            return None

    def from_disk(self, file: StaticFile, method: str, raw: RawFields) -> Answer[Line]:
        """Answer from the file's state at this moment. Blocks on the disk.

        :raises UnavailableError: when the file is gone, unreadable, or no regular file any more.
        :raises FileSystemError: when the system fails, or memory has run out.
        """
        try:
            return self._from_disk(file, method, raw)
        except MemoryError as error:
            raise FileSystemError(file.path, error) from error

    def _from_disk(self, file: StaticFile, method: str, raw: RawFields) -> Answer[Line]:
        if not file.lock.acquire(timeout=PATIENCE):
            loaded = self.loaded(file, method, raw)
            if loaded is not None:
                return loaded
            file.lock.acquire()
        try:
            known = self._checked(file)
            if known is None:
                return self._afresh(file, method, raw)
            decision = self._decisions[known, method, raw]
            if self._is_small(decision.representation):
                # Requests for a small file that come together read it once.
                return self._read(decision) or self._afresh(file, method, raw)
        finally:
            file.lock.release()
        return self._read(decision) or self._afresh(file, method, raw)

    def _is_small(self, chosen: Representation) -> bool:
        return self._max_file_size > 0 and chosen.size <= self._max_file_size

    def _checked(self, file: StaticFile) -> Known | None:
        """What is known of ``file``, looked up again if that is due; ``None`` where it is wrong."""
        known = file.known
        if known is not None and monotonic() >= known.due:
            if not known.is_true():
                return None
            known.due = monotonic() + self._check_interval
        return known

    def _afresh(self, file: StaticFile, method: str, raw: RawFields) -> Answer[Line]:
        """Open every form of the file, so that what is said and what is sent have one state."""
        with file.lock:
            self._forget(file)
            with closing(file.open_forms()) as forms:
                known = file.learn(forms, self._describe, self._tags)
                known.due = monotonic() + self._check_interval
                decision = self._decisions[known, method, raw]
                if not decision.plan:
                    return (decision, b"", None)
                return self._deliver(decision, forms.take(decision.representation.coding))

    def _forget(self, file: StaticFile) -> None:
        if file.known is not None:
            for each in file.known.representations:
                self._memory.drop(file.known.contents[each.coding])
                self._open_files.drop(each.path)
            file.known = None

    def _kept(self, decision: FileDecision[Line]) -> Answer[Line] | None:
        """Answer from what is in memory, or from a file that is kept open."""
        if not decision.plan:
            return decision, b"", None
        data = decision.content.data
        if data is not None:
            decision.content.used = monotonic()
            return decision, decision.cut(data), None
        chosen = decision.representation
        file = self._open_files.get(chosen.path, chosen.state)
        return None if file is None else (decision, None, file)

    def _read(self, decision: FileDecision[Line]) -> Answer[Line] | None:
        """Answer, if the chosen form is on the disk in the state that it was decided for."""
        answer = self._kept(decision)
        if answer is not None:
            return answer
        try:
            file = open_file(decision.representation.path)
        except UnavailableError:
            return None
        if file.state != decision.representation.state:
            file.close()
            return None
        return self._deliver(decision, file)

    def _deliver(self, decision: FileDecision[Line], file: OpenFile) -> Answer[Line]:
        """Read the body if it is small, and keep what can be kept.

        A file that has changed meanwhile is handed over open: its sender will find out, and cut
        the connection.
        """
        try:
            body = self._loaded(decision, file)
            if body is None:
                if self._keeps_open:
                    self._open_files.keep(file)
                return (decision, None, file)
        except BaseException:
            file.close()
            raise
        file.close()
        return (decision, body, None)

    def _loaded(self, decision: FileDecision[Line], file: OpenFile) -> bytes | None:
        if self._is_small(decision.representation):
            data = file.read_all()
            if data is None:
                return None
            # A file that grew may have been overwritten: nothing that is repeated.
            if file.is_untouched():
                self._memory.keep(decision.content, data)
            return decision.cut(data)
        if not decision.length:
            return b""
        if file.reads_at_once or decision.length > _READ_AT_ONCE:
            return None
        return file.read_plan(decision.plan)
