"""Glob patterns on paths below a root, compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate


class Globs:
    """The shell's patterns, and ``**``. Case matters.

    ``*.map`` or ``.git`` is for a file's or a folder's name, ``vendor/`` for a folder's. One with a
    slash elsewhere is for the whole path, in which ``*`` matches slashes too: ``img/*``,
    ``/vendor``. ``**/`` is for any number of folders, none included. What matches a folder matches
    all below it.
    """

    def __init__(self, patterns: Iterable[str], include: Globs | None = None) -> None:
        """:param include: of an exclusion, the only files that it does not keep out."""
        self.include = include
        names: list[str] = []
        folders: list[str] = []
        paths: list[str] = []
        for pattern in patterns:
            whole = re.sub(r"^(?:\./)?/*", "", pattern)
            tail = re.sub(r"^(?:\*\*/)+", "", whole)
            core, for_folder = tail.rstrip("/"), tail.endswith("/")
            if "/" not in core and (tail != whole or whole == pattern):
                (folders if for_folder else names).append(_translated(core))
            else:
                begin = "(?:.*/)?" if tail != whole else ""
                paths.append(begin + _path(core) + ("/.*" if for_folder else "(?:/.*)?"))
        self._is_name = _any(names)
        self._is_folder = _any([*names, *folders])
        self._is_only_folder = _any(folders)
        self._is_path = _any(paths)

    def match(self, below: str, name: str, *, folder: bool) -> bool:
        """Whether one is for the entry ``name``, in a folder for which none is.

        :param below: the path of that folder, with a slash at its end; empty for the root.
        """
        if (self._is_folder if folder else self._is_name)(name):
            return True
        return bool(self._is_path(f"{below}{name}/" if folder else below + name))

    def match_path(self, path: str) -> bool:
        """Whether one is for the file ``path``, or for a folder on the way to it."""
        *folders, name = path.split("/")
        below = ""
        for folder in folders:
            if self.match(below, folder, folder=True):
                return True
            below += folder + "/"
        return self.match(below, name, folder=False)

    def match_file(self, path: str) -> bool:
        """The same, but that a pattern for a name is for the file's own name alone."""
        *folders, name = path.split("/")
        if self._is_name(name) or self._is_path(path):
            return True
        return any(map(self._is_only_folder, folders))


def compile_globs(name: str, patterns: object) -> Globs | None:
    """Check the value of an option that takes patterns; returns ``None`` where there are none.

    :param name: the option's.
    :raises TypeError: for what is no collection of ``str``.
    :raises ValueError: for an empty pattern.
    """
    if isinstance(patterns, Collection) and not isinstance(patterns, str | bytes):
        checked = tuple(each for each in patterns if isinstance(each, str))
        if len(checked) == len(patterns):
            if not all(each.strip("/") for each in checked):
                raise ValueError(f"{name} must be patterns such as '*.map', got an empty one")
            return Globs(checked) if checked else None
    raise TypeError(f"{name} must be a list of patterns such as '*.map', got {patterns!r}")


def _path(pattern: str) -> str:
    """A pattern for a path: ``/**/`` may be one slash alone."""
    return "/(?:.*/)?".join(_translated(part) for part in pattern.split("/**/"))


def _translated(pattern: str) -> str:
    """As a regular expression, without the anchor that fnmatch puts at its end."""
    return translate(pattern)[:-2]


def _any(expressions: Sequence[str]) -> Callable[[str], object]:
    """What tells whether a text is as one of ``expressions`` says; ``None`` or ``False`` if not."""
    if not expressions:
        return lambda text: False
    return re.compile("|".join(f"(?:{each})" for each in expressions), re.S).fullmatch
