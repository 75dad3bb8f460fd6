"""Plans deltas (RFC 9842): for which files of a build, and against which older files. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..compression.delta_encoder import may_be_dictionary
from ..compression.settings import DEFAULT_MIN_SIZE, saves_a_third
from ..files.codings import DCZ, original_of
from ..http.media_types import MediaTypes, is_text
from ..support.name_hashes import Splitter
from .build import BuiltFile, is_page
from .manifest import Manifest, Record

_MEDIA_TYPES = MediaTypes()

#: The two parts of a path around its hash, or the whole path.
_Key = tuple[str, ...]


class Pair(NamedTuple):
    """A file of a build, and older files of its name. One of these becomes the dictionary."""

    target: BuiltFile
    candidates: tuple[str, ...]  # paths in the store
    releases: tuple[int, ...]  # those that have these candidates
    best: int  # bytes of the target's best variant, or of the target

    @property
    def key(self) -> object:
        """Identifies the result."""
        return self.target.path, self.target.digest, *self[1:]


def make_delta(
    target: BuiltFile, path: str, size: int, digest: str, against: tuple[int, ...]
) -> BuiltFile:
    """The delta ``path`` for a file of a build, with the headers and metadata of a variant.

    :param against: the releases whose file is the dictionary.
    """
    headers = {**target.headers, "Content-Encoding": DCZ}
    return target._replace(
        path=path,
        size=size,
        digest=digest,
        headers=headers,
        original=target.path,
        against=against,
        compared=(),
    )


def best_sizes(build: Mapping[str, BuiltFile]) -> dict[str, int]:
    """The bytes of the smallest variant of each file that every client can decode, by path."""
    sizes = {path: file.size for path, file in build.items() if file.original is None}
    for file in build.values():
        if file.original in sizes and file.headers["Content-Encoding"] != DCZ:
            sizes[file.original] = min(sizes[file.original], file.size)
    return sizes


def recorded_deltas(
    build: Mapping[str, BuiltFile], manifest: Manifest, kept: Collection[int]
) -> dict[str, BuiltFile]:
    """The deltas in the manifest that are still useful for a build, by path.

    :param kept: the numbers of the releases that stay.
    """
    best, found = best_sizes(build), {}
    for path, record in manifest.files.items():
        against = record.for_releases(kept).against
        target = build.get(original_of(path) or "")
        if against and target is not None and path not in build:
            is_current = manifest.files[target.path].digest == target.digest
            if is_current and saves_a_third(best[target.path], record.size):
                found[path] = make_delta(target, path, record.size, record.digest, against)
    return found


def with_compared(
    build: Mapping[str, BuiltFile],
    manifest: Manifest,
    deltas: Collection[str],
    kept: Collection[int],
) -> dict[str, BuiltFile]:
    """The files of a build, each with the releases that were compared already.

    :param deltas: the paths of the recorded deltas that are right. Others are made again.
    """
    again: dict[str, set[int]] = {}
    for path, record in manifest.files.items():
        if record.against and path not in deltas:
            again.setdefault(original_of(path) or "", set()).update(record.against)
    files = dict(build)
    for path, file in build.items():
        before = manifest.files.get(path)
        if before is not None and before.digest == file.digest and before.compared:
            compared = set(before.for_releases(kept).compared) - again.get(path, set())
            files[path] = file._replace(compared=tuple(sorted(compared)))
    return files


def find_pairs(
    build: Mapping[str, BuiltFile],
    manifest: Manifest,
    present: Collection[str],
    older: Collection[int],
    split: Splitter,
) -> Iterator[Pair]:
    """Pair the text files of a build with those of older releases, by name without the hash.

    A file that an older release has too needs no delta against it. A page without a hash in its
    name needs none either: browsers keep only immutable files as dictionaries.

    :param present: the paths of all files in the store.
    :param older: the numbers of the other releases that stay.
    :param split: splits the paths of hashed files.
    """
    by_key: dict[_Key, list[tuple[str, Record]]] = {}
    for path, record in manifest.files.items():
        if path in present and _is_text(path) and may_be_dictionary(record.size):
            by_key.setdefault(_key(path, split, record.is_hashed), []).append((path, record))
    best = best_sizes(build)
    for path, target in build.items():
        is_wanted = target.is_hashed or not is_page(path)
        if target.size < DEFAULT_MIN_SIZE or not _is_text(path) or not is_wanted:
            continue
        records = by_key.get(_key(path, split, target.is_hashed), [])
        wanted = set(older).difference(target.compared)
        for candidates, releases in _candidates(target, records, wanted).items():
            yield Pair(target, candidates, tuple(releases), best[path])


def with_made(
    build: Mapping[str, BuiltFile], made: Iterable[tuple[Pair, BuiltFile | None]]
) -> dict[str, BuiltFile]:
    """Add the deltas that were made to the files of a build, and record the comparisons.

    A delta of the build itself wins.
    """
    files = dict(build)
    for pair, delta in made:
        target = files[pair.target.path]
        compared = tuple(sorted({*target.compared, *pair.releases}))
        files[target.path] = target._replace(compared=compared)
        if delta is not None:
            there = files.setdefault(delta.path, delta)
            if there.against:
                against = tuple(sorted({*there.against, *delta.against}))
                files[delta.path] = there._replace(against=against)
    return files


def _candidates(
    target: BuiltFile, records: Collection[tuple[str, Record]], releases: Collection[int]
) -> dict[tuple[str, ...], list[int]]:
    """The files that may be the dictionary, with the releases that have just these."""
    found: dict[tuple[str, ...], list[int]] = {}
    for release in sorted(releases):
        theirs = {path: record for path, record in records if release in _releases_of(record)}
        if theirs and target.digest not in [record.digest for record in theirs.values()]:
            found.setdefault(tuple(sorted(theirs)), []).append(release)
    return found


def _releases_of(record: Record) -> tuple[int, ...]:
    """The releases that have the stored content. A name without a hash has the newest one's."""
    return record.releases if record.is_hashed else record.releases[-1:]


def _key(path: str, split: Splitter, is_hashed: bool) -> _Key:
    return (split(path) if is_hashed else None) or (path,)


def _is_text(path: str) -> bool:
    return is_text(_MEDIA_TYPES.media_type(path))
