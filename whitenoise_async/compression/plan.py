"""What there is to do: from what was found and what is recorded, with no look at the disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .encoders import Encoder
from .record import Entry, Record
from .report import Action, Outcome
from .settings import Settings
from .tree import Found, Listing, original_of, suffix_of

# Bytes from which on a file's variants are made side by side; for a smaller one, to read it again
# for each would cost more than it gains.
_SPLIT = 1024 * 1024


class Job(NamedTuple):
    """One file, and what is to be made of it by one thread."""

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


def originals(listing: Listing, record: Record, settings: Settings) -> dict[str, Found]:
    """The files to compress, and those that were, though they are too small now."""
    return {
        path: found
        for path, found in listing.files.items()
        if (found.state.size >= settings.min_size or path in record.entries)
        and original_of(path) is None
        and settings.selects(path)
    }


def check_plan(listing: Listing, record: Record, settings: Settings) -> Plan:
    """What a check looks at: everything."""
    found = originals(listing, record, settings)
    return _plan(found, [], dict.fromkeys(found, settings.encoders))


def make_plan(listing: Listing, record: Record, settings: Settings) -> Plan:
    """Compare what was found with what is recorded."""
    found = originals(listing, record, settings)
    current: list[Outcome] = []
    todo: dict[str, tuple[Encoder, ...]] = {}
    for path, original in found.items():
        entry = record.entries.get(path)
        if entry is None or not record.trusts(original.state, entry.original):
            todo[path] = settings.encoders
        else:
            todo[path] = tuple(
                _not_current(path, original, entry, listing, record, settings, current)
            )
    return _plan(found, current, todo)


def orphans(listing: Listing, record: Record) -> list[tuple[str, str]]:
    """Originals that are gone, and the encodings in which something was made of them.

    Of what lies in a folder that could not be listed nothing is known.
    """
    return [
        (path, encoding)
        for path, entry in record.entries.items()
        if path not in listing.files
        for encoding in entry.made
        if not listing.failures or path + suffix_of(encoding) in listing.files
    ]


def _plan(
    found: dict[str, Found], current: list[Outcome], todo: dict[str, tuple[Encoder, ...]]
) -> Plan:
    jobs = [job for path, encoders in todo.items() for job in _jobs(path, found[path], encoders)]
    # The largest first: it would be the one that all wait for at the end.
    jobs.sort(key=lambda job: -job.size)
    return Plan(len(found), sum(each.state.size for each in found.values()), current, jobs)


def _jobs(path: str, found: Found, encoders: tuple[Encoder, ...]) -> Iterator[Job]:
    size = found.state.size
    if size >= _SPLIT:
        yield from (Job(path, size, (encoder,)) for encoder in encoders)
    elif encoders:
        yield Job(path, size, encoders)


def _not_current(
    path: str,
    original: Found,
    entry: Entry,
    listing: Listing,
    record: Record,
    settings: Settings,
    current: list[Outcome],
) -> Iterator[Encoder]:
    for encoder in settings.encoders:
        variant = listing.files.get(path + encoder.suffix)
        made = entry.made.get(encoder.token)
        size = original.state.size
        if made is None or (made.of, made.by) != (entry.original.digest, encoder.by(size)):
            yield encoder
        elif made.digest is None:
            if variant is None and not settings.is_worth(size, made.size):
                current.append(Outcome(path, encoder.token, Action.NOT_WORTH, size, made.size))
            else:
                yield encoder
        elif (
            variant is None
            or variant.is_link
            or variant.mode != original.mode
            or not settings.is_worth(size, made.size)
            or not record.trusts_variant(variant.state, made, entry.original)
        ):
            yield encoder
        else:
            current.append(Outcome(path, encoder.token, Action.UNCHANGED, size, made.size))
