"""Files that Django's finders find: listed at startup, or searched at each request."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import Storage
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from tests.helpers import django_project
from tests.helpers.clients import Reply, call_asgi, call_wsgi, make_call
from tests.helpers.files import write

Get = Callable[..., Reply]

ADMIN = "/static/admin/css/base.css"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first / "a.css", b"first")
    write(second / "a.css", b"second")
    write(second / "b.css", b"b" * 500, compressed=True)
    write(second / "docs" / "index.html", b"docs")
    return first, second


@pytest.fixture(params=["listed", "searched"])
def get(request: pytest.FixtureRequest, folders: tuple[Path, Path]) -> Iterator[Get]:
    changed: dict[str, Any] = {
        "STATICFILES_DIRS": [folders[0], ("named", folders[0].with_name("third")), folders[1]],
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": request.param == "searched",
        "WHITENOISE_INDEX_FILE": True,
        "WHITENOISE_EXCLUDE": ["*.map"],
        "MIDDLEWARE": ["whitenoise_async.django.WhiteNoiseMiddleware"],
    }
    write(folders[0] / "a.css.map", b"a map")
    write(folders[0].with_name("third") / "a.css", b"third")
    with override_settings(**changed):
        handler = WSGIHandler()
        yield lambda *args, **keywords: call_wsgi(handler, make_call(*args, **keywords))


def test_a_file_that_is_only_named_like_a_variant_is_served(
    get: Get, folders: tuple[Path, Path]
) -> None:
    write(folders[1] / "notes", b"notes")
    write(folders[1] / "notes.gz", b"of something else")
    with override_settings():
        handler = WSGIHandler()
    assert call_wsgi(handler, make_call("/static/notes.gz")).body == b"of something else"
    assert call_wsgi(handler, make_call("/static/b.css.gz")).body == b"/static/b.css.gz"
    assert call_wsgi(handler, make_call("/static/b.css")).body == b"b" * 500


@pytest.mark.parametrize(
    "name", ["a\0.css", "\ud800.css", "a" * 5000, "a\\..\\a.css", "%2e%2e/a.css"]
)
def test_no_character_in_a_path_raises_an_error(get: Get, name: str) -> None:
    assert get(f"/static/{name}").status == 200  # the view


def test_a_redirect_has_the_access_headers_of_its_file(folders: tuple[Path, Path]) -> None:
    def add(headers: Any, path: str, url: str) -> None:
        headers["Access-Control-Expose-Headers"] = url

    for autorefresh in (False, True):
        with override_settings(
            STATICFILES_DIRS=list(folders),
            WHITENOISE_USE_FINDERS=True,
            WHITENOISE_AUTOREFRESH=autorefresh,
            WHITENOISE_INDEX_FILE=True,
            WHITENOISE_ADD_HEADERS_FUNCTION=add,
            MIDDLEWARE=["whitenoise_async.django.WhiteNoiseMiddleware"],
        ):
            handler = WSGIHandler()
            for path in ("/static/docs", "/static/docs/index.html"):
                reply = call_wsgi(handler, make_call(path))
                assert reply.status == 302
                assert reply["access-control-expose-headers"] == "/static/docs/"


def test_the_first_finder_takes_precedence_and_prefixes_apply(get: Get) -> None:
    assert get("/static/a.css").body == b"first"
    assert get("/static/named/a.css").body == b"third"


def test_files_of_applications_are_found(get: Get) -> None:
    assert b"--primary" in get(ADMIN).body


def test_variants_are_served_only_for_their_original(get: Get) -> None:
    assert get("/static/b.css", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"
    assert is_the_views(get, "/static/b.css.gz")


def is_the_views(get: Get, url: str) -> bool:
    return get(url).body == url.encode()


def test_index_files_are_served_at_the_url_of_their_folder(get: Get) -> None:
    assert get("/static/docs/").body == b"docs"
    assert get("/static/docs")["location"] == "docs/"
    assert get("/static/docs/index.html")["location"] == "./"


@pytest.mark.parametrize(
    "url",
    [
        "/static/none.css", "/static/none/", "/static/", "/static", "/a.css", "/staticx/a.css",
        "/static/a.css.map", "/static//a.css", "/static/./a.css", "/static/../a.css",
        "/static/named/../a.css", "/static/..", "/static/named\\a.css", "/static/a.css\0",
        "/static/../second/b.css", "/static/a.css/", "/static/named", "/static//etc/passwd",
        "/static/.whitenoise_async-compress.json",
    ],
)  # fmt: skip
def test_no_other_spelling_finds_a_file(get: Get, folders: tuple[Path, Path], url: str) -> None:
    write(folders[0] / ".whitenoise_async-compress.json", b"{}")
    assert is_the_views(get, url)


def test_files_added_after_startup_are_found_with_autorefresh(folders: tuple[Path, Path]) -> None:
    changed: dict[str, Any] = {
        "DEBUG": True,
        "STATICFILES_DIRS": [folders[0]],
        "MIDDLEWARE": ["whitenoise_async.django.WhiteNoiseMiddleware"],
    }
    with override_settings(**changed):
        handler = ASGIHandler()
        write(folders[0] / "new.css", b"new")
        sent = django_project.with_lower_case_headers(handler)
        reply = call_asgi(sent, make_call("/static/new.css"))
        assert (reply.body, reply["cache-control"]) == (b"new", "max-age=0, public")
        write(folders[0] / "new.css", b"newer")
        assert call_asgi(sent, make_call("/static/new.css")).body == b"newer"


class NoPath(Storage):  # type: ignore[misc]
    """A storage whose files are not in a file system."""

    prefix = None


class Elsewhere(finders.BaseFinder):  # type: ignore[misc]
    """Lists such files, and refuses to search."""

    def list(self, ignore_patterns: Any) -> Any:
        yield "a.css", NoPath()

    def find(self, path: str, *arguments: Any, **keywords: Any) -> Any:
        from django.core.exceptions import SuspiciousFileOperation

        raise SuspiciousFileOperation(path)

    def check(self, **keywords: Any) -> Any:
        return []


def test_files_without_a_path_are_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changed: dict[str, Any] = {
        "STATICFILES_FINDERS": [f"{__name__}.Elsewhere"],
        "MIDDLEWARE": ["whitenoise_async.django.WhiteNoiseMiddleware"],
        "WHITENOISE_USE_FINDERS": True,
    }
    with override_settings(**changed):
        finders.get_finder.cache_clear()
        handler = WSGIHandler()
        assert call_wsgi(handler, make_call("/static/a.css")).body == b"/static/a.css"
        assert "a.css of" in caplog.text and "is not served: it is not a local file" in caplog.text
    with override_settings(**changed, WHITENOISE_AUTOREFRESH=True):
        handler = WSGIHandler()
        assert call_wsgi(handler, make_call("/static/a.css")).body == b"/static/a.css"


class OtherName(NoPath):
    """A storage whose files have other names on disk."""

    def path(self, name: str) -> str:
        return "/build/3f2a.css"


class Built(Elsewhere):
    """Finds such files."""

    def list(self, ignore_patterns: Any) -> Any:
        yield "sass/a.css", OtherName()


def test_files_with_another_name_on_disk_are_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with override_settings(
        STATICFILES_FINDERS=[f"{__name__}.Built"],
        MIDDLEWARE=["whitenoise_async.django.WhiteNoiseMiddleware"],
        WHITENOISE_USE_FINDERS=True,
    ):
        finders.get_finder.cache_clear()
        handler = WSGIHandler()
    assert call_wsgi(handler, make_call("/static/sass/a.css")).body == b"/static/sass/a.css"
    (message,) = caplog.messages
    assert "sass/a.css of" in message and "its path has another name, /build/3f2a" in message


class Caseless(finders.FileSystemFinder):  # type: ignore[misc]
    """Ignores case, as every finder does on a file system that ignores it."""

    spells_as_asked = False

    def find_location(self, root: str, path: str, prefix: str | None = None) -> str | None:
        folder, found = str(root), ""
        for part in path.split("/"):
            names = os.listdir(os.path.join(folder, found)) if os.path.isdir(folder) else []
            same = [name for name in names if name.lower() == part.lower()]
            if not same:
                return None
            found = os.path.join(found, same[0])
        return os.path.join(folder, path if self.spells_as_asked else found)


class AsAsked(Caseless):
    """Returns the path in the spelling of the URL, which such a file system opens."""

    spells_as_asked = True


def searched(folder: Path, **changed: Any) -> Get:
    """Make a handler with these settings and autorefresh; returns a function that calls it."""
    changed = {
        "DEBUG": True,
        "STATICFILES_DIRS": [folder],
        "MIDDLEWARE": ["whitenoise_async.django.WhiteNoiseMiddleware"],
        **changed,
    }
    with override_settings(**changed):
        finders.get_finder.cache_clear()
        handler = WSGIHandler()

    def get(*args: Any, **keywords: Any) -> Reply:
        with override_settings(**changed):
            return call_wsgi(handler, make_call(*args, **keywords))

    return get


DJANGOS = "django.contrib.staticfiles.finders.FileSystemFinder"


@pytest.mark.parametrize("finder", [DJANGOS, f"{__name__}.Caseless", f"{__name__}.AsAsked"])
def test_a_name_in_another_case_is_not_found(
    tmp_path: Path, finder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system that ignores case: a name in another case is a file too.
    monkeypatch.setattr(os.path, "isfile", lambda path: not os.path.isdir(path))
    write(tmp_path / ".env", b"SECRET=1")
    write(tmp_path / "drafts" / "a.css", b"a")
    write(tmp_path / "b.css", b"b")
    get = searched(tmp_path, STATICFILES_FINDERS=[finder], WHITENOISE_EXCLUDE=[".env", "/drafts/*"])
    assert get("/static/b.css").body == b"b"
    for url in (
        *("/static/.env", "/static/.ENV", "/static/.Env", "/static/B.css"),
        *("/static/drafts/a.css", "/static/Drafts/a.css", "/static/DRAFTS/A.CSS"),
    ):
        assert is_the_views(get, url), url


@pytest.mark.parametrize("finder", [DJANGOS, f"{__name__}.Caseless"])
def test_an_excluded_variant_is_not_sent(tmp_path: Path, finder: str) -> None:
    write(tmp_path / "b.css", b"b" * 500, compressed=True)
    get = searched(tmp_path, STATICFILES_FINDERS=[finder], WHITENOISE_EXCLUDE=["*.gz"])
    reply = get("/static/b.css", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply
    assert "vary" not in reply
    assert reply.body == b"b" * 500
    assert is_the_views(get, "/static/b.css.gz")


@pytest.mark.parametrize("finder", [DJANGOS, f"{__name__}.Caseless"])
def test_a_sensitive_name_is_warned_about(
    tmp_path: Path, finder: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "secret.key", b"key")
    assert searched(tmp_path, STATICFILES_FINDERS=[finder])("/static/secret.key").body == b"key"
    assert f"{tmp_path / 'secret.key'} is served, perhaps by mistake" in caplog.text


@pytest.mark.parametrize("finder", [DJANGOS, f"{__name__}.Caseless"])
def test_index_files_of_every_finder_are_served(tmp_path: Path, finder: str) -> None:
    write(tmp_path / "docs" / "index.html", b"docs")
    write(tmp_path / "index.html", b"top")
    get = searched(tmp_path, STATICFILES_FINDERS=[finder], WHITENOISE_INDEX_FILE=True)
    assert get("/static/docs/").body == b"docs"
    assert get("/static/docs")["location"] == "docs/"
    assert get("/static/docs/index.html")["location"] == "./"
    assert get("/static/").body == b"top"
    assert get("/static")["location"] == "static/"
    assert is_the_views(get, "/static/DOCS/")


@pytest.mark.parametrize("finder", [DJANGOS, f"{__name__}.Caseless"])
def test_pages_of_every_finder_have_clean_urls(tmp_path: Path, finder: str) -> None:
    write(tmp_path / "docs" / "about.html", b"about")
    write(tmp_path / "both", b"exact")
    write(tmp_path / "both.html", b"page")
    get = searched(tmp_path, STATICFILES_FINDERS=[finder], WHITENOISE_CLEAN_URLS=True)
    assert get("/static/docs/about").body == b"about"
    assert get("/static/docs/about.html")["location"] == "about"
    assert get("/static/both").body == b"exact"
    assert get("/static/both.html").body == b"page"


def test_patterns_match_paths_below_each_folder(get: Get, folders: tuple[Path, Path]) -> None:
    write(folders[0].with_name("third") / "drafts" / "a.css", b"a draft")
    write(folders[0] / "named" / "c.css", b"c")
    with override_settings(WHITENOISE_EXCLUDE=["/drafts", "/named"]):
        handler = WSGIHandler()
        for url in ("/static/named/drafts/a.css", "/static/named/c.css"):
            assert call_wsgi(handler, make_call(url)).body == url.encode()
        assert call_wsgi(handler, make_call("/static/named/a.css")).body == b"third"


def test_a_variant_belongs_to_the_file_in_its_own_folder(
    get: Get, folders: tuple[Path, Path]
) -> None:
    write(folders[0] / "d.css", b"d" * 500)
    write(folders[1] / "d.css", b"d" * 500, compressed=True)
    with override_settings():
        handler = WSGIHandler()
        reply = call_wsgi(handler, make_call("/static/d.css", {"Accept-Encoding": "gzip"}))
    assert "content-encoding" not in reply


class Chosen(Elsewhere):
    """A finder that maps URLs to files with other names."""

    folder: Path

    def find(self, path: str, *arguments: Any, **keywords: Any) -> Any:
        names = {
            "sass/a.css": "3f2a.css",
            "other/index.html": "3f2a.css",
            "docs/index.html": "index.html",
            "docs/page.html": "3f2a.html",
            "none": "none",
        }
        return self.folder / names[path] if path in names else []


def test_files_with_another_name_are_found_by_their_finder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "3f2a.css", b"a" * 500, compressed=True)
    write(tmp_path / "index.html", b"docs")
    write(tmp_path / "3f2a.html", b"page")
    monkeypatch.setattr(Chosen, "folder", tmp_path, raising=False)
    options: dict[str, Any] = {"STATICFILES_FINDERS": [f"{__name__}.Chosen"]}
    get = searched(tmp_path, **options)
    reply = get("/static/sass/a.css", {"Accept-Encoding": "gzip"})
    assert (reply["content-encoding"], reply["content-type"]) == (
        "gzip",
        'text/css; charset="utf-8"',
    )
    assert is_the_views(get, "/static/none")
    assert is_the_views(get, "/static/3f2a.css")
    get = searched(tmp_path, **options, WHITENOISE_EXCLUDE=["3f2a.*"])
    assert is_the_views(get, "/static/sass/a.css")
    get = searched(tmp_path, **options, WHITENOISE_INDEX_FILE="index.html")
    assert get("/static/docs/").body == b"docs"
    assert get("/static/docs")["location"] == "docs/"
    assert get("/static/other/").body == b"a" * 500
    assert is_the_views(get, "/static/other")
    get = searched(tmp_path, **options, WHITENOISE_CLEAN_URLS=True)
    assert get("/static/docs/page.html").body == b"page"
    assert is_the_views(get, "/static/docs/page")
