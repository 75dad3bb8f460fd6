"""Two releases in a store, and replicas that serve one of them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.helpers.builds import settings
from tests.helpers.files import write
from whitenoise_async.releases.publish import publish
from whitenoise_async.releases.store import Store


class Release(NamedTuple):
    """A build with a page, a text with variants, and a large file."""

    root: Path
    text: bytes
    large: bytes

    @property
    def text_name(self) -> str:
        return f"assets/app.{digest_of(self.text)}.js"

    @property
    def large_name(self) -> str:
        return f"assets/large.{digest_of(self.large)}.bin"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def make_release(root: Path, number: int) -> Release:
    """Write the build of a release."""
    text = b"".join(b"%d of %d\n" % (line, number) for line in range(3000))
    large = bytes([number]) * 3_000_000
    release = Release(root, text, large)
    write(root / "index.html", b"<p>%d</p>" % number)
    write(root / release.large_name, large)
    # Other dates than in other builds of the same release.
    write(root / release.text_name, text, compressed=True, mtime=1_600_000_000 + number)
    return release


def make_releases(folder: Path, open_store: Callable[[], Store]) -> tuple[Release, Release]:
    """Write two releases, and publish each to a store.

    :param open_store: called for each run, as each has a lock of its own.
    """
    first = make_release(folder / "r1", 1)
    second = make_release(folder / "r2", 2)
    for release in (first, second):
        publish(str(release.root), open_store(), settings(9))
    return first, second


def gzipped(release: Release) -> bytes:
    return gzip.compress(release.text, mtime=0)
