"""Other spellings of a name, above all those of Windows, find no file.

On some systems one file has many names. The system is not asked here: a URL must contain the exact
name of a listed entry.
"""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from whitenoise_async.registry import directory as directories
from whitenoise_async.registry import walked as registry_module
from whitenoise_async.registry.interface import Registry, RegistryOptions, Root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry

TREE: dict[str, Any] = {
    "file.txt": None,
    "longer name.css": None,
    "index.html": None,
    "docs": {"Readme.txt": None, "index.html": None, "deep": {"über.txt": None}},
}
LISTED = [
    "/file.txt", "/longer name.css", "/index.html", "/", "", "/docs/Readme.txt", "/docs/index.html",
    "/docs/", "/docs", "/docs/deep/über.txt",
]  # fmt: skip

ROOT = r"C:\site"


class Entry(SimpleNamespace):
    """An entry that ``os.scandir`` yields."""

    name: str
    path: str
    children: dict[str, Any] | None

    def is_file(self, follow_symlinks: bool = True) -> bool:
        return self.children is None

    def is_dir(self) -> bool:
        return self.children is not None

    def is_symlink(self) -> bool:
        return False


class Scan(list[Entry]):
    def __enter__(self) -> Iterator[Entry]:
        return iter(self)

    def __exit__(self, *_: object) -> None: ...


class Windows:
    """The parts of ``os`` that find files, with the paths and spellings of Windows."""

    path = SimpleNamespace(
        **{name: getattr(ntpath, name) for name in ("join", "abspath", "basename")},
        isdir=lambda path: True,
    )

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def scandir(self, path: str) -> Scan:
        self.asked.append(path)
        below = TREE
        for name in filter(None, path[len(ROOT) :].replace("\\", "/").split("/")):
            below = self._entered(below, name)
        return Scan(
            Entry(name=name, path=ntpath.join(path, name), children=children)
            for name, children in below.items()
        )

    @staticmethod
    def _entered(below: dict[str, Any], spelling: str) -> dict[str, Any]:
        wanted = spelling.partition(":")[0].rstrip(" .").casefold()
        for name, children in below.items():
            short = f"{name[:6]}~1".casefold()
            if wanted in (name.casefold(), short) and children is not None:
                return dict(children)
        raise FileNotFoundError(spelling)


KINDS = (WalkedRegistry, LiveRegistry)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    system = Windows()
    for module in (directories, registry_module):
        monkeypatch.setattr(module, "os", system)
    return system


@pytest.fixture(params=KINDS)
def registry(request: pytest.FixtureRequest, windows: Windows) -> Registry:
    made: Registry = request.param(RegistryOptions("index.html"))
    made.add(Root(ROOT, "/", False))
    return made


def spellings(url: str) -> Iterator[str]:
    """Other spellings that lead to the same file on Windows, or might after normalization."""
    directory, _, name = url.rpartition("/")
    stem, dot, extension = name.partition(".")
    yield from (url.upper(), url.title(), url.swapcase(), url.replace("i", "İ"))
    yield from (url.replace("fi", "ﬁ"), url.replace("k", "\u212a"), url.replace("s", "ſ"))
    for ending in (".", " ", "...", ". .", "\t", "/", "\\", "/.", "\\.", "/..", "\0", "\0.txt"):
        yield url + ending
        yield f"{directory}{ending}/{name}"
    for stream in ("::$DATA", ":", ":$DATA", ":stream", "::$INDEX_ALLOCATION", ":$I30:$BITMAP"):
        yield url + stream
        yield f"{directory}{stream}/{name}"
    yield f"{directory}/{stem[:6]}~1{dot}{extension[:3]}"
    yield f"{directory[:7]}~1/{name}"
    yield from (url.replace("/", "\\"), url[1:], url[1:].replace("/", "\\"))
    for drive in ("C:", "c:", "C|", "C:/site", "C:\\site", "//?/C:/site", "\\\\?\\C:\\site"):
        yield from (drive + url, f"/{drive}{url}", f"{drive}{url[1:]}", f"/{drive}{url[1:]}")
    yield from (f"\\\\localhost\\C${ROOT[2:]}{url}", f"//localhost/C$/site{url}", f"/{url}")
    for step in ("/.", "/docs/..", "/docs\\..", "/../site", "\\..\\site", "/x/..", "//"):
        yield step + url
    yield url.replace("ü", "u\u0308")
    yield url.replace(".", "．").replace("/", "／")


@pytest.mark.parametrize("url", LISTED, ids=ascii)
def test_no_other_spelling_is_found(registry: Registry, url: str) -> None:
    assert registry.look_up(url) is not None
    for spelling in set(spellings(url)) - set(LISTED):
        assert registry.look_up(spelling) is None, spelling


@pytest.mark.parametrize(
    "name", ["CON", "con", "NUL", "aux.txt", "COM1", "com¹", "LPT9.css", "CONIN$", "CLOCK$", "C:"]
)
def test_a_device_is_found_nowhere(registry: Registry, name: str) -> None:
    for url in (
        f"/{name}",
        f"/docs/{name}",
        f"/{name}/file.txt",
        f"/file.txt/{name}",
        f"//./{name}",
    ):
        assert registry.look_up(url) is None


def test_a_prefix_has_no_other_spelling(registry: Registry) -> None:
    registry.add(Root(ROOT, "/static/", False))
    assert registry.look_up("/static/docs/Readme.txt") is not None
    for prefix in ("/STATIC", "/static.", "/static ", "/static::$DATA", "\\static", "/static/."):
        assert registry.look_up(f"{prefix}/docs/Readme.txt") is None


def test_the_system_is_asked_for_directories_by_their_own_names_alone(
    registry: Registry, windows: Windows
) -> None:
    for url in LISTED:
        for spelling in (url, *spellings(url)):
            registry.look_up(spelling)
    assert set(windows.asked) == {ROOT, f"{ROOT}\\docs", f"{ROOT}\\docs\\deep"}


@pytest.mark.parametrize(
    "spelling", ["docs", "DOCS", "docs.", "docs ", "docs::$DATA", "DOCS~1", "/docs/"]
)
def test_the_system_itself_would_find_them(windows: Windows, spelling: str) -> None:
    assert [entry.name for entry in windows.scandir(f"{ROOT}\\{spelling}")] == list(TREE["docs"])
