"""Which files a build tool made: their names contain a hash of the content, so they never change.

The tool's manifest decides, where there is one. Otherwise the form of the name decides, but only in
the folder into which the tool writes by default.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from .logs import warn_once
from .manifests import is_web_app_manifest, read_manifest
from .suggestions import suggestion

#: HTML pages keep their URLs, so they must be revalidated whatever their names look like.
PAGES = (".html", ".htm")


class BuildTool(NamedTuple):
    """Where a build tool writes, and how it names hashed files."""

    #: The name of its output folder, by default or by convention: the root, or a folder below it.
    folders: tuple[str, ...]
    #: A hashed name of the default form. Names that people choose may have the same form.
    hashed: str
    #: A name that may be hashed if a manifest lists it.
    hashed_if_listed: str
    #: Where manifests are, below a folder that contains the tool's files.
    manifests: tuple[str, ...]
    #: Returns the files that a manifest lists, or ``None`` if the JSON is no manifest of the tool.
    read: Callable[[Any], set[str] | None]

    def files_in(self, manifest: Any) -> frozenset[str] | None:
        """The files that a manifest lists; ``None`` if the JSON is no manifest of the tool."""
        listed = self.read(manifest) if isinstance(manifest, dict) else None
        return None if listed is None else frozenset(listed)


def built_by(tool: str) -> Callable[[str, str], bool]:
    """The function ``(path, url)`` that is true for the hashed files of a build tool.

    :raises ValueError: if there is no such tool.
    """
    if tool not in TOOLS:
        raise ValueError(
            "immutable_file_test must be a callable, a regular expression or the name of a build"
            f" tool, got {tool!r}; {suggestion(tool, TOOLS, 'tools')}"
        )
    return partial(_is_hashed, TOOLS[tool], tool)


def _is_hashed(tool: BuildTool, name: str, path: str, url: str) -> bool:
    root, below = _below_root(path, url)
    file = os.path.basename(path)
    if not below or file.endswith(PAGES) or not re.search(tool.hashed_if_listed, file):
        return False
    for folder, relative in _folders_with(root, below):
        for manifest in tool.manifests:
            listed = _listed(name, os.path.join(folder, *manifest.split("/")))
            if listed is not None:
                return relative in listed or any(
                    _is_url(each) and each.endswith(f"/{relative}") for each in listed
                )
    in_folder = not {os.path.basename(root), *below[:-1]}.isdisjoint(tool.folders)
    return in_folder and bool(re.search(tool.hashed, file))


def _is_url(name: str) -> bool:
    """Whether a name in a manifest begins with the public URL of the folder, which may be any."""
    return name.startswith("/") or "://" in name


def _below_root(path: str, url: str) -> tuple[str, list[str]]:
    """Split ``path`` at the root: the names after it are also the last ones of the URL.

    :returns: the root and the names; no names if the URL does not end in the name of the file.
    """
    names: list[str] = []
    for name in reversed(url.split("/")):
        folder, last = os.path.split(path)
        if not name or last != name:
            break
        names.insert(0, name)
        path = folder
    return path, names


def _folders_with(root: str, below: list[str]) -> Iterator[tuple[str, str]]:
    """The folders that may contain a manifest for a file, and the file's path below each.

    These are its own folder, all folders up to the root, and the one above the root: a root may be
    the ``assets`` folder of a build, or the output folder of a project.
    """
    for count in range(len(below) - 1, -1, -1):
        yield os.path.join(root, *below[:count]), "/".join(below[count:])
    above, last = os.path.split(root)
    if last:
        yield above, "/".join([last, *below])


def _listed(tool: str, path: str) -> frozenset[str] | None:
    """The files that the manifest ``path`` lists; ``None`` if there is no manifest."""
    try:
        return read_manifest(path, TOOLS[tool].files_in)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        warn_once(f"{path} is not a readable manifest of {tool}, so no file is immutable: {reason}")
        return frozenset()


def _vite(manifest: dict[str, Any]) -> set[str] | None:
    if not all(isinstance(each, dict) and "file" in each for each in manifest.values()):
        return None
    files: set[str] = set()
    sources = set(manifest)
    for entry in manifest.values():
        files.update(_texts(entry["file"], *entry.get("css", ()), *entry.get("assets", ())))
        # A chunk has a name and no source.
        sources.update(_texts(entry.get("src"), f"{entry.get('name')}.js"))
    return _renamed(files, sources)


def _webpack(manifest: dict[str, Any]) -> set[str] | None:
    """Read a mapping from names to files, or to objects with ``src``."""
    if is_web_app_manifest(manifest):
        return None
    values = [each.get("src") if isinstance(each, dict) else each for each in manifest.values()]
    return _texts(*values)


def _esbuild(metafile: dict[str, Any]) -> set[str] | None:
    inputs, outputs = metafile.get("inputs"), metafile.get("outputs")
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        return None
    # The names are below the folder in which esbuild was started. The output folder may have been
    # copied, so the names below that are right too.
    files = _renamed(set(outputs), set(inputs))
    folder = posixpath.commonpath([posixpath.dirname(each) for each in outputs] or [""])
    return files | {posixpath.relpath(each, folder or ".") for each in files}


def _django(manifest: dict[str, Any]) -> set[str] | None:
    paths = manifest.get("paths")
    return _texts(*paths.values()) if isinstance(paths, dict) else None


def _texts(*values: object) -> set[str]:
    return {each for each in values if isinstance(each, str)}


def _renamed(files: set[str], sources: set[str]) -> set[str]:
    """The files whose names are not those of sources, so that a hash may have been added."""
    stems = set(map(_stem, sources))
    return {file for file in files if _stem(file) not in stems}


def _stem(path: str) -> str:
    return os.path.splitext(path.rpartition("/")[2])[0]


_HEXADECIMAL = r"(?=\d*[a-f])[0-9a-f]"  # with a letter, so that no date matches

#: The build tools. Their folders and names are listed in docs/caching.md.
TOOLS: dict[str, BuildTool] = {
    "vite": BuildTool(
        ("assets",),
        # A capital letter after the first character: app-settings.js is no hashed name.
        r"-(?=[\w-]{1,7}[A-Z])[\w-]{8}\.\w+$",
        r"[-.][\w-]{8}\.\w+$",
        (".vite/manifest.json", "manifest.json"),
        _vite,
    ),
    "webpack": BuildTool(
        ("dist",),
        rf"(?:^|\.){_HEXADECIMAL}{{20}}\.\w+$",
        rf"(?:^|[._-]){_HEXADECIMAL}{{8,32}}\.\w+$",
        ("manifest.json", "assets-manifest.json"),
        _webpack,
    ),
    "esbuild": BuildTool(
        ("dist", "out"),
        r"-[A-Z2-7]{8}\.\w+$",
        r"[-.][A-Z2-7]{8}\.\w+$",
        ("meta.json", "metafile.json"),
        _esbuild,
    ),
    "parcel": BuildTool(
        ("dist",),
        rf"\.{_HEXADECIMAL}{{8}}\.\w+$",
        rf"\.{_HEXADECIMAL}{{8}}\.\w+$",
        ("parcel-manifest.json",),
        _webpack,
    ),
    "django": BuildTool(
        ("static", "staticfiles"),
        rf"\.{_HEXADECIMAL}{{12}}(?:\.\w+)?$",
        r"\.[0-9a-f]{12}(?:\.\w+)?$",
        ("staticfiles.json",),
        _django,
    ),
}
