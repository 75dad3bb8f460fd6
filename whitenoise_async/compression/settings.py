"""The options of a run, checked: which files to compress, how, and which variants to keep."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypedDict

from ..files.formats import DEFAULT_EXCLUDED, checked_extensions, extension_of
from ..support.globs import compile_globs
from ..support.threads import usable_cores
from .encoders import ZstdEncoder, make_encoders

#: Bytes. A compressed response has two more headers, about 45 bytes, which a smaller file does not
#: save.
DEFAULT_MIN_SIZE = 100

#: Percent of the original.
DEFAULT_MIN_SAVING = 5.0


class SettingKeywords(TypedDict, total=False):
    """The options of :class:`Settings`."""

    encodings: Sequence[str] | None
    levels: Mapping[str, int] | None
    include: Collection[str]
    exclude: Collection[str]
    skip_extensions: Collection[str] | None
    min_size: int
    min_saving: float
    jobs: int | None
    follow_links: bool
    against: str | os.PathLike[str] | None
    immutable: str | None


class Settings:
    """The checked options of a run."""

    def __init__(
        self,
        *,
        encodings: Sequence[str] | None = None,
        levels: Mapping[str, int] | None = None,
        include: Collection[str] = (),
        exclude: Collection[str] = (),
        skip_extensions: Collection[str] | None = None,
        min_size: int = DEFAULT_MIN_SIZE,
        min_saving: float = DEFAULT_MIN_SAVING,
        jobs: int | None = None,
        follow_links: bool = False,
        against: str | os.PathLike[str] | None = None,
        immutable: str | None = None,
    ) -> None:
        """Check options, and resolve defaults. See :func:`whitenoise_async.compress_tree`."""
        _require("encodings", encodings, Collection | None, "a list such as ['gzip', 'br']")
        _require("levels", levels, Mapping | None, "a dictionary such as {'gzip': 9}")
        _require("min_size", min_size, int, "a whole number")
        _require("min_saving", min_saving, int | float, "a number of percent")
        _require("jobs", jobs, int | None, "a whole number")
        _require("follow_links", follow_links, bool, "True or False")
        _require_range("min_size", min_size, min_size >= 0, "0 or more")
        _require_range("min_saving", min_saving, 0 <= min_saving <= 100, "from 0 to 100 percent")
        _require_range("jobs", jobs, jobs is None or jobs >= 1, "1 or more")
        # If all encodings were requested, `left_out` says why some are not made.
        self.encoders, self.left_out = make_encoders(encodings, levels or {})
        self.include = compile_globs("include", include)
        self.exclude = compile_globs("exclude", exclude)
        self._skipped = DEFAULT_EXCLUDED if self.include is None else frozenset[str]()
        if skip_extensions is not None:
            self._skipped = checked_extensions("skip_extensions", skip_extensions)
        self.min_size = min_size
        self.min_saving = min_saving
        self.jobs = jobs or usable_cores()
        self.follow_links = follow_links  # to files outside the root
        #: The folder of the old release; ``None`` makes no deltas.
        self.against = None if against is None else _folder("against", against)
        if immutable is not None and against is None:
            raise ValueError("immutable has no effect without against: it is for deltas")
        #: How the names of hashed files are split, for deltas.
        self.immutable = immutable
        if against is not None:
            from ..support.name_hashes import splitter  # a third of the imports of a run

            splitter("", immutable)  # check it
            ZstdEncoder()  # or say that it is not installed

    def selects(self, path: str) -> bool:
        """Whether to compress the file ``path``, below the root, whatever its size."""
        if self.exclude is not None and self.exclude.match_path(path):
            return False
        if self.include is not None and not self.include.match_file(path):
            return False
        return extension_of(path) not in self._skipped

    def saves_enough(self, original: int, compressed: int) -> bool:
        """Whether a variant saves enough to be kept. Sizes in bytes."""
        saved = original - compressed
        enough = saved > 0 and saved * 100 >= original * self.min_saving
        return enough and original >= self.min_size

    def delta_saves_enough(self, original: int, best: int, delta: int) -> bool:
        """Whether a delta of a file with ``original`` bytes is kept. See :func:`saves_a_third`."""
        return original >= self.min_size and saves_a_third(best, delta)


def saves_a_third(best: int, delta: int) -> bool:
    """Whether a delta saves enough to be kept: at least a third. Sizes in bytes.

    :param best: of the best variant that every client can decode, or of the original.
    """
    return delta * 3 <= best * 2


def is_compressible(path: str, size: int) -> bool:
    """Whether a run with default options compresses a file of ``size`` bytes."""
    return size >= DEFAULT_MIN_SIZE and extension_of(path) not in DEFAULT_EXCLUDED


def _folder(name: str, value: object) -> str:
    """Require an existing folder."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str):
        raise TypeError(f"{name} must be a folder, got {value!r}")
    if not os.path.isdir(path):
        raise ValueError(f"{name} must be a folder, got {path!r}")
    return path


def _require(name: str, value: object, kind: Any, expected: str) -> None:
    """Require a value of a type. Neither is a flag a number, nor a text a list."""
    is_other = isinstance(value, str) or (isinstance(value, bool) and kind is not bool)
    if is_other or not isinstance(value, kind):
        raise TypeError(f"{name} must be {expected}, got {value!r}")


def _require_range(name: str, value: object, is_inside: bool, expected: str) -> None:
    if not is_inside:
        raise ValueError(f"{name} must be {expected}, got {value}")
