"""What there is to do: from what was found and what is recorded, with no look at the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from .drafts import is_given, permissions
from .encoders import Encoder
from .record import Entry, Record
from .report import Action, Outcome
from .settings import Settings
from .tree import Listing, suffix_of

# Bytes from which on a file's variants are made side by side; for a smaller one, to read it again
# for each would cost more than it gains.
_SPLIT = 1024 * 1024


class Job(NamedTuple):
    """One file, and what is to be made of it by one thread; nothing, where it is only looked at."""

    path: str
    size: int  # bytes
    encoders: tuple[Encoder, ...]

    @property
    def reads(self) -> int:
        """Bytes that are read for it at the most: once to know the file, once for each variant."""
        return self.size * (1 + len(self.encoders))


class Plan(NamedTuple):
    """Everything there is to do below one root, and what need not be done."""

    files: int
    size: int  # bytes
    current: list[Outcome]
    jobs: list[Job]  # the largest files first
    orphans: list[tuple[str, str]]  # what is to be removed, by original and encoding


def check_plan(listing: Listing, record: Record, settings: Settings) -> Plan:
    """What a check looks at: everything."""
    found = _wanted(listing, record, settings)
    others = [Job(path, status.st_size, ()) for path, status in listing.others.items()]
    todo = dict.fromkeys(found, settings.encoders)
    return _plan(found, [], todo, others, orphans(listing, record))


def make_plan(listing: Listing, record: Record, settings: Settings) -> Plan:
    """Compare what was found with what is recorded."""
    found = _wanted(listing, record, settings)
    current: list[Outcome] = []
    todo: dict[str, tuple[Encoder, ...]] = {}
    for path, status in found.items():
        entry = record.entries.get(path)
        if entry is None or not _is_trusted(path, status, entry, listing, record):
            todo[path] = settings.encoders
            continue
        needed: list[Encoder] = []
        for encoder in settings.encoders:
            if _is_current(path, entry, encoder, listing, record, settings):
                current.append(_current(path, entry, encoder))
            else:
                needed.append(encoder)
        if needed:
            todo[path] = tuple(needed)
    others = _unselected(listing, record)
    return _plan(found, current, todo, others, orphans(listing, record))


def orphans(listing: Listing, record: Record) -> list[tuple[str, str]]:
    """Originals that are gone, and the encodings in which something was made of them.

    Of what lies in a folder that could not be listed nothing is known.
    """
    return [
        (path, encoding)
        for path, entry in record.entries.items()
        if not listing.has(path)
        for encoding in entry.made
        if not listing.failures or path + suffix_of(encoding) in listing.variants
    ]


def unseen(listing: Listing, record: Record, settings: Settings) -> list[str]:
    """Originals of which a run leaves something as it is, and that need not be what it was.

    It could not look at them, or had not to look at each of their variants; the next one has to.
    """
    asked = {encoder.token for encoder in settings.encoders}
    doubtful: list[str] = []
    for path, entry in record.entries.items():
        changed = not listing.has(path)
        for encoding, made in entry.made.items():
            if path in listing.others or encoding not in asked:
                variant = listing.variants.get(path + suffix_of(encoding))
                changed |= variant is not None and not record.trusts_variant(
                    variant, made, entry.original
                )
        if changed:
            doubtful.append(path)
    return doubtful


def _wanted(listing: Listing, record: Record, settings: Settings) -> dict[str, os.stat_result]:
    """The files to compress, and those that are too small and yet have a variant, or had one."""
    return {
        path: status
        for path, status in listing.originals.items()
        if status.st_size >= settings.min_size
        or path in record.entries
        or any(path + encoder.suffix in listing.variants for encoder in settings.encoders)
    }


def _unselected(listing: Listing, record: Record) -> list[Job]:
    """What is not to be compressed now, and may have changed since it was."""
    return [
        Job(path, status.st_size, ())
        for path, status in listing.others.items()
        if not _is_trusted(path, status, record.entries[path], listing, record)
    ]


def _plan(
    found: dict[str, os.stat_result],
    current: list[Outcome],
    todo: dict[str, tuple[Encoder, ...]],
    others: list[Job],
    gone: list[tuple[str, str]],
) -> Plan:
    jobs = others + [
        job for path, encoders in todo.items() for job in _jobs(path, found[path].st_size, encoders)
    ]
    # The largest first: it would be the one that all wait for at the end. But what may have the
    # content of another one comes when that is compressed.
    jobs.sort(key=lambda job: -job.size)
    first = {(job.size, job.encoders): job for job in reversed(jobs)}
    jobs.sort(key=lambda job: first[job.size, job.encoders] is not job)
    size = sum(each.st_size for each in found.values())
    return Plan(len(found), size, current, jobs, gone)


def _jobs(path: str, size: int, encoders: tuple[Encoder, ...]) -> Iterator[Job]:
    if size >= _SPLIT:
        yield from (Job(path, size, (encoder,)) for encoder in encoders)
    else:
        yield Job(path, size, encoders)


def _is_trusted(
    path: str, status: os.stat_result, entry: Entry, listing: Listing, record: Record
) -> bool:
    """Whether a file is what it was. A link may lead elsewhere, where nothing was changed."""
    link = listing.links.get(path)
    return (
        record.trusts(status, entry.original)
        and record.is_later_than(listing.moved_at(path))
        and (link is None or record.knows_of(link.since))
    )


def _is_current(
    path: str,
    entry: Entry,
    encoder: Encoder,
    listing: Listing,
    record: Record,
    settings: Settings,
) -> bool:
    """Whether one variant of a file that has not changed is as it should be."""
    original = entry.original
    made = entry.made.get(encoder.token)
    if made is None or made.of != original.digest or made.by != encoder.by(original.size):
        return False
    target, status = path + encoder.suffix, listing.originals[path]
    variant = listing.variants.get(target)
    if not settings.is_worth(original.size, made.size):
        # Somebody's may be there, which was found right when the record was written.
        is_known = variant is None or record.is_later_than(variant.st_ctime_ns)
        return made.digest is None and is_known
    return (
        variant is not None
        and record.trusts_variant(variant, made, original)
        and stat.S_IMODE(variant.st_mode) == permissions(status)
        and is_given(variant, (status.st_uid, status.st_gid))
        and target not in listing.links
    )


def _current(path: str, entry: Entry, encoder: Encoder) -> Outcome:
    made = entry.made[encoder.token]
    action = Action.NOT_WORTH if made.digest is None else Action.UNCHANGED
    return Outcome(path, encoder.token, action, entry.original.size, made.size)
