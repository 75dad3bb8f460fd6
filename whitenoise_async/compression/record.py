"""The record of what was made below a root: what makes a second run cheap, and what is ours.

It lies in the root, and goes with it wherever that is copied. It is the same for the same content:
what tells of one machine, the time up to which everything in it was known to be true, is its own
date. A journal beside it has what a run did that did not come to its end.

A variant is ours when its content is what the record says that we wrote.
"""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple

from ..files.codings import WORKING_PREFIX
from ..files.errors import FileSystemError, UnavailableError
from ..files.open_file import flags_of
from ..files.state import FileState
from .drafts import NEW_FILE, Draft, digest_of, write_all
from .errors import CompressionError
from .folders import Folder, is_trusted, parent_of
from .tree import suffix_of

NAME = f"{WORKING_PREFIX}compress.json"
JOURNAL = f"{WORKING_PREFIX}compress.journal"

_FORMAT = 1

#: Nanoseconds by which two changes may be apart that leave the same date: a tick of the kernel's
#: clock, or on a file system that has dates of whole seconds, as FAT and some network's, two.
TICK = 20_000_000
_COARSE = 2_000_000_000

# O_NONBLOCK: opening a FIFO does not wait for a reader.
_ADDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | flags_of("O_NONBLOCK", "O_NOINHERIT", "O_BINARY")

_NOT_OPEN = -1

_NO_SIZE = -1  # bytes; no file has so many

# What reading a record raises that is none, or that somebody has written into.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)

# A name that is empty or of dots.
_LEADS_AWAY = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)")

# Seconds that a line of the journal waits for others. What a killed process did not note is
# compressed again, gives the same bytes, and is ours again.
_WAIT = 0.5


class Original(NamedTuple):
    """A file as it was when it was read."""

    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch
    digest: str


class Made(NamedTuple):
    """What came of compressing: a variant, or the knowledge that there need not be one."""

    of: str  # digest of the original
    by: str  # the encoder, its version and level
    size: int  # bytes, compressed
    digest: str | None  # of the variant; None where it did not save enough


class Entry(NamedTuple):
    """One file, and what was made of it, by encoding."""

    original: Original
    made: Mapping[str, Made]


class Record:
    """What is known of the files below one root. Threads may add to it."""

    def __init__(self, folder: Folder) -> None:
        """Read the record, and the journal of a run that was cut off.

        :param folder: the root.

        :raises CompressionError: where there is one that cannot be read.
        """
        self.entries: dict[str, Entry] = {}
        #: Why a record, or a journal, was not read.
        self.ignored: list[str] = []
        self._folder = folder
        self._changing = threading.Lock()
        self._journal = _NOT_OPEN
        self._read_lines = b""  # the journal that was found
        self._unwritten = b""  # lines of the journal
        self._due = 0.0  # time.monotonic() from which on they are to be written
        self._true_since = 0  # nanoseconds since the epoch
        self._variants_until = 0
        self._read()

    def trusts(self, original: os.stat_result, known: Original) -> bool:
        """Whether a file is what it was, as far as its state tells.

        Its date can be set back after a change, but not the time of that, the ctime: a file whose
        last change was before the record was true is the one that the record speaks of. On Windows
        there is no such time, and each file is read.
        """
        return (
            original.st_size == known.size
            and original.st_mtime_ns == known.mtime_ns
            and self.knows_of(original.st_ctime_ns)
            and os.name != "nt"
        )

    def knows_of(self, change_ns: int) -> bool:
        """Whether a change was before the record was true, by its time since the epoch."""
        apart = TICK if change_ns % 1_000_000_000 else _COARSE
        return change_ns + apart <= self._true_since

    def is_later_than(self, change_ns: int) -> bool:
        """Whether a change was before the record was written, which is after all variants are."""
        return change_ns <= self._variants_until

    def trusts_variant(self, variant: os.stat_result, made: Made, original: Original) -> bool:
        """Whether a variant is the one that was written, as far as its state tells."""
        return (
            variant.st_size == made.size
            and variant.st_mtime_ns == original.mtime_ns
            and self.is_later_than(variant.st_ctime_ns)
            and os.name != "nt"
        )

    def begin(self) -> None:
        """Open the journal.

        :raises CompressionError: where nothing can be written in the root.
        """
        path = self._folder.path_of(JOURNAL)
        try:
            self._journal = self._open_journal()
        except OSError as error:
            raise CompressionError(f"{path} cannot be written: {error.strerror}") from error

    def _open_journal(self) -> int:
        """Open the journal to add to it.

        A journal is replaced if a hard link makes it another folder's as well, or if another user
        owns it. The lines that were read from it are written again, as this run may be killed too.
        """
        if not self._is_foreign(JOURNAL):
            descriptor = self._folder.open(JOURNAL, _ADDING, 0o644)
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                return descriptor
            os.close(descriptor)
        self._folder.unlink(JOURNAL)
        descriptor = self._folder.open(JOURNAL, NEW_FILE, 0o644)
        write_all(descriptor, self._read_lines)
        return descriptor

    def add(self, path: str, original: Original, encoding: str, made: Made) -> None:
        """Note what there is.

        :raises OSError: where it cannot be noted.
        """
        with self.adding(path, original, encoding, made):
            pass

    @contextmanager
    def adding(self, path: str, original: Original, encoding: str, made: Made) -> Iterator[None]:
        """Note what is put in place meanwhile; where that fails, what was there is ours still.

        :raises OSError: where it cannot be noted.
        """
        line = json.dumps([path, original, encoding, made]) + "\n"
        with self._changing:
            # First: what is in its place when the process is killed is known then.
            self._unwritten += line.encode()
            if time.monotonic() >= self._due:
                self._write_lines()
        yield
        with self._changing:
            self._put(path, original, encoding, made)

    def forget(self, path: str, encoding: str) -> None:
        """Note that a variant is no more."""
        with self._changing:
            entry = self.entries[path]
            made = {token: each for token, each in entry.made.items() if token != encoding}
            if made:
                self.entries[path] = entry._replace(made=made)
            else:
                del self.entries[path]

    def see(self, path: str, original: Original) -> None:
        """Note what an original is now, of which nothing is made."""
        with self._changing:
            self.entries[path] = self.entries[path]._replace(original=original)

    def doubt(self, path: str) -> None:
        """Trust an original no more, whatever its state, if it is known at all."""
        if path not in self.entries:
            return
        entry = self.entries[path]
        self.entries[path] = entry._replace(original=entry.original._replace(size=_NO_SIZE))

    def save(self, true_since: int) -> None:
        """Write the record, and remove the journal.

        :param true_since: nanoseconds since the epoch, by the clock of this process, of a moment
            before anything was looked at.
        :raises CompressionError: where it cannot be written; the journal is left for the next run.
        """
        path = self._folder.path_of(NAME)
        content = json.dumps(self._as_json(), sort_keys=True, separators=(",", ":")).encode()
        before = time.time_ns()
        try:
            with Draft(self._folder, NAME) as draft:
                # A file server's clock may be behind; by what a kernel's is, each file is trusted
                # so much later.
                behind = os.fstat(draft.fileno()).st_mtime_ns - before
                draft.write(content)
                _sync()  # the variants, before what tells of them
                draft.sync()
                draft.publish(0o644, true_since + (behind if behind < -TICK // 2 else 0))
        except OSError as error:
            raise CompressionError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            self.close()
        with suppress(OSError):
            self._folder.unlink(JOURNAL)

    def close(self) -> None:
        """Close the journal, and leave it."""
        if self._journal != _NOT_OPEN:
            with suppress(OSError):  # a full disk
                self._write_lines()
            os.close(self._journal)
            self._journal = _NOT_OPEN

    def remove(self) -> None:
        """Remove the record and its journal.

        :raises CompressionError: where they cannot be removed.
        """
        self.close()
        for name in (NAME, JOURNAL):
            if self._folder.is_there(name):
                try:
                    self._folder.unlink(name)
                except OSError as error:
                    path = self._folder.path_of(name)
                    raise CompressionError(f"{path} cannot be removed: {error.strerror}") from error

    def _write_lines(self) -> None:
        lines, self._unwritten = self._unwritten, b""
        self._due = time.monotonic() + _WAIT
        # With a line's end before it too: the one before may have been cut off.
        write_all(self._journal, b"\n" + lines)

    def _put(self, path: str, original: Original, encoding: str, made: Made) -> None:
        before = self.entries.get(path)
        others = before.made if before else {}
        self.entries[path] = Entry(original, {**others, encoding: made})

    def _read(self) -> None:
        path = self._folder.path_of(NAME)
        found = self._read_file(NAME)
        if found:
            content, state = found
            try:
                self._from_json(json.loads(content))
            except _MALFORMED as error:
                raise CompressionError(
                    f"{path} is not a record of what was compressed; remove it, and everything is"
                    " compressed anew"
                ) from error
            self._true_since, self._variants_until = _true_since(state), state.ctime_ns
        self._read_journal()

    def _read_journal(self) -> None:
        found = self._read_file(JOURNAL)
        if not found:
            return
        self._read_lines = found[0]
        # What is in there was true when it was written, and nobody knows until when.
        self._true_since = self._variants_until = 0
        replaced: list[tuple[str, str, Made]] = []
        for line in found[0].splitlines():
            # The last may be cut off.
            with suppress(*_MALFORMED):
                name, original, encoding, made = json.loads(line)
                before = self.entries.get(_checked(name))
                self._put(name, _original(original), _checked(encoding), _made(made))
                if before and encoding in before.made:
                    replaced.append((name, encoding, before.made[encoding]))
        self._put_back(replaced)

    def _put_back(self, replaced: Iterable[tuple[str, str, Made]]) -> None:
        """Of what was replaced, take what is there still.

        The process may have been killed after it noted the other one, and before it put that in
        its place.
        """
        for path, encoding, made in replaced:
            there = digest_below(self._folder, path + suffix_of(encoding))
            if made.digest is not None and there == made.digest:
                self._put(path, self.entries[path].original, encoding, made)

    def _read_file(self, name: str) -> tuple[bytes, FileState] | None:
        """A file's content, and its state; ``None`` where there is none.

        Root ignores what belongs to another user, because files are removed on its word.

        :raises CompressionError: where it cannot be read.
        """
        path = self._folder.path_of(name)
        try:
            if not self._is_foreign(name):
                with closing(self._folder.open_file(name)) as file, file.stream() as stream:
                    if is_trusted(os.fstat(file.fileno())):
                        return stream.read(), file.state
            self.ignored.append(f"{path} is ignored: it belongs to another user than root")
            return None
        except UnavailableError as error:
            if error.gone:
                return None
            reason = error.reason
        except FileSystemError as error:
            reason = error.reason
        except OSError as error:
            reason = error.strerror or str(error)
        raise CompressionError(f"{path} cannot be read: {reason}")

    def _is_foreign(self, name: str) -> bool:
        """Whether there is something that root does not trust: a file, a link, or anything else."""
        try:
            return not is_trusted(self._folder.status_of(name))
        except OSError:
            return False

    def _from_json(self, content: Any) -> None:
        if content["format"] != _FORMAT:
            raise ValueError(content["format"])
        entries: dict[str, Entry] = {}
        for path, entry in content["files"].items():
            made = {token: _made(each) for token, each in entry["made"].items()}
            entries[_checked(path)] = Entry(_original(entry["original"]), made)
        self.entries = entries

    def _as_json(self) -> dict[str, Any]:
        files = {
            path: {"original": entry.original, "made": entry.made}
            for path, entry in self.entries.items()
        }
        return {"format": _FORMAT, "files": files}


def digest_below(root: Folder, path: str) -> str | None:
    """The same as :func:`digest_of`, for a path below ``root``."""
    try:
        with parent_of(root, path) as (folder, name):
            return digest_of(folder, name)
    except OSError:  # its folder is gone, or a link now
        return None


def _checked(path: str) -> str:
    """Require a path that stays below the root."""
    if _LEADS_AWAY.search(path) or "\0" in path:
        raise ValueError(path)
    os.fsencode(path)  # raises what is a ValueError, for what no file can be called here
    return path


def _original(values: Any) -> Original:
    size, mtime_ns, digest = values
    if type(size) is type(mtime_ns) is int and type(digest) is str:
        return Original(size, mtime_ns, digest)
    raise TypeError(values)


def _made(values: Any) -> Made:
    of, by, size, digest = values
    if type(of) is type(by) is str and type(size) is int and isinstance(digest, str | None):
        return Made(of, by, size, digest)
    raise TypeError(values)


def _true_since(record: FileState) -> int:
    """The date that :meth:`Record.save` gave the record; 0 where it is not that.

    That date is before the change that set it. Where it is the same, somebody touched the record,
    or the file system has no time of change; where it is after that, or yet to come, somebody set
    it, or a clock was wrong.
    """
    latest = min(record.ctime_ns + TICK, time.time_ns())
    plausible = record.mtime_ns != record.ctime_ns and record.mtime_ns <= latest
    return record.mtime_ns if plausible else 0


def _sync() -> None:
    """Bring all that was written to the disk, where the system can be asked to."""
    getattr(os, "sync", lambda: None)()
