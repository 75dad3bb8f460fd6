"""Two files of the same length and the same dates are two files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import Serve
from tests.helpers.files import MTIME, write
from whitenoise_async.files.open_file import open_file
from whitenoise_async.files.state import read_state

#: The length of a file that is sent from memory, and of one that is not.
SIZES = {"small": 3000, "large": 300_000}


def make_images(root: Path, size: int) -> None:
    """Make two folders of files with the same names, lengths, mtimes and ctimes.

    File system images such as squashfs and EROFS contain such files. No call sets ``ctime``, but
    files that are written in one tick of the kernel's clock share it.
    """
    names = ["a.bin", "a.bin.br"]
    paths = [root / image / name for image in ("one", "two") for name in names]
    for path in paths:
        length = size if path.suffix == ".bin" else size // 2
        write(path, path.parent.name.encode() * length)
    for _ in range(100_000):
        for path in paths:
            os.utime(path, (MTIME, MTIME))
        if len({path.stat().st_ctime_ns for path in paths}) == 1:
            return
    pytest.fail("the clock ticks faster than files are written")


def switch_folder(root: Path) -> None:
    (root / "new").symlink_to("two")
    (root / "new").replace(root / "current")


def rename_folders(root: Path) -> None:
    (root / "one").rename(root / "old")
    (root / "two").rename(root / "one")


def switch_file(root: Path) -> None:
    """The links in the served folder, to a file and its variant, lead to other files."""
    for name in ("a.bin", "a.bin.br"):
        (root / "new").symlink_to(root / "two" / name)
        (root / "new").replace(root / "links" / name)


Site = tuple[str, Callable[[Path], None]]
SITES = [("current", switch_folder), ("current", rename_folders), ("links", switch_file)]


@pytest.fixture(params=SIZES)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make_images(tmp_path, SIZES[request.param])
    (tmp_path / "current").symlink_to("one")
    (tmp_path / "links").mkdir()
    for name in ("a.bin", "a.bin.br"):
        (tmp_path / "links" / name).symlink_to(tmp_path / "one" / name)
    return tmp_path


@pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "br"}], ids=["identity", "variant"])
@pytest.mark.parametrize("options", [{}, {"etag": "content"}, {"autorefresh": True}], ids=str)
@pytest.mark.parametrize("site", SITES)
def test_another_file_of_the_same_length_and_dates_is_seen_at_the_next_check(
    site: Site, options: dict[str, Any], fields: dict[str, str], root: Path, serve: Serve
) -> None:
    folder, switch = site
    cached = {"max_cached_file_size": 10_000, "check_interval": 0}
    get = serve(root / folder, **{**cached, **options})
    for _ in range(2):
        before = get("/a.bin", fields)
        assert before.body[:3] == b"one"
    switch(root)
    for _ in range(2):
        after = get("/a.bin", fields)
        assert after.body[:3] == b"two"
    assert (before["etag"] == after["etag"]) is (options.get("etag") != "content")


def test_a_content_etag_is_computed_again_for_another_file(root: Path, serve: Serve) -> None:
    get = serve(root / "current", autorefresh=True, etag="content")
    before = get("/a.bin")["etag"]
    switch_folder(root)
    assert get("/a.bin")["etag"] != before
    assert get("/a.bin", {"If-None-Match": before}).status == 200


def test_a_state_names_the_file(root: Path) -> None:
    one, two = (open_file(str(root / image / "a.bin")) for image in ("one", "two"))
    assert one.state != two.state
    assert one.state._replace(inode=0) == two.state._replace(inode=0)
    assert one.state == read_state(one.path)
    assert one.state.device == os.stat(one.path).st_dev
