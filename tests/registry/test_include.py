"""The option ``include``, and ``find()``."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings

from tests.helpers import django_project
from tests.helpers.clients import ADAPTERS, Serve, call_wsgi, client_of, make_call
from tests.helpers.files import write
from whitenoise_async.django import WhiteNoiseMiddleware
from whitenoise_async.registry.interface import RegistryOptions, Root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.support.globs import Globs

django_project.configure()

FILES = (
    *("app.css", "app.css.map", "card.jinja", "docs/index.html", "docs/a.css", "docs/deep/b.txt"),
    *("private/c.css", ".env"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for name in FILES:
        write(root / name, name.encode() * 50)
    for name in ("app.css", "app.css.map"):
        write(root / f"{name}.gz", gzip.compress(name.encode() * 50))
    write(root / "data.tar.gz", b"an archive, and no variant")
    return root


@pytest.mark.parametrize(
    ("include", "exclude", "served"),
    [
        (None, [], {*FILES, "data.tar.gz"}),
        ([], [], set()),
        (["*.css"], [], {"app.css", "docs/a.css", "private/c.css"}),
        (["*.css", "*.html"], ["private"], {"app.css", "docs/a.css", "docs/index.html"}),
        (["docs"], [], {"docs/index.html", "docs/a.css", "docs/deep/b.txt"}),
        (["docs/"], ["*.txt"], {"docs/index.html", "docs/a.css"}),
        (["/docs/*.css", "app.*"], [], {"docs/a.css", "app.css", "app.css.map"}),
        (["**/deep/*"], [], {"docs/deep/b.txt"}),
        (("app.css",), {"*.css"}, set()),
        ({"*.tar.gz"}, [], {"data.tar.gz"}),
        (["*"], [".*"], {*FILES, "data.tar.gz"} - {".env"}),
    ],
)  # fmt: skip
def test_files_that_are_included_and_not_excluded_are_served(
    serve: Serve, tree: Path, autorefresh: bool, include: Any, exclude: Any, served: set[str]
) -> None:
    get = serve(tree, autorefresh=autorefresh, include=include, exclude=exclude)
    everything = serve(tree, autorefresh=autorefresh)
    for name in (*FILES, "data.tar.gz"):
        reply = get(f"/{name}")
        assert reply.status == (200 if name in served else 404), name
        if name in served:
            assert reply == everything(f"/{name}")


def test_variants_follow_their_original(serve: Serve, tree: Path, autorefresh: bool) -> None:
    get = serve(tree, autorefresh=autorefresh, include=["app.css"])
    assert get("/app.css", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"
    for url in ("/app.css.gz", "/app.css.map", "/app.css.map.gz"):
        assert get(url).status == 404
    without = serve(tree, autorefresh=autorefresh, include=["app.css"], exclude=["*.gz"])
    assert "content-encoding" not in without("/app.css", {"Accept-Encoding": "gzip"})


def test_an_index_file_must_be_included(serve: Serve, tree: Path, autorefresh: bool) -> None:
    for include, expected in (["*.css"], 404), (["index.html"], 200), (["docs"], 200):
        get = serve(tree, autorefresh=autorefresh, index_file=True, include=include)
        assert get("/docs/").status == expected
        assert get("/docs").status == (302 if expected == 200 else 404)


def test_nothing_is_logged_about_files_that_are_not_included(
    serve: Serve, tree: Path, autorefresh: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (tree / "dangling.txt").symlink_to("nowhere")
    get = serve(tree, autorefresh=autorefresh, include=["*.css"])
    for url in ("/dangling.txt", "/.env", "/app.css"):
        get(url)
    assert caplog.messages == []


@pytest.mark.parametrize("value", ["*.css", b"*.css", 3, [b"*.css"], [None]])
def test_values_that_are_not_patterns_are_refused(serve: Serve, value: Any) -> None:
    with pytest.raises(TypeError, match=r"^include must be a list of patterns such as"):
        serve(include=value)
    with pytest.raises(ValueError, match=r"^include must be patterns such as .*, got an empty one"):
        serve(include=["/"])


def test_both_registries_find_the_same(tree: Path) -> None:
    for include in ("*.css", "docs", "/docs/index.html", "*.gz", "[!a]*"):
        registries = [
            kind(RegistryOptions("index.html", Globs(["deep"], Globs([include]))))
            for kind in (WalkedRegistry, LiveRegistry)
        ]
        for registry in registries:
            registry.add(Root(str(tree), "/", False))
        names = [*FILES, "app.css.gz", "data.tar.gz", "docs/", "docs"]
        walked, live = ([each.look_up(f"/{name}") is None for name in names] for each in registries)
        assert walked == live


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize("source", ["finders", "root", "manifest"])
def test_include_is_a_setting_of_django(tree: Path, autorefresh: bool, source: str) -> None:
    sources: dict[str, dict[str, Any]] = {
        "finders": {"STATICFILES_DIRS": [tree], "WHITENOISE_USE_FINDERS": True},
        "root": {"STATIC_ROOT": tree},
        "manifest": {"WHITENOISE_ROOT": tree, "WHITENOISE_STATIC_PREFIX": "/other/"},
    }
    base = "/" if source == "manifest" else "/static/"
    with override_settings(
        WHITENOISE_INCLUDE=["*.css"],
        WHITENOISE_AUTOREFRESH=autorefresh,
        MIDDLEWARE=["whitenoise_async.django.WhiteNoiseMiddleware"],
        **sources[source],
    ):
        handler = WSGIHandler()
        reply = call_wsgi(handler, make_call(f"{base}app.css", {"Accept-Encoding": "gzip"}))
        assert reply["content-encoding"] == "gzip"
        for name in ("card.jinja", ".env", "app.css.gz", "docs/index.html"):
            reply = call_wsgi(handler, make_call(base + name))
            assert reply.body == f"{base}{name}".encode()  # from the view
    with (
        override_settings(WHITENOISE_INCLUDE="*.css"),
        pytest.raises(ImproperlyConfigured, match="WHITENOISE_INCLUDE must be a list of patterns"),
    ):
        WhiteNoiseMiddleware(lambda request: HttpResponse())


def test_find_returns_the_file_of_a_url(
    adapter: str, tree: Path, autorefresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    application = ADAPTERS[adapter](
        None, "site", "/static/", autorefresh=autorefresh, index_file=True, exclude=["private"]
    )
    get = client_of(adapter)(application)
    for name in ("app.css", "docs/a.css", "data.tar.gz", ".env"):
        found = application.find(f"/static/{name}")
        assert found is not None
        assert found.path == str(tree / name)
        assert Path(found.path).read_bytes() == get(f"/static/{name}").body
    index = application.find("/static/docs/")
    assert index is not None
    assert index.path == str(tree / "docs" / "index.html")
    for url in (
        *("/static/docs", "/static/docs/index.html"),  # redirects
        "/static/app.css.gz",  # a variant
        *("/static/private/c.css", "/static/gone.css", "/app.css", "/static/", "/", ""),
        *("static/app.css", "/static//app.css", "/static/docs/../app.css", "/static/app.css?a"),
    ):
        assert application.find(url) is None, url


def test_find_returns_none_for_a_removed_file(adapter: str, tree: Path, autorefresh: bool) -> None:
    application = ADAPTERS[adapter](None, tree, autorefresh=autorefresh)
    (tree / "app.css").unlink()
    assert application.find("/app.css") is None
    os.mkfifo(tree / "app.css")
    assert application.find("/app.css") is None


@pytest.mark.parametrize("autorefresh", [False, True])
def test_find_searches_the_finders_of_django(tree: Path, autorefresh: bool) -> None:
    with override_settings(
        STATICFILES_DIRS=[tree], WHITENOISE_USE_FINDERS=True, WHITENOISE_AUTOREFRESH=autorefresh
    ):
        application = WhiteNoiseMiddleware(lambda request: HttpResponse())
        found = application.find("/static/app.css")
        assert found is not None
        assert found.path == str(tree / "app.css")
        for url in ("/static/app.css.gz", "/static/gone.css", "/app.css"):
            assert application.find(url) is None
