"""The files of an entry that Vite has built, and the tags that load them.

Vite lists them in a manifest, if its option ``build.manifest`` is set. See "Backend Integration" in
Vite's guide.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from ..support.manifests import is_web_app_manifest, read_manifest
from ..support.suggestions import suggestion
from .markup import Markup, element

# Vite 5 moved its manifest into a folder. The old name is also that of a web app manifest.
_OLD_MANIFEST = "manifest.json"
_MANIFESTS = (".vite/manifest.json", _OLD_MANIFEST)

_STYLE = ".css"
_SCRIPTS = (".js", ".mjs")


class ViteChunk(NamedTuple):
    """The files that a page needs for an entry: paths below the root, with ``/``."""

    #: The script of the entry. Empty if the entry is a style sheet.
    script: str
    #: The style sheets, in the order in which the page must name them.
    styles: tuple[str, ...]
    #: The scripts that ``script`` imports statically, directly or indirectly.
    imports: tuple[str, ...]
    #: The root whose manifest lists the entry.
    root: str


class ViteTags(NamedTuple):
    """The URLs that a page needs for an entry. As a string, these are the tags for its ``head``."""

    #: The URL of the entry's script. Empty if the entry is a style sheet.
    script: str
    #: The URLs of the style sheets, in the order of the tags.
    styles: tuple[str, ...]
    #: The URLs of the scripts that the entry's script imports.
    imports: tuple[str, ...]
    #: The nonce of the page's Content Security Policy, for every tag.
    nonce: str | None

    def __html__(self) -> Markup:
        """Return the tags, as template engines expect."""
        nonce = self.nonce
        # The order that Vite's guide recommends.
        tags = [element("link", rel="stylesheet", href=url, nonce=nonce) for url in self.styles]
        if self.script:
            tags.append(element("script", "", type="module", src=self.script, nonce=nonce))
        tags += [
            element("link", rel="modulepreload", href=url, nonce=nonce) for url in self.imports
        ]
        return Markup("\n".join(tags))

    # Django's templates convert it to a string before they look for __html__.
    def __str__(self) -> Markup:
        return self.__html__()


class _Chunk(NamedTuple):
    """A value in a manifest: a file, and the style sheets and chunks that it needs."""

    file: str
    css: tuple[str, ...]
    imports: tuple[str, ...]


_Manifest = dict[str, _Chunk]


def find_entry(roots: Sequence[str], entry: str) -> ViteChunk:
    """Return the files that a page needs for an entry.

    The first root whose manifest lists the entry decides.

    :param roots: folders into which Vite may have built.
    :param entry: a script or a style sheet, as the manifest names it: the path of its source, below
        the folder of the Vite project.
    :raises FileNotFoundError: if there is no manifest, or no manifest lists the entry.
    :raises ValueError: if a manifest is malformed.
    :raises OSError: if a manifest cannot be read.
    """
    tried: list[str] = []
    read: list[str] = []
    known: list[str] = []
    for root, name in product(roots, _MANIFESTS):
        path = os.path.join(root, *name.split("/"))
        tried.append(path)
        manifest = _read(path)
        if manifest is not None:
            entries = _entries(manifest)
            if entry in entries:
                return _files_of(manifest, entry, root)
            read.append(path)
            known += entries
    if not read:
        raise FileNotFoundError(f"no Vite manifest for {entry!r}; tried {', '.join(tried)}")
    # Chunks that several scripts share have this prefix, and no page asks for them.
    sources = [name for name in known if not name.startswith("_")]
    hint = suggestion(entry, sources or known, "entries")
    raise FileNotFoundError(f"{', '.join(read)}: no entry {entry!r}; {hint}")


def _read(path: str) -> _Manifest | None:
    """The manifest ``path``, or ``None`` if there is none."""
    try:
        return read_manifest(path, _parse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a Vite manifest: {error}") from error


def _parse(content: Any) -> _Manifest | None:
    """Check a manifest. A web app manifest, which may have the same file name, gives ``None``."""
    if not isinstance(content, dict):
        raise ValueError("it must contain an object")
    if is_web_app_manifest(content):
        return None
    manifest = {name: _chunk(name, value) for name, value in content.items()}
    for name, chunk in manifest.items():
        for each in chunk.imports:
            if each not in manifest:
                raise ValueError(f"{name!r} imports {each!r}, which is not listed")
    if not _entries(manifest):
        raise ValueError("it lists no script and no style sheet")
    return manifest


def _chunk(name: str, value: Any) -> _Chunk:
    if not isinstance(value, dict) or not isinstance(value.get("file"), str):
        raise ValueError(f"{name!r} must be an object with a file")
    for key in ("css", "imports"):
        listed = value.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ValueError(f"{key!r} of {name!r} must be a list of strings")
    return _Chunk(value["file"], tuple(value.get("css", ())), tuple(value.get("imports", ())))


def _entries(manifest: _Manifest) -> list[str]:
    """The names of scripts and style sheets. A manifest also lists images, for example."""
    return [name for name, chunk in manifest.items() if chunk.file.endswith((*_SCRIPTS, _STYLE))]


def _files_of(manifest: _Manifest, entry: str, root: str) -> ViteChunk:
    chunk = manifest[entry]
    imported = [manifest[name] for name in _imported(manifest, chunk, {entry})]
    # Vite's guide asks for this order: the entry's own style sheets, then those of its imports.
    styles = [css for each in (chunk, *imported) for css in each.css]
    scripts = tuple(each.file for each in imported if each.file.endswith(_SCRIPTS))
    script = chunk.file
    if script.endswith(_STYLE):
        styles.append(script)
        script = ""
    return ViteChunk(script, tuple(dict.fromkeys(styles)), scripts, root)


def _imported(manifest: _Manifest, chunk: _Chunk, seen: set[str]) -> Iterator[str]:
    """Yield each chunk that ``chunk`` imports, once, after the chunks that it imports itself.

    :param seen: the chunks that are left out. Chunks may import each other.
    """
    for name in chunk.imports:
        if name not in seen:
            seen.add(name)
            yield from _imported(manifest, manifest[name], seen)
            yield name
