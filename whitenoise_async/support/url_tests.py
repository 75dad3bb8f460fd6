"""Tells by a URL alone whether a file name contains a hash."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .build_tools import PAGES, TOOLS

UrlPredicate = Callable[[str], bool]


class UrlTest(NamedTuple):
    """Two tests of a URL path. A name that people choose may pass the wider one."""

    #: Whether a name certainly contains a hash. An application is not asked for such a URL.
    is_hashed: UrlPredicate
    #: Whether a name may contain a hash. A store is asked for such a URL.
    may_be_hashed: UrlPredicate


def same(test: UrlPredicate) -> UrlTest:
    """One function for both tests."""
    return UrlTest(test, test)


def searching(pattern: re.Pattern[str]) -> UrlTest:
    """The test that searches a regular expression in the URL."""
    return same(lambda url: pattern.search(url) is not None)


def of_tool(name: str) -> UrlTest:
    """The test for the files of a build tool, without its manifest.

    A manifest lists only the files of its own release.
    """
    tool = TOOLS[name]

    def is_hashed(url: str) -> bool:
        *folders, file = url.split("/")
        in_folder = not set(folders).isdisjoint(tool.folders)
        return in_folder and re.search(tool.hashed, file) is not None and not file.endswith(PAGES)

    def may_be_hashed(url: str) -> bool:
        file = url.rpartition("/")[2]
        return re.search(tool.hashed_if_listed, file) is not None and not file.endswith(PAGES)

    return UrlTest(is_hashed, may_be_hashed)
