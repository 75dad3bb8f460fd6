"""The manifest of a store, ``releases.json``: its releases, and the files that they use."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..files.codings import STORE_MANIFEST
from ..files.folder import check_path_below
from .errors import PublishError

#: The manifest's name in the store. No build may contain a file of this name.
NAME = STORE_MANIFEST

_TOOL = "whitenoise_async"
_FORMAT = 1

# Seconds since the epoch: the end of the year 9999. A wrong clock may be before the epoch.
_LATEST = 253_402_300_799

# Errors that a malformed manifest may cause.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Release(NamedTuple):
    """One release."""

    number: int
    published: int  # seconds since the epoch


class Record(NamedTuple):
    """A file in the store. Its content is that of the newest release that has the file."""

    digest: str
    size: int  # bytes
    releases: tuple[int, ...]  # the numbers of the releases that use it
    is_hashed: bool = False
    tag: str = ""  # of the headers that a bucket has for it
    #: For a delta that a run made: the releases whose file is the dictionary.
    against: tuple[int, ...] = ()
    #: For another file: the releases for which a delta was made, or was found not to save enough.
    compared: tuple[int, ...] = ()

    def for_releases(self, kept: Collection[int]) -> Record:
        """The same file for fewer releases."""
        return self._replace(
            releases=tuple(each for each in self.releases if each in kept),
            against=tuple(each for each in self.against if each in kept),
            compared=tuple(each for each in self.compared if each in kept),
        )


class Manifest(NamedTuple):
    """The content of ``releases.json``."""

    releases: tuple[Release, ...] = ()  # the newest first
    files: Mapping[str, Record] = MappingProxyType({})  # by path below the store
    #: Paths that a run was about to write or remove. An interrupted run may have done so.
    pending: tuple[str, ...] = ()

    @property
    def newest(self) -> int | None:
        """The number of the newest release; ``None`` if there is none."""
        return self.releases[0].number if self.releases else None


def dump_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON. A line for each file. The same manifest gives the same bytes."""
    files = ",\n".join(
        f"{_json(path)}: {_json(_to_json(manifest.files[path]))}" for path in sorted(manifest.files)
    )
    members = {
        "tool": _json(_TOOL),
        "format": _json(_FORMAT),
        "releases": _json([release._asdict() for release in manifest.releases]),
        "pending": _json(sorted(manifest.pending)),
        "files": f"{{\n{files}\n}}",
    }
    lines = ",\n".join(f"{_json(name)}: {value}" for name, value in members.items())
    return f"{{\n{lines}\n}}\n".encode()


def parse_manifest(content: bytes, path: str) -> Manifest:
    """Read a manifest.

    :param path: where it was read, for messages.
    :raises PublishError: if it is no manifest, or is one of a newer version of this package.
    """
    try:
        read = json.loads(content)
        if read["tool"] != _TOOL:
            raise ValueError(read["tool"])
        if read["format"] > _FORMAT:
            raise PublishError(
                f"{path} was written by a newer version of whitenoise_async (format"
                f" {read['format']}): upgrade the package"
            )
        return Manifest(
            _releases(read["releases"]),
            {_path(name): _record(each) for name, each in read["files"].items()},
            tuple(map(_path, read["pending"])),
        )
    except _MALFORMED as error:
        raise PublishError(
            f"{path} is not a list of releases that whitenoise_async wrote; publish to another"
            " folder or prefix, or remove the file"
        ) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _to_json(record: Record) -> dict[str, object]:
    content: dict[str, object] = {
        "digest": record.digest,
        "size": record.size,
        "releases": record.releases,
    }
    if record.is_hashed:
        content["hashed"] = True
    if record.tag:
        content["headers"] = record.tag
    if record.against:
        content["against"] = record.against
    if record.compared:
        content["compared"] = record.compared
    return content


def _path(name: str) -> str:
    name.encode()  # no URL has another name, and no JSON
    return check_path_below(name)


def _releases(content: Any) -> tuple[Release, ...]:
    releases = tuple(map(_release, content))
    numbers = [release.number for release in releases]
    if numbers != sorted(set(numbers), reverse=True):
        raise ValueError(numbers)
    return releases


def _release(content: Any) -> Release:
    number, published = content["number"], content["published"]
    if type(number) is type(published) is int and number > 0 and abs(published) <= _LATEST:
        return Release(number, published)
    raise TypeError(content)


def _record(content: Any) -> Record:
    digest, size, tag = content["digest"], content["size"], content.get("headers", "")
    is_hashed, releases = content.get("hashed", False), _numbers(content["releases"])
    if type(digest) is type(tag) is str and type(size) is int and type(is_hashed) is bool:
        against, compared = (_numbers(content.get(name, ())) for name in ("against", "compared"))
        return Record(digest, size, releases, is_hashed, tag, against, compared)
    raise TypeError(content)


def _numbers(content: Any) -> tuple[int, ...]:
    numbers = tuple(content)
    if all(type(each) is int for each in numbers):
        return numbers
    raise TypeError(content)
