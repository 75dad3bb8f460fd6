"""Plans a run: what a store needs for a release. Pure: no file is read or written."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from ..files.codings import original_of
from .build import BuiltFile, is_page
from .manifest import Manifest, Record, Release
from .retention import Retention


class Stored(NamedTuple):
    """A file as it is in the store."""

    digest: str
    tag: str  # of its headers


class Plan(NamedTuple):
    """The work of a run, in this order: put, write the manifest, remove."""

    release: int  # the number of the release
    puts: tuple[BuiltFile, ...]
    removals: tuple[str, ...]
    #: Paths of hashed names whose content in the store is different. Then nothing may be done.
    conflicts: tuple[str, ...]
    #: Paths that a kept release uses and the store does not have.
    lost: tuple[str, ...]
    dropped: tuple[int, ...]  # the numbers of releases
    purge: tuple[str, ...]  # URL paths below the store
    before: Manifest  # written before the first put
    after: Manifest  # written after the last put
    changes_manifest: bool

    @property
    def has_work(self) -> bool:
        """Whether a run changes anything."""
        return bool(self.puts or self.removals or self.changes_manifest)


def make_plan(
    build: Mapping[str, BuiltFile],
    manifest: Manifest,
    present: Collection[str],
    stored: Mapping[str, Stored],
    retention: Retention,
    now: float,
) -> Plan:
    """Compare a build with a store.

    :param present: the paths of all files in the store.
    :param stored: those that are in the build too.
    :param now: seconds since the epoch.
    """
    number, releases = with_release(build, manifest, now)
    kept = retention.kept(releases, now)
    numbers = {release.number for release in kept}
    files, lost = _files_of(build, manifest.files, present, numbers, number)
    # An announced file is not ours before it is written.
    used = {path for path, record in manifest.files.items() if record.releases}
    ours = {*used, *manifest.pending}
    # Files of other tools that the release has too. Until its manifest is written, they are not
    # ours to remove.
    adopted = set(build).intersection(present).difference(ours)
    removals = tuple(sorted(ours.intersection(present).difference(files)))
    puts = tuple(sorted(_missing(build, stored), key=_stage_and_path))
    touched = {*manifest.pending, *removals, *(file.path for file in puts)}.difference(adopted)
    after = Manifest(kept, files, removals)
    return Plan(
        release=number,
        puts=puts,
        removals=removals,
        conflicts=tuple(sorted(_conflicts(build, manifest, stored))),
        lost=tuple(sorted(lost)),
        dropped=tuple(each.number for each in releases if each not in kept),
        purge=tuple(_purge(build, manifest, files, puts, adopted)),
        before=Manifest(
            manifest.releases, _announced(manifest.files, files), tuple(sorted(touched))
        ),
        after=after,
        changes_manifest=after[:2] != (manifest.releases, dict(manifest.files)),
    )


def stage_of(file: BuiltFile) -> int:
    """The stage in which a file is put: everything that it references is put in an earlier one.

    Hashed names reference each other only. Pages come last. A variant follows its original, so that
    no server takes the new variant for one of the old original.
    """
    if file.is_hashed:
        return 0
    return 1 + 2 * is_page(file.page) + (file.original is not None)


def _stage_and_path(file: BuiltFile) -> tuple[int, str]:
    return stage_of(file), file.path


def with_release(
    build: Mapping[str, BuiltFile], manifest: Manifest, now: float
) -> tuple[int, tuple[Release, ...]]:
    """The number of the release, and all releases with it. The newest one may be the same.

    Their order is that of their numbers, because the clock may be wrong.
    """
    newest = manifest.newest
    current = {
        path: record.digest
        for path, record in manifest.files.items()
        if newest in record.releases and not record.against
    }
    new = {path: file.digest for path, file in build.items() if not file.against}
    if newest is not None and current == new:
        return newest, manifest.releases
    number = (newest or 0) + 1
    return number, (Release(number, int(now)), *manifest.releases)


def _files_of(
    build: Mapping[str, BuiltFile],
    records: Mapping[str, Record],
    present: Collection[str],
    kept: Collection[int],
    number: int,
) -> tuple[dict[str, Record], list[str]]:
    """The files that kept releases use, and the paths of those that are lost."""
    files: dict[str, Record] = {}
    lost = []
    for path, record in records.items():
        new = record.for_releases(kept)
        has_no_dictionary = bool(record.against) and not new.against
        if path in build or not new.releases or has_no_dictionary:
            continue
        if _is_outdated_variant(path, record, build):
            continue
        if path in present:
            files[path] = new
        else:
            lost.append(path)
    for path, file in build.items():
        before = records[path].releases if path in records else ()
        releases = tuple(sorted({number, *(each for each in before if each in kept)}))
        files[path] = Record(
            file.digest,
            file.size,
            releases,
            file.is_hashed,
            file.tag,
            file.against,
            file.compared,
        )
    return files, lost


def _announced(records: Mapping[str, Record], after: Mapping[str, Record]) -> dict[str, Record]:
    """The files of a store, and the new hashed ones of the release.

    Servers must know the names of a release before they see its pages. No release uses the new
    files yet, so the next run forgets them if this one is interrupted.
    """
    new = {
        path: record._replace(releases=())
        for path, record in after.items()
        if record.is_hashed and path not in records
    }
    return {**records, **new}


def _is_outdated_variant(path: str, record: Record, build: Mapping[str, BuiltFile]) -> bool:
    """Whether a variant belongs to a file that the build has, but without this variant.

    An older release may list it, but the store has only the newer original. A delta can be made
    again.
    """
    original = build.get(original_of(path) or "")
    return original is not None and not (original.is_hashed and not record.against)


def _missing(build: Mapping[str, BuiltFile], stored: Mapping[str, Stored]) -> Iterator[BuiltFile]:
    for path, file in build.items():
        if stored.get(path) != (file.digest, file.tag):
            yield file


def _conflicts(
    build: Mapping[str, BuiltFile], manifest: Manifest, stored: Mapping[str, Stored]
) -> Iterator[str]:
    """The hashed names whose content is another one.

    A variant is none: a new version of an encoder gives other bytes for the same content.
    """
    for path, file in build.items():
        if not file.is_hashed or file.original is not None:
            continue
        record = manifest.files.get(path)
        if record is not None and record.releases:
            is_other = record.digest != file.digest
        else:
            # An interrupted run wrote a pending file, and no page references it yet.
            found = stored.get(path)
            is_other = (
                found is not None and found.digest != file.digest and path not in manifest.pending
            )
        if is_other:
            yield path


def _purge(
    build: Mapping[str, BuiltFile],
    manifest: Manifest,
    after: Mapping[str, Record],
    puts: Iterable[BuiltFile],
    adopted: Iterable[str],
) -> Iterator[str]:
    """The URLs of files without a hash that have changed or are removed."""
    # A cache may have the content of another tool, or of an interrupted run.
    shown = [build[path] for path in adopted]
    shown += [file for file in puts if file.path in manifest.pending]
    pages = {file.page for file in shown if not file.is_hashed}
    for path, record in manifest.files.items():
        new = after.get(path)
        if not record.is_hashed and (new is None or _content(new) != _content(record)):
            file = build.get(path)
            pages.add(file.page if file is not None else original_of(path) or path)
    for page in sorted(pages):
        url = f"/{quote(page)}"
        yield url
        if posixpath.basename(page) == "index.html":
            yield url.removesuffix("index.html")


def _content(record: Record) -> tuple[str, str]:
    return record.digest, record.tag
