"""The site that adapters share: mount points, roots and responders."""

from __future__ import annotations

import contextvars
import gc
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.assets import IMMUTABLE, WRONG, digits_of, get_asset, hash_of
from tests.helpers.clients import client_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.registry.entries import HashedFile


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    write(tmp_path / "a.js", b"a")
    return Assets(tmp_path)


def test_the_mount_point_ends_with_the_request(assets: Assets) -> None:
    site = assets.site
    assert site.mount == ""
    with site.mounted_at("/outer"):
        with site.mounted_at("/outer/inner"):
            assert site.mount == "/outer/inner"
        assert site.mount == "/outer"
    with pytest.raises(RuntimeError), site.mounted_at("/outer"):
        raise RuntimeError
    assert site.mount == ""


def test_the_script_name_of_the_settings_counts_without_a_mount_point(assets: Assets) -> None:
    assets.site.script_name = "/settings"
    assert assets.url("a.js") == f"/settings/a.{digits_of(b'a')}.js"
    with assets.site.mounted_at("/request"):
        assert assets.url("a.js") == f"/request/a.{digits_of(b'a')}.js"


def test_each_thread_and_each_context_has_its_own_mount_point(assets: Assets) -> None:
    seen: list[str] = []
    with assets.site.mounted_at("/here"):
        thread = threading.Thread(target=lambda: seen.append(assets.site.mount))
        thread.start()
        thread.join()
        context = contextvars.copy_context()
    assert seen == [""]
    assert context.run(lambda: assets.site.mount) == "/here"


def test_a_task_that_is_abandoned_may_end_in_another_context(assets: Assets) -> None:
    """An event loop that stops leaves tasks to the garbage collector."""

    def task() -> Any:
        with assets.site.mounted_at("/here"):
            yield assets.site.mount

    abandoned = task()
    assert contextvars.copy_context().run(next, abandoned) == "/here"
    abandoned.close()
    assert assets.site.mount == ""


def test_both_adapters_share_the_files_and_the_options(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "a.js", b"one").parent
    two = write(tmp_path / "two" / "a.js", b"two").parent
    assets = Assets(one, "static", max_age=7)
    wsgi, asgi = WhiteNoise(None, assets=assets), ASGIWhiteNoise(None, assets=assets)
    assert wsgi.assets is asgi.assets is assets
    get_wsgi, get_asgi = client_of("wsgi")(wsgi), client_of("trio")(asgi)
    for get in (get_wsgi, get_asgi):
        assert get("/static/a.js")["cache-control"] == "max-age=7, public"
        assert get_asset(get, assets, "a.js")["cache-control"] == IMMUTABLE
    before = assets.url("a.js")
    asgi.add_files(two, "static")
    assert hash_of(assets, "a.js") == digits_of(b"two")
    for get in (get_wsgi, get_asgi):
        assert get("/static/a.js").body == get_asset(get, assets, "a.js").body == b"two"
        assert (get(before).status, get(before)["cache-control"]) == (404, "no-store")
    gc.collect()
    hashed = [each for each in gc.get_objects() if isinstance(each, HashedFile)]
    paths = {each.path for each in hashed if each.path.startswith(str(tmp_path))}
    assert paths == {str(two / "a.js")}


@pytest.mark.parametrize("autorefresh", [False, True])
def test_find_finds_a_hashed_url_while_the_hash_is_right(tmp_path: Path, autorefresh: bool) -> None:
    path = write(tmp_path / "a.css", b"a { b: url(x.png) }")
    write(tmp_path / "x.png", b"x")
    app = WhiteNoise(None, tmp_path, autorefresh=autorefresh)
    url = app.assets.url("a.css")
    found = app.find(url)
    assert found is not None
    assert (found.path, found.url) == (str(path), url)
    assert app.find(f"/a.{WRONG}.css") is None
    path.unlink()
    assert app.find(url) is None


def test_a_file_that_is_looked_up_while_a_root_is_added_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(tmp_path / "one" / "a.js", b"one").parent
    two = write(tmp_path / "two" / "a.js", b"two").parent
    assets = Assets(one, check_interval=None)
    hash_of_file = assets.site.hashes.hash_of

    def add_then_hash(file: Any) -> str:
        monkeypatch.undo()
        assets.add_files(two)
        return hash_of_file(file)

    monkeypatch.setattr(assets.site.hashes, "hash_of", add_then_hash)
    assert hash_of(assets, "a.js") == digits_of(b"one")
    assert hash_of(assets, "a.js") == digits_of(b"two")


@pytest.mark.parametrize("options", [{"max_cache_size": 0}, {"autorefresh": True}])
def test_nothing_is_compressed_that_cannot_be_kept(tmp_path: Path, options: Any) -> None:
    write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", b"a { b: url(x.png) }\n" * 100)
    assets = Assets(tmp_path, **options)
    app = WhiteNoise(None, assets=assets)
    for _ in range(2):
        reply = get_asset(client_of("wsgi")(app), assets, "a.css", {"Accept-Encoding": "gzip"})
        assert reply.status == 200
        assert "content-encoding" not in reply
    assert app.responder.content_cache.size == 0
