"""Docstrings that describe each option, for ``help(WhiteNoise)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from .declaration import Options

_Class = TypeVar("_Class", bound=type[Options])
_Meanings = Callable[[], Mapping[str, tuple[str, str]]]


class _Docstring:
    """A docstring that is made when it is read: the comments on the options are its source."""

    def __init__(self, introduction: str, heading: str, meanings: _Meanings) -> None:
        self._introduction = introduction
        self._heading = heading
        self._meanings = meanings

    def __get__(self, instance: object, owner: type) -> str:
        from inspect import cleandoc

        described = [
            f"``{name}`` = ``{default}``\n    {meaning}"
            for name, (default, meaning) in self._meanings().items()
        ]
        return "\n\n".join([cleandoc(self._introduction), self._heading, *described])


def describe_options(kind: _Class) -> _Class:
    """Add every option to the docstring of a class."""
    return describe(kind, "The options, with their defaults:", option_meanings)


def describe(kind: _Class, heading: str, meanings: _Meanings) -> _Class:
    """Add a list to the docstring of a class.

    :param heading: a line above the list.
    :param meanings: returns the default and the meaning of each name.
    """
    introduction = kind.__doc__ or ""  # there is none with ``python -OO``
    kind.__doc__ = _Docstring(introduction, heading, meanings)  # type: ignore[assignment]
    return kind


def option_meanings() -> dict[str, tuple[str, str]]:
    """The default and the meaning of each option, from the source of :class:`Options`.

    :returns: an empty mapping if the source is not installed.
    """
    import inspect

    try:
        lines = inspect.getsource(Options).splitlines()
    except OSError:
        return {}
    found: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    for line in map(str.strip, lines):
        if line.startswith("#:"):
            comment.append(line.removeprefix("#:").strip())
            continue
        declared = re.match(r"(\w+): .+", line)
        if declared and comment:
            name = declared[1]
            default = inspect.getattr_static(Options, name)
            found[name] = (repr(default), "\n    ".join(comment))
        comment = []
    return found
