"""Requests for folders: ``--list``."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cli.test_listing_page import Page
from tests.helpers.clients import Reply, call_asgi, make_call
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.cli.folder_listings import FolderListings
from whitenoise_async.registry.interface import make_root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    write(root / "app.css", b"body { color: black }\n" * 100, compressed=True)
    write(root / "single.tar.gz", b"no variant")
    write(root / "docs" / "index.html", b"<title>docs</title>")
    write(root / "docs" / "deep" / "ä b.txt", b"text")
    write(root / "drafts" / "a.txt", b"text")
    write(root / ".env", b"")
    write(root / ".git" / "config", b"")
    (root / "empty").mkdir()
    (root / "link").symlink_to("docs")
    return root


class Listings:
    """A client of a folder with listings."""

    def __init__(
        self, folder: Path, prefix: str | None = None, headers: Any = (), **options: Any
    ) -> None:
        self.files = ASGIWhiteNoise(None, folder, prefix, index_file=True, **options)
        root = make_root(folder, prefix, False)
        self.application = FolderListings(self.files, root, headers)

    def get(self, path: str, method: str = "GET", **scope: Any) -> Reply:
        return call_asgi(self.application, make_call(path, {}, method), **scope)

    def links(self, path: str) -> list[str]:
        reply = self.get(path)
        assert reply.status == 200
        return Page(reply.body.decode()).links


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize(("prefix", "url"), [(None, "/"), ("static/v1", "/static/v1/")])
def test_a_folder_lists_what_is_served_below_it(
    folder: Path, prefix: str | None, url: str, autorefresh: bool
) -> None:
    listings = Listings(folder, prefix, exclude=["drafts"], autorefresh=autorefresh)
    assert listings.links(url) == ["docs/", "empty/", "app.css", "single.tar.gz"]
    assert listings.links(f"{url}docs/deep/") == ["../", "%C3%A4%20b.txt"]
    assert listings.links(f"{url}empty/") == ["../"]
    assert listings.get(f"{url}docs/").body == b"<title>docs</title>"
    assert listings.get(f"{url}app.css").status == 200
    assert listings.get(f"{url}docs/deep/ä b.txt").body == b"text"


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/missing",
        "/missing/",
        "/.git/",
        "/.git",
        "/drafts/",
        "/link/",
        "/app.css/",
        "//",
        "/docs/..",
    ],
)
def test_everything_else_is_left_to_the_files(folder: Path, path: str, autorefresh: bool) -> None:
    listings = Listings(folder, exclude=["drafts"], autorefresh=autorefresh)
    assert listings.get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/stati", "/static2/", "/app.css"])
def test_paths_outside_the_prefix_are_left_to_the_files(folder: Path, path: str) -> None:
    assert Listings(folder, "static").get(path).status == 404


def test_other_methods_and_escaped_slashes_are_left_to_the_files(folder: Path) -> None:
    listings = Listings(folder)
    assert listings.get("/empty/", method="POST").status == 404
    assert listings.get("/docs/deep/", raw_path=b"/docs%2Fdeep/").status == 404


@pytest.mark.parametrize(("prefix", "url"), [(None, "/empty"), ("static", "/static")])
def test_a_slash_is_added_by_a_redirect(folder: Path, prefix: str | None, url: str) -> None:
    reply = Listings(folder, prefix).get(url, query_string=b"a=b")
    assert (reply.status, reply["location"]) == (302, f"{url[1:]}/?a=b")


def test_head_has_the_headers_of_get(folder: Path) -> None:
    listings = Listings(folder)
    get, head = listings.get("/"), listings.get("/", method="HEAD")
    assert (head.headers, head.body) == (get.headers, b"")
    assert int(get["content-length"]) == len(get.body)


def test_the_policy_of_the_page_permits_its_style_only(folder: Path) -> None:
    reply = Listings(folder).get("/")
    style = re.search(rb"<style>(.*?)</style>", reply.body, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    expected = f"default-src 'none'; style-src 'sha256-{digest}'"
    assert reply["content-security-policy"] == expected


def test_given_headers_replace_those_of_the_page(folder: Path) -> None:
    headers = [("cache-control", "no-store"), ("Link", "<a>"), ("Link", "<b>")]
    reply = Listings(folder, headers=headers).get("/")
    assert reply["cache-control"] == "no-store"
    assert [value for name, value in reply.headers if name == "link"] == ["<a>", "<b>"]


def test_only_listed_files_appear(folder: Path) -> None:
    listings, live = Listings(folder), Listings(folder, autorefresh=True)
    write(folder / "new.txt", b"new")
    assert "new.txt" not in listings.links("/")
    assert "new.txt" in live.links("/")


def test_a_removed_entry_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = os.stat

    def stat_of_others(path: Any, *arguments: Any, **keywords: Any) -> os.stat_result:
        if os.fspath(path).endswith("app.css"):
            raise FileNotFoundError
        return stat(path, *arguments, **keywords)

    listings = Listings(folder)
    monkeypatch.setattr(os, "stat", stat_of_others)
    assert "app.css" not in listings.links("/")


def test_a_disk_that_fails_gives_a_503(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def scandir(path: str) -> Iterator[Any]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    listings = Listings(folder)
    monkeypatch.setattr(os, "scandir", scandir)
    assert listings.get("/").status == 503
    assert f"{folder} cannot be read now: Input/output error" in caplog.text


def test_other_scopes_are_left_to_the_files(folder: Path) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def main() -> None:
        await Listings(folder).application({"type": "lifespan"}, receive, send)

    anyio.run(main)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
