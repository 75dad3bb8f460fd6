"""Builds of a small site, for the tests of releases. Each page names the files that it needs."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from tests.helpers.files import write
from whitenoise_async.releases.build import BuildRules
from whitenoise_async.releases.folder_store import FolderStore
from whitenoise_async.releases.manifest import Manifest, parse_manifest
from whitenoise_async.releases.publish import Settings
from whitenoise_async.releases.retention import Retention


def settings(keep: int, rules: BuildRules | None = None) -> Settings:
    """Keep this number of releases, and drop older ones of any age."""
    return Settings(Retention(keep, 0), rules or BuildRules())


KEEP_ONE = settings(1)
KEEP_TWO = settings(2)


def hashed_name(stem: str, content: bytes) -> str:
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.js"


def make_build(folder: Path, release: int, chunks: int = 2) -> Path:
    """A build with a page, its variant, scripts that change with each release, and one that stays.

    :param chunks: the number of scripts that change.
    """
    contents = [b"shared script", *(b"%d of %d" % (each, release) for each in range(chunks))]
    names = [hashed_name(f"assets/c{each}", content) for each, content in enumerate(contents)]
    for name, content in zip(names, contents, strict=True):
        write(folder / name, content)
    page = f"<p>{release}</p>" + "".join(f'<script src="/{name}"></script>' for name in names)
    write(folder / "index.html", page.encode() * 2, compressed=True, mtime=1_600_000_000 + release)
    write(folder / "robots.txt", b"User-agent: *\n")
    return folder


def scripts_of(page: bytes) -> list[str]:
    """The paths of the files that a page needs."""
    return [each.decode() for each in re.findall(rb'src="/(.+?)"', page)]


def contents_of(folder: Path) -> dict[str, bytes]:
    """The content of each file that is no working file."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def manifest_of(folder: Path) -> Manifest:
    content = FolderStore(str(folder)).read_manifest()
    assert content is not None
    return parse_manifest(content, "releases.json")


def require_whole_pages(contents: dict[str, bytes]) -> None:
    """Require that each page and its variant find all their scripts, with the right content."""
    if "index.html" in contents:
        pages = [contents["index.html"]]
        if "index.html.gz" in contents:
            pages.append(gzip.decompress(contents["index.html.gz"]))
        for name in (name for page in pages for name in scripts_of(page)):
            stem = name.partition(".")[0]
            assert name == hashed_name(stem, contents[name])


def script_of(release: int, name: str = "app") -> bytes:
    """A script. Each release changes one line."""
    lines = [f"let {name}{each} = {each * 7919 % 10007};" for each in range(400)]
    return "\n".join([*lines[:200], f"let release = {release};", *lines[200:]]).encode()


def make_scripts(folder: Path, release: int, *names: str, compressed: bool = False) -> Path:
    """A build with scripts that have a hash in their names."""
    for name in names or ("app",):
        content = script_of(release, name)
        write(folder / hashed_name(f"js/{name}", content), content, compressed=compressed)
    return folder


def script_path(release: int, name: str = "app") -> str:
    return hashed_name(f"js/{name}", script_of(release, name))


def delta_path(old: int, new: int, name: str = "app") -> str:
    """The path of the delta from one release's script to another's."""
    digest = hashlib.sha256(script_of(old, name)).hexdigest()
    return f"{script_path(new, name)}.{digest[:16]}.dcz"
