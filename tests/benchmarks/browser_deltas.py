"""Deltas of real libraries in Chromium: ``python -m tests.benchmarks.browser_deltas``.

npm downloads two releases of each library. The table has the bytes of each response with its
headers, as Chromium counts them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.console import say
from tests.helpers.browsers import launched_chromium
from tests.helpers.counted_loads import Tab, serving
from whitenoise_async import ASGIWhiteNoise, compress_tree

#: Packages of npm, the old and the new version, and the files of each.
LIBRARIES = {
    "swagger-ui-dist": (("5.29.0", "5.29.1"), ["swagger-ui-bundle.js"]),
    "vue": (("3.5.21", "3.5.22"), ["dist/vue.global.prod.js"]),
    "bootstrap": (
        ("5.3.7", "5.3.8"),
        ["dist/js/bootstrap.bundle.min.js", "dist/css/bootstrap.min.css"],
    ),
}
# The files at these paths have a dictionary that becomes stale, or deltas with a wrong hash.
_STALE, _WRONG = "stale", "wrong"
_COLUMNS = [
    "File",
    "first visit",
    "with the old file",
    "private window",
    "other origin, `crossorigin`",
    "without the attribute",
    "stale dictionary",
    "wrong hash in the delta",
]
_STORING = 1500  # milliseconds, in which the browser stores a dictionary, and a stale one expires


class Pair(NamedTuple):
    """The old and the new version of a file, with their hashed names."""

    label: str
    old: str
    new: str


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as temporary, launched_chromium() as browser:
        folder = Path(temporary)
        pairs = [pair for library in LIBRARIES for pair in unpack(library, folder)]
        prepare(folder)
        with ExitStack() as stack:
            origins = [
                f"http://{stack.enter_context(serving(application_of(folder / 'new')))}"
                for _ in range(2)
            ]
            say(f"Chromium {browser.version}\n\n| {' | '.join(_COLUMNS)} |")
            say("|---" * len(_COLUMNS) + "|")
            for pair in pairs:
                say(f"| `{pair.label}` | {' | '.join(cells(browser, origins, pair))} |")


def unpack(library: str, folder: Path) -> Iterator[Pair]:
    """Download both versions; puts their files into ``old`` and ``new`` below ``folder``."""
    versions, files = LIBRARIES[library]
    archives = []
    for version in versions:
        command = ["npm", "pack", "--silent", f"{library}@{version}"]
        name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        archives.append(folder / name.stdout.strip())
    for file in files:
        names = []
        for archive, target in zip(archives, ("old", "new"), strict=True):
            with tarfile.open(archive) as packed:
                member = packed.extractfile(f"package/{file}")
                assert member is not None
                content = member.read()
            path = Path(file)
            digest = hashlib.sha256(content).hexdigest()[:12]
            names.append(f"{path.stem}.{digest}{path.suffix}")
            (folder / target).mkdir(exist_ok=True)
            (folder / target / names[-1]).write_bytes(content)
        yield Pair(path.name, *names)


def prepare(folder: Path) -> None:
    """Compress the new release, and put the old one and a page next to it."""
    old, new = folder / "old", folder / "new"
    compress_tree(new, against=old)
    for name in (_STALE, _WRONG):
        shutil.copytree(new, folder / name)
        shutil.copytree(old, folder / name, dirs_exist_ok=True)
        (folder / name).rename(new / name)
    for delta in (new / _WRONG).glob("*.dcz"):
        content = delta.read_bytes()
        delta.write_bytes(content[:39] + bytes([content[39] ^ 1]) + content[40:])
    shutil.copytree(old, new, dirs_exist_ok=True)
    (new / "index.html").write_text("<!doctype html><title>Deltas</title>")


def application_of(root: Path) -> ASGIWhiteNoise:
    """Serve the files."""

    def shorten(headers: Any, path: str, url: str) -> None:
        if url.startswith(f"/{_STALE}/"):
            headers["Cache-Control"] = "max-age=1"

    return ASGIWhiteNoise(
        None, root, immutable_file_test=r"\.[0-9a-f]{12}\.", add_headers_function=shorten
    )


def cells(browser: Any, origins: list[str], pair: Pair) -> Iterator[str]:
    """The bytes and the coding of the new file in each situation."""
    own, other = origins
    old, new = f"/{pair.old}", f"/{pair.new}"
    with opened(browser, own) as tab:
        yield cell(tab.load(new))  # a first visit
    with opened(browser, own) as tab:
        tab.load(old)
        yield cell(tab.load_until_delta(new))
        with opened(browser, own) as private:
            yield cell(private.load(new))
    with opened(browser, own) as tab:
        tab.load(old, other, crossorigin=True)
        yield cell(tab.load_until_delta(new, other))
        yield cell(tab.load(f"{new}?without", other))
    for folder in (_STALE, _WRONG):
        with opened(browser, own) as tab:
            tab.load(f"/{folder}{old}")
            tab.wait(_STORING)
            yield cell(tab.load(f"/{folder}{new}"))


def cell(loaded: tuple[str, int]) -> str:
    """A cell of the table."""
    coding, size = loaded
    return f"{size:,} {coding or 'uncompressed'}"


@contextmanager
def opened(browser: Any, origin: str) -> Iterator[Tab]:
    """A page in a private window of its own."""
    tab = Tab(browser, origin)
    yield tab
    tab.context.close()


if __name__ == "__main__":
    main()
