"""The responder: from an entry and a request to a reply, from caches or from the disk."""

from __future__ import annotations

import math
from contextlib import closing
from time import monotonic
from typing import Generic, NamedTuple

from ..files.errors import FileSystemError, UnavailableError
from ..files.open_file import OpenFile
from ..files.state import read_state
from ..http.fields import RequestFields
from ..registry.entries import Absent, Entry, HashedFile, Redirect, StaticFile, Unresolved
from ..registry.interface import Registry
from ..support.after_fork import register_after_fork
from ..support.logs import error_rate_limited, warn_once
from .body_plan import EMPTY
from .content_cache import ContentCache
from .descriptor_cache import DescriptorCache
from .etags import TagSource
from .file_headers import FileHeaders
from .response import Request, Response, redirect, redirect_headers, unavailable, wrong_hash
from .response_cache import (
    EncodedFileResponse,
    EncodedResponse,
    Line,
    RawFields,
    ResponseCache,
    WireFormat,
)
from .snapshot import ServedFile, Snapshot
from .source import HashedNameError, Source

#: Seconds that a request waits for the disk before it is answered from memory, if possible.
PATIENCE = 0.5

# Bytes. A body up to this size is read by the thread that opened the file: another thread would
# cost more than the read.
_SMALL_BODY = 64 * 1024

#: The response, and its body or the open file to read it from. The receiver closes the file.
#: (A plain tuple: making a named one takes ten times as long, and every request makes one.)
Reply = tuple[EncodedResponse[Line], "bytes | None", "OpenFile | None"]


class FileRequest(NamedTuple):
    """A request for an entry, as an adapter has read it."""

    entry: Entry | Unresolved
    method: str
    raw: RawFields
    path: str  # the whole path, with the mount point
    query: str  # Latin-1 text, without "?"

    @property
    def file(self) -> StaticFile | None:
        """The file that is requested, ``None`` if the URL is unresolved."""
        if isinstance(self.entry, Redirect):
            return self.entry.file
        return self.entry if isinstance(self.entry, StaticFile) else None

    @property
    def label(self) -> str:
        """The path of the file for error messages, which never contain a client's URL."""
        if isinstance(self.entry, Unresolved | Absent):
            return "A folder"
        return (self.entry.file if isinstance(self.entry, Redirect) else self.entry).path


class Limits:
    """The limits of a responder's caches."""

    def __init__(
        self,
        check_interval: float | None,
        max_cached_file_size: int,
        max_cache_size: int,
        keep_descriptors: bool,
        keep_anything: bool = True,
    ) -> None:
        """
        :param check_interval: seconds until a file is checked again; ``None`` for never.
        :param max_cached_file_size: bytes.
        :param max_cache_size: bytes.
        :param keep_anything: with ``autorefresh`` every request makes a new entry, so nothing that
            is kept is found again.
        """
        self.check_interval = check_interval
        self.max_cached_file_size = max_cached_file_size
        self.max_cache_size = max_cache_size
        self.keep_descriptors = keep_descriptors
        self.keep_anything = keep_anything


class Responder(Generic[Line]):
    """Replies to requests for entries.

    1. :meth:`reply_nowait` replies from the caches without waiting for the disk, if the file was
       checked within the check interval: the response from :class:`ResponseCache`, the body from
       :class:`ContentCache` or an open file from :class:`DescriptorCache`.
    2. Otherwise :meth:`reply` looks the entry up if it is unresolved, and checks the file. If it is
       unchanged, the caches are used, or its body is read.
    3. If it is new or has changed, the :class:`Source` opens it with its variants, and the
       snapshot, the response and the body all come from these open files.
    """

    def __init__(
        self,
        registry: Registry,
        source: Source,
        file_headers: FileHeaders,
        tag_source: TagSource,
        wire_format: WireFormat[Line],
        limits: Limits,
    ) -> None:
        """
        :param registry: where unresolved URLs are looked up.
        :param source: opens the files.
        :param limits: ``keep_descriptors`` must be false if servers get descriptors of open files:
            PEP 3333 lets a server read from the current position, so it must have its own.
        """
        self._registry = registry
        self._source = source
        self._file_headers = file_headers
        self._tag_source = tag_source
        self._wire_format = wire_format
        self._keep = limits.keep_anything
        self._keep_descriptors = self._keep and limits.keep_descriptors
        interval = limits.check_interval
        self._check_interval = math.inf if interval is None else interval
        cache_size = limits.max_cache_size if self._keep else 0
        #: Bytes; -1 if no content is cached, not even that of an empty file.
        self._max_file_size = min(limits.max_cached_file_size, cache_size) or -1
        self.content_cache = ContentCache(cache_size)
        self.descriptor_cache = DescriptorCache()
        self.response_cache = ResponseCache(wire_format, keep=self._keep)
        # By entry. Only files that were requested and are still listed have one.
        self._served: dict[object, ServedFile] = {}
        # By the file at the plain URL: the last one whose hash was right.
        self._hashed: dict[StaticFile, HashedFile] = {}
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Make new locks, in a process that was just forked."""
        self.content_cache.reset_after_fork()
        self.response_cache.reset_after_fork()
        for served in self._served.values():
            served.reset_after_fork()

    def reply_nowait(
        self, entry: Entry | Unresolved, method: str, raw: RawFields
    ) -> Reply[Line] | None:
        """Reply without waiting for the disk; ``None`` if that is not possible."""
        served = self._served.get(entry)
        if served is None or (snapshot := served.snapshot) is None:
            return self._absent(method) if entry.__class__ is Absent else None
        now = monotonic()
        if now >= snapshot.check_after:
            return None
        response = self.response_cache[snapshot, method, raw]
        # Most requests need only this. `_from_caches` repeats it, to save them one call.
        plan = response.plan
        if plan is EMPTY:
            return response, b"", None
        content = response.content
        data = content.data
        if data is None or not plan.is_whole_file:
            try:
                return self._from_caches(served, response)
            except MemoryError:  # for a body of several ranges
                return None
        content.used = now
        return response, data, None

    def reply_from_memory(self, request: FileRequest) -> Reply[Line] | None:
        """Reply from memory even if the file should be checked; ``None`` if that is not possible.

        For a disk that hangs.
        """
        served = self._served.get(request.entry)
        if served is None or served.snapshot is None:
            return None
        response = self.response_cache[served.snapshot, request.method, request.raw]
        data = response.content.data
        if data is None and response.plan is not EMPTY:
            return None
        try:
            return response, response.plan.slice(data or b""), None
        except MemoryError:
            return None

    def reply(self, request: FileRequest) -> Reply[Line] | None:
        """Reply from the state of the disk. Blocks on the disk.

        :returns: ``None`` if the file was removed. Then the application answers.
        """
        try:
            entry = request.entry
            if isinstance(entry, Unresolved):
                found = self._look_up(entry)
                if found is None:
                    return None
                entry = found
                request = request._replace(entry=found)
            if isinstance(entry, Absent):
                return self._absent(request.method)
            if isinstance(entry, Redirect):
                return self._redirect(entry, request)
            return self._from_disk(self._served_file(entry), request)
        except UnavailableError as error:
            return self._reply_missing(request, error)
        except FileSystemError as error:
            return self.reply_unavailable(request, error)
        except MemoryError as error:
            return self.reply_unavailable(request, FileSystemError(request.label, error))

    def reply_from_caches_or_disk(self, request: FileRequest) -> Reply[Line] | None:
        """Reply as :meth:`reply_nowait` does, or else as :meth:`reply` does. May block."""
        reply = self.reply_nowait(request.entry, request.method, request.raw)
        return self.reply(request) if reply is None else reply

    def reply_unavailable(self, request: FileRequest, error: FileSystemError) -> Reply[Line]:
        """Reply with 503 and log ``error``. Runs no hooks, since it may run on an event loop."""
        error_rate_limited(str(error))
        served = self._served.get(request.file)
        known_headers = None if served is None else served.known_headers
        return self._encoded(unavailable(known_headers or self._file_headers.shared))

    def _reply_missing(self, request: FileRequest, error: UnavailableError) -> Reply[Line] | None:
        if not isinstance(error, HashedNameError):
            if not error.gone:
                warn_once(str(error))
            return None
        self.forget(error.file)  # if it was there before
        return self._absent(request.method)

    def _absent(self, method: str) -> Reply[Line]:
        """Reply to a URL with a hash that no file has. It never leads to the application."""
        return self._encoded(wrong_hash(method, self._file_headers.shared))

    def forget(self, entry: StaticFile) -> None:
        """Drop everything stored for a file, as if it was never requested."""
        served = self._served.pop(entry, None)
        if served is not None:
            self._drop_snapshot(served)
        if isinstance(entry, HashedFile) and self._hashed.get(entry.plain) is entry:
            self._hashed.pop(entry.plain, None)

    def _forget_other_hash(self, file: HashedFile) -> None:
        """Drop everything stored for the hash that a file had before."""
        other = self._hashed.get(file.plain)
        if other is not None and other is not file:
            self.forget(other)
        self._hashed[file.plain] = file

    def forget_replaced(self) -> None:
        """Drop everything stored for files that the registry no longer finds after a new root."""
        for entry in [served.entry for served in list(self._served.values())]:
            if self._registry.look_up_nowait(entry.url) is not entry:
                self.forget(entry)

    def _look_up(self, unresolved: Unresolved) -> Entry | None:
        if unresolved.kind is None:
            return self._registry.look_up(unresolved.url)
        return self._registry.find_substitute(unresolved.kind, unresolved.url)

    def _redirect(self, entry: Redirect, request: FileRequest) -> Reply[Line]:
        read_state(entry.file.path)  # a removed index file is the application's
        headers = redirect_headers(
            self._file_headers.shared_by(entry.file),
            self._served_file(entry.file).headers(self._file_headers),
        )
        plain = Request(request.method, RequestFields(), request.path, request.query)
        return self._encoded(redirect(entry.location, plain, headers))

    def _encoded(self, response: Response) -> Reply[Line]:
        return EncodedResponse(response, self._wire_format), response.body.literal, None

    def _served_file(self, entry: StaticFile) -> ServedFile:
        if not self._keep:
            return ServedFile(entry)
        served = self._served.get(entry)
        if served is None:
            if isinstance(entry, HashedFile):
                entry = self._source.verified(entry)
            if isinstance(entry, HashedFile):
                self._forget_other_hash(entry)
            served = self._served.setdefault(entry, ServedFile(entry))
        return served

    def _from_disk(self, served: ServedFile, request: FileRequest) -> Reply[Line]:
        if not served.lock.acquire(timeout=PATIENCE):
            reply = self.reply_from_memory(request)
            if reply is not None:
                return reply
            served.lock.acquire()
        try:
            snapshot = self._checked(served)
            if snapshot is None:
                return self._from_new_snapshot(served, request)
            response = self.response_cache[snapshot, request.method, request.raw]
            if response.representation.size <= self._max_file_size:
                # With the lock held, so that concurrent requests read a small file once.
                return self._read(served, response) or self._from_new_snapshot(served, request)
        finally:
            served.lock.release()
        return self._read(served, response) or self._from_new_snapshot(served, request)

    def _checked(self, served: ServedFile) -> Snapshot | None:
        """The snapshot, checked if that is due; ``None`` if there is none or it is outdated."""
        snapshot = served.snapshot
        if snapshot is not None and monotonic() >= snapshot.check_after:
            if not snapshot.is_current():
                return None
            snapshot.check_after = monotonic() + self._check_interval
        return snapshot

    def _from_new_snapshot(self, served: ServedFile, request: FileRequest) -> Reply[Line]:
        with served.lock:
            if served.snapshot is not None:
                self._drop_snapshot(served)
            with closing(self._source.open(served.entry)) as variants:
                snapshot = served.take_snapshot(variants, self._file_headers, self._tag_source)
                snapshot.check_after = monotonic() + self._check_interval
                if self._keep:
                    for coding, made in variants.made.items():
                        self.content_cache.add(snapshot.contents[coding], made.content)
                response = self.response_cache[snapshot, request.method, request.raw]
                if response.plan is EMPTY:
                    return response, b"", None
                coding = response.representation.coding
                if coding in variants.made:
                    return response, response.plan.slice(variants.made[coding].content), None
                return self._deliver(served, response, variants.take(coding))

    def _drop_snapshot(self, served: ServedFile) -> None:
        snapshot, served.snapshot = served.snapshot, None
        if snapshot is not None:
            for each in snapshot.representations:
                self.content_cache.drop(snapshot.contents[each.coding])
                self.descriptor_cache.drop(each.path)

    def _from_caches(
        self, served: ServedFile, response: EncodedFileResponse[Line]
    ) -> Reply[Line] | None:
        """Reply from memory, or from a file that is kept open."""
        plan = response.plan
        if plan is EMPTY:
            return response, b"", None
        data = response.content.data
        if data is not None:
            response.content.used = monotonic()
            return response, plan.slice(data), None
        selected = response.representation
        file = self.descriptor_cache.get(selected.path, selected.state)
        if file is None:
            return None
        if served.is_exact:
            file.may_grow = False
        return response, None, file

    def _read(self, served: ServedFile, response: EncodedFileResponse[Line]) -> Reply[Line] | None:
        """Reply if the selected file is still in the state of its snapshot."""
        reply = self._from_caches(served, response)
        if reply is not None:
            return reply
        selected = response.representation
        try:
            file = self._source.reopen(served.entry, selected.path)
        except UnavailableError:
            return None
        if file.state != selected.state:
            file.close()
            return None
        return self._deliver(served, response, file)

    def _deliver(
        self, served: ServedFile, response: EncodedFileResponse[Line], file: OpenFile
    ) -> Reply[Line]:
        """Read the body if it is small, and keep what can be kept.

        A file that changed while it was read is handed over open. Its sender notices the change,
        and cuts the connection.
        """
        if served.is_exact:
            file.may_grow = False
        try:
            body = self._load(response, file)
            if body is None:
                if self._keep_descriptors:
                    self.descriptor_cache.add(file)
                return response, None, file
        except BaseException:
            file.close()
            raise
        file.close()
        return response, body, None

    def _load(self, response: EncodedFileResponse[Line], file: OpenFile) -> bytes | None:
        """The body, if it should be read here and the file did not change."""
        if file.state.size <= self._max_file_size:
            data = file.read_fully(0, file.state.size)
            if len(data) == file.state.size and file.is_unchanged():
                self.content_cache.add(response.content, data)
            # A file that grew may have been overwritten: its content is sent, but not kept.
            elif len(data) < file.state.size or file.change_since_open():
                return None
            return response.plan.slice(data)
        if not response.plan.length:
            return b""
        # In this order, because the first use of `supports_nowait` makes a system call.
        if response.plan.length > _SMALL_BODY or file.supports_nowait:
            return None
        return response.plan.read(file)
