"""The contract that both adapters keep."""

from __future__ import annotations

import errno
import gzip
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.helpers.clients import ADAPTERS, Get, Serve, call_asgi, call_wsgi, client_of, make_call
from tests.helpers.files import MTIME, write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.base import BaseWhiteNoise
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.serving import etags

LAST_MODIFIED = "Sun, 13 Sep 2020 12:26:40 GMT"


def wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"application: " + environ["PATH_INFO"].encode("latin-1")]


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"application: " + scope["path"].encode()})


@pytest.fixture
def application(adapter: str) -> Any:
    return wsgi_application if adapter == "wsgi" else asgi_application


def test_a_file_is_served_with_all_its_headers(serve: Serve, site: Path) -> None:
    reply = serve(site)("/robots.txt")
    assert reply.status == 200
    assert reply.body == b"User-agent: *\n"
    assert reply.headers == [
        ("content-type", 'text/plain; charset="utf-8"'),
        ("cache-control", "max-age=60, public"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("etag", f'"{MTIME * 10**9:x}-e"'),
        ("last-modified", LAST_MODIFIED),
        ("content-length", "14"),
    ]


def test_a_variant_is_a_representation_with_its_own_validator(serve: Serve, site: Path) -> None:
    get = serve(site)
    plain, coded = get("/app.css"), get("/app.css", {"Accept-Encoding": "gzip"})
    assert gzip.decompress(coded.body) == plain.body
    assert coded["content-encoding"] == "gzip"
    assert "content-encoding" not in plain
    assert coded["vary"] == plain["vary"] == "Accept-Encoding"
    assert coded["etag"] != plain["etag"]
    assert not coded["etag"].startswith("W/")
    assert int(coded["content-length"]) == len(coded.body) < len(plain.body)


def test_a_file_in_a_subdirectory_and_one_with_another_alphabet_are_found(
    serve: Serve, site: Path
) -> None:
    get = serve(site)
    assert get("/docs/deep/image.png").body == (site / "docs/deep/image.png").read_bytes()
    assert get("/✓.txt").body == b"checked"


@pytest.mark.parametrize(
    "path",
    [
        "/", "", "/missing", "/docs", "/docs/", "/app.css/", "//app.css", "/docs/../app.css",
        "/docs/deep", "/./app.css", "/app.css.gz", "/APP.CSS", "/app.css\0", "/docs\\index.html",
    ],
)  # fmt: skip
@pytest.mark.parametrize("autorefresh", [False, True])
def test_every_other_path_goes_to_the_application(
    serve: Serve, site: Path, application: Any, path: str, autorefresh: bool
) -> None:
    get = serve(site, application=application, autorefresh=autorefresh)
    assert get(path).body == b"application: " + path.encode()


def test_without_an_application_every_other_path_is_not_found(serve: Serve, site: Path) -> None:
    get = serve(site)
    assert get("/missing").status == 404
    assert get("/missing").body == b"Not Found\n"
    head = get("/missing", method="HEAD")
    assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("prefix", ["more-files", "/more-files", "/more-files/", "more-files/"])
def test_slashes_around_a_prefix_mean_nothing(serve: Serve, site: Path, prefix: str) -> None:
    get = serve(site, prefix)
    assert get("/more-files/robots.txt").status == 200
    assert get("/robots.txt").status == 404
    assert get("/more-filesrobots.txt").status == 404


@pytest.mark.parametrize("prefix", [None, "", "/"])
def test_without_a_prefix_files_are_served_from_the_top(
    serve: Serve, site: Path, prefix: str | None
) -> None:
    assert serve(site, prefix)("/robots.txt").status == 200


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_later_root_wins_over_an_earlier_one(
    adapter: str, site: Path, tmp_path: Path, autorefresh: bool
) -> None:
    later = tmp_path / "later"
    write(later / "app.css", b"later")
    middleware = ADAPTERS[adapter](None, site, autorefresh=autorefresh)
    middleware.add_files(later)
    get = client_of(adapter)(middleware)
    reply = get("/app.css", {"Accept-Encoding": "gzip"})
    assert reply.body == b"later"
    assert "vary" not in reply
    assert get("/robots.txt").status == 200


def test_a_root_may_be_relative_and_stays_where_it_was(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site.parent)
    get = serve("site")
    monkeypatch.chdir("/")
    assert get("/robots.txt").status == 200


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_root_that_is_not_a_directory_causes_a_warning_that_names_it(
    adapter: str, tmp_path: Path, autorefresh: bool
) -> None:
    missing = tmp_path / "missing"
    with pytest.warns(UserWarning, match=re.escape(str(missing))) as caught:
        middleware = ADAPTERS[adapter](None, missing, autorefresh=autorefresh)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=re.escape(str(missing))) as caught:
        middleware.add_files(missing)
    assert caught[0].filename == __file__
    assert client_of(adapter)(middleware)("/a").status == 404


@pytest.mark.parametrize("as_attribute", [False, True], ids=["keyword", "attribute"])
class TestOptions:
    """Each option, as a keyword argument and as an attribute of a subclass."""

    @pytest.fixture
    def serve(self, adapter: str, site: Path, as_attribute: bool) -> Serve:
        def make(**options: Any) -> Any:
            kind = ADAPTERS[adapter]
            if as_attribute:
                middleware = type("Mine", (kind,), options)(None, site)
            else:
                middleware = kind(None, site, **options)
            return client_of(adapter)(middleware)

        return make

    @pytest.mark.parametrize(
        ("options", "path", "field", "expected"),
        [
            ({}, "/robots.txt", "cache-control", "max-age=60, public"),
            ({"max_age": 0}, "/robots.txt", "cache-control", "max-age=0, public"),
            ({"max_age": 3600}, "/robots.txt", "cache-control", "max-age=3600, public"),
            ({"max_age": None}, "/robots.txt", "cache-control", None),
            ({"charset": "latin-1"}, "/app.css", "content-type", 'text/css; charset="latin-1"'),
            ({"charset": None}, "/app.css", "content-type", "text/css"),
            ({}, "/docs/deep/image.png", "content-type", "image/png"),
            ({}, "/robots.txt", "access-control-allow-origin", "*"),
            ({"allow_all_origins": False}, "/robots.txt", "access-control-allow-origin", None),
            ({}, "/robots.txt", "x-content-type-options", "nosniff"),
            ({"nosniff": False}, "/robots.txt", "x-content-type-options", None),
            ({"mimetypes": {".png": "image/x"}}, "/docs/deep/image.png", "content-type", "image/x"),
            ({"mimetypes": {"robots.txt": "a/b"}}, "/robots.txt", "content-type", "a/b"),
        ],
    )
    def test_an_option_sets_its_header(
        self, serve: Serve, options: Any, path: str, field: str, expected: str | None
    ) -> None:
        reply = serve(**options)(path)
        assert reply.status == 200
        assert [value for name, value in reply.headers if name == field] == (
            [] if expected is None else [expected]
        )

    @pytest.mark.parametrize("autorefresh", [False, True])
    def test_max_age_may_depend_on_the_path_below_the_root(
        self, serve: Serve, site: Path, autorefresh: bool
    ) -> None:
        write(site / "docs" / "index.html", b"home")
        ages = {"/docs/*.html": 0, "docs": 5, "*.css": None, "/robots": 7}
        get = serve(max_age=ages, index_file=True, autorefresh=autorefresh)
        assert get("/docs/")["cache-control"] == "max-age=0, public"
        assert get("/docs")["cache-control"] == "max-age=0, public"  # the redirect
        assert get("/docs/deep/image.png")["cache-control"] == "max-age=5, public"
        assert get("/robots.txt")["cache-control"] == "max-age=60, public"
        for coding in ("identity", "gzip"):
            assert "cache-control" not in get("/app.css", {"Accept-Encoding": coding})

    @pytest.mark.parametrize(
        "test",
        [
            r"\.css$",
            re.compile(r"^/app\."),
            lambda path, url: path.endswith(os.sep + "app.css") and url == "/app.css",
        ],
        ids=["expression", "compiled", "callable"],
    )
    def test_an_immutable_file_is_cached_permanently(self, serve: Serve, test: Any) -> None:
        get = serve(immutable_file_test=test)
        assert get("/app.css")["cache-control"] == "max-age=315360000, public, immutable"
        assert get("/robots.txt")["cache-control"] == "max-age=60, public"

    def test_an_immutable_file_is_cached_permanently_whatever_max_age_is(
        self, serve: Serve
    ) -> None:
        for max_age in (None, {"*": 0}):
            get = serve(immutable_file_test=r"\.css$", max_age=max_age)
            assert get("/app.css")["cache-control"] == "max-age=315360000, public, immutable"

    @pytest.mark.parametrize("autorefresh", [False, True])
    def test_the_options_for_headers_apply_to_clean_urls_and_the_fallback(
        self, serve: Serve, site: Path, autorefresh: bool
    ) -> None:
        write(site / "docs" / "about.html", b"about")
        get = serve(
            clean_urls=True,
            fallback="docs/about.html",
            max_age={"docs/*.html": 7},
            immutable_file_test="vite",
            autorefresh=autorefresh,
        )
        for url in ("/docs/about", "/docs/about.html"):
            reply = get(url)
            assert reply["cache-control"] == "max-age=7, public"
            assert reply["x-content-type-options"] == "nosniff"
        reply = get("/missing", {"Accept": "text/html"})
        assert (reply.body, reply["cache-control"]) == (b"about", "no-cache")
        assert reply["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("nosniff", [True, False])
    def test_nosniff_is_sent_with_a_body_and_with_a_redirect(
        self, serve: Serve, nosniff: bool
    ) -> None:
        get = serve(index_file=True, nosniff=nosniff)
        answers = {
            200: get("/robots.txt"),
            206: get("/robots.txt", {"Range": "bytes=0-1"}),
            302: get("/docs"),
            304: get("/robots.txt", {"If-None-Match": "*"}),
            405: get("/robots.txt", method="POST"),
            412: get("/robots.txt", {"If-Match": '"other"'}),
            416: get("/robots.txt", {"Range": "bytes=99-"}),
        }
        assert {status: reply.status for status, reply in answers.items()} == {
            status: status for status in answers
        }
        sent = {status for status, reply in answers.items() if "x-content-type-options" in reply}
        assert sent == ({200, 206, 302} if nosniff else set())

    def test_headers_are_added_once_per_file(self, serve: Serve, site: Path) -> None:
        seen = []

        def add(headers: Any, path: str, url: str) -> None:
            seen.append((path, url))
            headers["X-Path"] = "yes"
            headers.add_header("Content-Disposition", "attachment", filename="a b.css")
            del headers["Access-Control-Allow-Origin"]

        get = serve(add_headers_function=add)
        for coding in ("identity", "gzip", "gzip"):
            reply = get("/app.css", {"Accept-Encoding": coding})
            assert reply["x-path"] == "yes"
            assert reply["content-disposition"] == 'attachment; filename="a b.css"'
            assert "access-control-allow-origin" not in reply
        assert seen == [(str(site / "app.css"), "/app.css")]

    @pytest.mark.parametrize("index", [True, "index.html"])
    @pytest.mark.parametrize("autorefresh", [False, True])
    def test_an_index_file_is_served_at_its_directory(
        self, serve: Serve, index: Any, autorefresh: bool
    ) -> None:
        get = serve(index_file=index, autorefresh=autorefresh)
        reply = get("/docs/", {"Accept-Encoding": "gzip"})
        assert reply.status == 200
        assert reply["content-type"] == 'text/html; charset="utf-8"'
        assert reply["content-encoding"] == "gzip"
        for path, location in [("/docs", "docs/"), ("/docs/index.html", "./")]:
            for query, suffix in [("", ""), ("a=1&b=%20", "?a=1&b=%20")]:
                reply = get(path, query=query)
                assert (reply.status, reply["location"]) == (302, location + suffix)
                assert (reply["content-length"], reply.body) == ("0", b"")
        assert get("/").status == 404
        assert get("/docs/deep").status == 404
        assert get("/docs/deep/").status == 404

    def test_an_index_file_with_another_name_is_served_at_its_directory(self, serve: Serve) -> None:
        get = serve(index_file="robots.txt")
        assert get("/").body == b"User-agent: *\n"
        assert get("/docs/").status == 404

    @pytest.mark.parametrize("autorefresh", [False, True])
    def test_a_page_is_served_without_its_extension(
        self, serve: Serve, site: Path, autorefresh: bool
    ) -> None:
        write(site / "docs" / "über.html", b"<!doctype html><title>about</title>" * 10, True)
        get = serve(clean_urls=True, index_file=True, autorefresh=autorefresh)
        reply = get("/docs/über", {"Accept-Encoding": "gzip"})
        assert (reply.status, reply["content-encoding"]) == (200, "gzip")
        assert reply["content-type"] == 'text/html; charset="utf-8"'
        for query in ("", "a=1"):
            reply = get("/docs/über.html", query=query)
            assert reply.status == 302
            assert reply["location"] == "%C3%BCber" + (f"?{query}" if query else "")
        assert get("/docs/")["content-type"] == 'text/html; charset="utf-8"'
        assert get("/docs/index.html")["location"] == "./"
        for url in ("/docs/index", "/docs/über/", "/docs/über.gz", "/docs/über.html.gz", "/.html"):
            assert get(url).status == 404, url
        assert get("/docs/über", mount="/app").status == 200
        assert get("/docs/über.html", mount="/app")["location"] == "%C3%BCber"

    def test_autorefresh_notices_files_that_appear_and_disappear_after_the_start(
        self, serve: Serve, site: Path
    ) -> None:
        get = serve(autorefresh=True)
        write(site / "new" / "file.txt", b"new")
        (site / "robots.txt").unlink()
        assert get("/new/file.txt").body == b"new"
        assert get("/robots.txt").status == 404
        write(site / "new" / "file.txt", b"newer" * 100, compressed=True)
        assert get("/new/file.txt").body == b"newer" * 100
        assert get("/new/file.txt", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"

    def test_without_autorefresh_later_files_are_not_listed(self, serve: Serve, site: Path) -> None:
        get = serve()
        write(site / "new.txt", b"new")
        assert get("/new.txt").status == 404


@pytest.mark.parametrize("as_attribute", [False, True], ids=["keywords", "attributes"])
@pytest.mark.parametrize("max_age", [None, 0, 60])
def test_an_edit_shows_at_once_with_autorefresh_alone(
    adapter: str, site: Path, as_attribute: bool, max_age: int | None
) -> None:
    """Neither max_age nor a hash in the name lets a browser use its copy."""
    options: Any = {"autorefresh": True, "immutable_file_test": "."}
    for more in ({}, {"max_age": max_age}):
        options |= more
        attributes, keywords = (options, {}) if as_attribute else ({}, options)
        get = client_of(adapter)(
            type("Mine", (ADAPTERS[adapter],), attributes)(None, site, **keywords)
        )
        reply = get("/robots.txt")
        expected = [] if more and max_age is None else [f"max-age={more.get('max_age', 0)}, public"]
        assert [value for name, value in reply.headers if name == "cache-control"] == expected
    before = get("/robots.txt")["etag"]
    write(site / "robots.txt", b"edited")
    assert get("/robots.txt", {"If-None-Match": before}).body == b"edited"


def test_is_immutable_file_is_a_hook_for_subclasses(adapter: str, site: Path) -> None:
    seen = []

    class Hook(BaseWhiteNoise[Any]):
        def is_immutable_file(self, static_file: Any, url: str) -> bool:
            seen.append((static_file.path, url))
            return url.endswith(".css") or super().is_immutable_file(static_file, url)

    mine = type("Mine", (Hook, ADAPTERS[adapter]), {})
    get = client_of(adapter)(mine(None, site, "static", immutable_file_test="png$"))
    for url, immutable in [("app.css", True), ("robots.txt", False), ("docs/deep/image.png", True)]:
        assert ("immutable" in get(f"/static/{url}")["cache-control"]) is immutable
        assert seen.pop() == (str(site / url), f"/static/{url}")


def test_an_index_file_at_the_mount_point_itself_is_redirected_to_with_a_slash(
    serve: Serve, site: Path
) -> None:
    write(site / "index.html", b"home")
    get = serve(site, index_file=True)
    assert get("", mount="/app")["location"] == "app/"
    assert get("/", mount="/app").body == b"home"
    get = serve(site, "static", index_file=True)
    assert get("/static", mount="/app")["location"] == "static/"
    assert get("/static/").body == b"home"


def test_a_redirect_to_a_directory_named_like_a_scheme_stays_on_the_site(
    serve: Serve, site: Path
) -> None:
    write(site / "javascript:x" / "index.html", b"")
    write(site / "ü" / "index.html", b"")
    get = serve(site, index_file=True)
    assert get("/javascript:x")["location"] == "javascript%3Ax/"
    assert get("/ü")["location"] == "%C3%BC/"


@pytest.mark.parametrize(
    ("mount", "path", "status"),
    [
        ("/app", "/robots.txt", 200),
        ("/ü", "/robots.txt", 200),
        ("/app", "/app/robots.txt", 404),
        ("", "/app/robots.txt", 404),
    ],
)
def test_the_mount_point_is_removed_from_the_path(
    serve: Serve, site: Path, mount: str, path: str, status: int
) -> None:
    assert serve(site)(path, mount=mount).status == status


def test_a_server_may_leave_the_mount_point_out_of_the_path(site: Path) -> None:
    middleware = ASGIWhiteNoise(None, site)
    assert call_asgi(middleware, make_call("/robots.txt"), root_path="/app").status == 200


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
def test_an_unknown_option_is_named(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"'max_agee'.*max_age"):
        kind(None, max_agee=3)


ACCESS = {
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "ETag",
    "timing-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}


def set_access(headers: Any, path: str, url: str) -> None:
    for name, value in ACCESS.items():
        headers[name] = value


@pytest.mark.parametrize(
    ("path", "fields", "method", "status"),
    [
        ("/app.css", {}, "GET", 200),
        ("/app.css", {}, "HEAD", 200),
        ("/app.css", {}, "OPTIONS", 204),
        ("/app.css", {}, "POST", 405),
        ("/app.css", {"Range": "bytes=0-0"}, "GET", 206),
        ("/app.css", {"Range": "bytes=0-0,2-2"}, "GET", 206),
        ("/app.css", {"Range": "bytes=99999-"}, "GET", 416),
        ("/app.css", {"If-None-Match": "*"}, "GET", 304),
        ("/app.css", {"If-Match": '"x"'}, "GET", 412),
        ("/docs", {}, "GET", 302),
        ("/docs/index.html", {}, "HEAD", 302),
        ("/docs", {}, "POST", 405),
        ("/docs", {}, "OPTIONS", 204),
    ],
)
@pytest.mark.parametrize("autorefresh", [False, True])
def test_every_response_says_who_may_read_it(
    serve: Serve,
    site: Path,
    autorefresh: bool,
    path: str,
    fields: dict[str, str],
    method: str,
    status: int,
) -> None:
    get = serve(site, autorefresh=autorefresh, index_file=True, add_headers_function=set_access)
    reply = get(path, fields, method)
    assert reply.status == status
    assert {name: reply[name] for name in ACCESS} == ACCESS
    assert reply["access-control-allow-origin"] == "*"


def test_a_redirect_has_the_headers_of_the_hook_which_runs_once(serve: Serve, site: Path) -> None:
    urls = []

    def hide(headers: Any, path: str, url: str) -> None:
        urls.append(url)
        del headers["Access-Control-Allow-Origin"]
        headers["Cache-Control"] = "no-cache"

    get = serve(site, index_file=True, add_headers_function=hide)
    for path in ("/docs", "/docs/index.html", "/docs/", "/docs"):
        reply = get(path)
        assert "access-control-allow-origin" not in reply
        assert reply["cache-control"] == ("no-cache" if path == "/docs/" else "max-age=60, public")
    assert urls == ["/docs/"]


@pytest.mark.parametrize("mtime", [-1, 0, 1, 315_532_800, 315_619_200, 315_619_200.9])
@pytest.mark.parametrize("autorefresh", [False, True])
def test_two_releases_with_one_constant_date_and_length_are_told_apart(
    serve: Serve, site: Path, mtime: float, autorefresh: bool
) -> None:
    """Packages with a reproducible build have such dates."""
    path = site / "page.html"
    write(path, b"one" * 100, compressed=True, mtime=mtime)
    get = serve(site, autorefresh=autorefresh, check_interval=0)
    for fields in ({}, {"Accept-Encoding": "gzip"}):
        write(path, b"one" * 100, compressed=True, mtime=mtime)
        old = get("/page.html", fields)
        assert "last-modified" not in old
        write(path, b"two" * 100, compressed=True, mtime=mtime)
        new = get("/page.html", {**fields, "If-None-Match": old["etag"]})
        assert new.status == 200
        assert new["etag"] != old["etag"]
        since = {**fields, "If-Modified-Since": LAST_MODIFIED}
        assert get("/page.html", since).status == 200
        assert get("/page.html", {**fields, "If-Unmodified-Since": LAST_MODIFIED}).status == 200
        part = {**fields, "Range": "bytes=0-0", "If-Range": "Thu, 01 Jan 1970 00:00:00 GMT"}
        assert get("/page.html", part).status == 200
        assert get("/page.html", {**fields, "If-None-Match": new["etag"]}).status == 304


def test_the_first_real_date_is_sent(serve: Serve, site: Path) -> None:
    write(site / "page.html", b"page", mtime=315_619_201)
    reply = serve(site)("/page.html")
    assert reply["last-modified"] == "Wed, 02 Jan 1980 00:00:01 GMT"
    assert reply["etag"] == f'"{315_619_201 * 10**9:x}-4"'


def test_with_etags_of_the_content_no_date_counts(serve: Serve, site: Path) -> None:
    get = serve(site, etag="content", check_interval=0)
    for _ in range(2):
        reply = get("/app.css", {"If-Modified-Since": "Tue, 02 Oct 2096 07:06:40 GMT"})
        assert reply.status == 200
        assert "last-modified" not in reply
    assert get("/app.css", {"If-Unmodified-Since": "Sun, 13 Sep 2009 12:26:40 GMT"}).status == 200
    assert get("/app.css", {"Range": "bytes=0-0", "If-Range": LAST_MODIFIED}).status == 200
    assert get("/app.css", {"If-None-Match": reply["etag"]}).status == 304


def test_an_etag_of_a_callable_wins_and_a_constant_date_is_not_sent(
    serve: Serve, site: Path
) -> None:
    write(site / "page.html", b"page", mtime=1)
    get = serve(site, etag=lambda path, url: "v1")
    assert (get("/page.html")["etag"], "last-modified" in get("/page.html")) == ('"v1"', False)
    assert get("/robots.txt")["last-modified"] == LAST_MODIFIED


def test_a_content_etag_of_a_file_with_a_constant_date_is_computed_once(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    real = etags.compute_digest

    def digest(file: OpenFile) -> str:
        read.append(file.path)
        return real(file)

    monkeypatch.setattr(etags, "compute_digest", digest)
    page = write(site / "page.html", b"page" * 100, compressed=True, mtime=1)
    get = serve(site, check_interval=0)
    for _ in range(3):
        assert get("/page.html").status == get("/robots.txt").status == 200
    assert read == [str(page), f"{page}.gz"]


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize("content", [b"", b"1", bytes(range(256))])
def test_a_variant_that_is_not_smaller_does_not_count(
    serve: Serve, site: Path, content: bytes, autorefresh: bool
) -> None:
    write(site / "tiny.txt", content, compressed=True)
    get = serve(site, autorefresh=autorefresh, check_interval=0)
    reply = get("/tiny.txt", {"Accept-Encoding": "gzip, identity;q=0"})
    assert reply.body == content
    assert "vary" not in reply
    assert "content-encoding" not in reply
    assert get("/tiny.txt.gz").status == 404  # it still matches its original


def test_a_variant_counts_once_it_is_smaller(serve: Serve, site: Path) -> None:
    path = write(site / "page.html", b"a" * 30)
    write(site / "page.html.gz", gzip.compress(b"a" * 30, 0))
    get = serve(site, check_interval=0)
    assert "vary" not in get("/page.html")
    write(path, b"a" * 30, compressed=True)
    assert get("/page.html")["vary"] == "Accept-Encoding"
    same_size = path.stat().st_size
    write(site / "page.html.gz", gzip.compress(b"a" * 30, 0)[:same_size])
    assert "vary" not in get("/page.html")


def test_if_range_with_a_date_of_this_second_is_refused_and_accepted_a_second_later(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 §8.8.2.2. The request is the same both times, so the refusal is not cached."""
    get = serve(site, check_interval=None)
    now = MTIME + 0.5
    monkeypatch.setattr("whitenoise_async.http.preconditions.time.time", lambda: now)
    fields = {"Range": "bytes=0-3", "If-Range": LAST_MODIFIED}
    assert get("/robots.txt", fields).status == 200
    now = MTIME + 1
    assert get("/robots.txt", fields).body == b"User"


def notes(site: Path) -> bytes:
    """Write two files with the names of a file and its variant."""
    content = gzip.compress(b"of something else")
    write(site / "notes", b"notes")
    write(site / "notes.gz", content)
    return content


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_file_that_only_has_the_name_of_a_variant_is_an_ordinary_file(
    serve: Serve, site: Path, autorefresh: bool
) -> None:
    content = notes(site)
    get = serve(site, autorefresh=autorefresh)
    for _ in range(2):
        reply = get("/notes.gz", {"Accept-Encoding": "gzip"})
        assert (reply.status, reply.body) == (200, content)
        assert reply["content-type"] == "application/gzip"
        assert "content-encoding" not in reply
        assert "vary" not in reply
        assert get("/notes.gz", {"Range": "bytes=0-1"}).body == content[:2]
        assert get("/notes.gz", {"If-None-Match": reply["etag"]}).status == 304
        assert get("/notes.gz", method="POST").status == 405
        assert get("/notes", {"Accept-Encoding": "gzip"}).body == b"notes"
        assert get("/app.css.gz").status == get("/docs/index.html.gz").status == 404
        for path in ("/missing.gz", "/docs/.gz", "/.gz", ".gz", ""):
            assert get(path).status == 404


@pytest.mark.parametrize(
    ("name", "content", "mtime"),
    [
        ("notes.zst", b"not zstandard", MTIME),
        ("notes.br", b"", MTIME),
        ("notes.br", b"an old one", MTIME - 3),
        ("notes.gz.gz", b"text", MTIME),
    ],
)
@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_file_in_another_coding_than_its_name_says_is_an_ordinary_file(
    serve: Serve, site: Path, name: str, content: bytes, mtime: int, autorefresh: bool
) -> None:
    notes(site)
    write(site / name, content, mtime=mtime)
    assert serve(site, autorefresh=autorefresh)(f"/{name}").body == content


def test_a_variant_that_a_deploy_repairs_or_breaks_is_noticed(serve: Serve, site: Path) -> None:
    content = notes(site)
    get = serve(site, check_interval=0)
    assert get("/notes.gz").body == content
    write(site / "notes.gz", gzip.compress(b"notes"))
    assert get("/notes.gz").status == 404
    write(site / "notes", b"longer notes")
    assert get("/notes.gz").status == 200
    write(site / "notes", b"notes")
    assert get("/notes.gz").status == 404
    (site / "notes").unlink()
    for _ in range(2):
        assert get("/notes.gz").status == 200
    write(site / "notes", b"notes")
    assert get("/notes.gz").status == 404
    (site / "notes.gz").unlink()
    assert get("/notes.gz").status == 404


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_variant_belongs_to_the_original_of_its_own_root(
    adapter: str, tmp_path: Path, autorefresh: bool
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    content = notes(one)
    write(two / "notes", b"other")
    write(two / "more", b"more" * 20, compressed=True)
    write(one / "more.gz", b"of an earlier root")
    application = ADAPTERS[adapter](None, one, autorefresh=autorefresh)
    application.add_files(two)
    get = client_of(adapter)(application)
    assert get("/notes").body == b"other"
    assert get("/notes.gz").body == content
    assert get("/more.gz").body == b"of an earlier root"
    write(one / "notes.gz", gzip.compress(b"notes"))
    assert autorefresh is False or get("/notes.gz").status == 404


def test_a_variant_whose_original_is_gone_is_not_judged(
    serve: Serve, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notes(site)
    get = serve(site)
    (site / "notes").unlink()
    os.mkfifo(site / "notes")
    assert get("/notes.gz").status == 404
    assert caplog.messages == [f"{site}/notes is not served: it is not a regular file"]


def test_a_503_says_who_may_read_it(
    serve: Serve, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = serve(site, index_file=True, add_headers_function=set_access, check_interval=0)
    for cached in (False, True):
        if cached:
            assert get("/docs/").status == 200

        def fail(*_: object) -> Any:
            raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr("whitenoise_async.files.open_file.os.stat", fail)
            patch.setattr("whitenoise_async.files.open_file.os.open", fail)
            for path in ("/docs", "/docs/"):
                reply = get(path)
                assert reply.status == 503
                assert reply["access-control-allow-origin"] == "*"
                assert ("timing-allow-origin" in reply) is cached


def test_a_variant_whose_original_is_unreadable_is_not_judged(public_path: Path) -> None:
    notes(public_path)
    (public_path / "notes").chmod(0)
    output = run_as_nobody(f"""
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        get = client_of("wsgi")(whitenoise_async.WhiteNoise(None, {str(public_path)!r}))
        print(get("/notes.gz").status)
    """)
    assert output == f"{public_path}/notes is not served: Permission denied\n404\n"


@pytest.mark.parametrize(
    "path", ["/a%5Cb", "/%2e%2e/app.css", "/app.css%00", "/%00", "/%00.gz", "/\ud800.gz"]
)
@pytest.mark.parametrize("autorefresh", [False, True])
def test_no_character_of_a_path_is_an_error(
    serve: Serve, site: Path, path: str, autorefresh: bool
) -> None:
    write(site / "a\\b", b"backslash")
    get = serve(site, autorefresh=autorefresh)
    assert get(unquote(path)).status == (200 if path == "/a%5Cb" else 404)


def test_an_application_mounted_in_starlette_is_found_below_any_root_path(site: Path) -> None:
    mounted = Starlette(routes=[Mount("/sub/dir", ASGIWhiteNoise(None, site, index_file=True))])
    for root_path in ("", "/api", "/api/"):
        for path in ("/sub/dir", f"{root_path}/sub/dir"):
            for name, location in (("/docs", "docs/"), ("/docs/index.html", "./")):
                scope: Any = {"path": path + name, "root_path": root_path}
                assert call_asgi(mounted, make_call("/"), **scope)["location"] == location
            scope = {"path": f"{path}/app.css", "root_path": root_path}
            assert call_asgi(mounted, make_call("/"), **scope).status == 200


def test_the_application_gets_the_request_unchanged(site: Path) -> None:
    seen: list[Any] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(dict(environ))
        return wsgi_application(environ, start_response)

    call = make_call("/other", {"Accept-Encoding": "gzip", "X-A": "b"}, query="q=1", mount="/app")
    call_wsgi(wsgi, call)
    call_wsgi(WhiteNoise(wsgi, site), call)
    plain, wrapped = ({k: v for k, v in each.items() if "wsgi." not in k} for each in seen)
    assert plain == wrapped
    seen.clear()

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope))
        await asgi_application(scope, receive, send)

    call_asgi(asgi, call)
    call_asgi(ASGIWhiteNoise(asgi, site), call)
    assert seen[0] == seen[1]


class TestHashedUrls:
    """A file at its hashed URL is like at its plain one, but never changes."""

    IMMUTABLE = "max-age=315360000, public, immutable"

    @pytest.fixture
    def root(self, site: Path) -> Path:
        sheet = b"a { b: url(deep/image.png) }\n" * 100
        write(site / "docs" / "sheet.css", sheet, compressed=True)
        return site

    @pytest.fixture
    def assets(self, root: Path) -> Assets:
        return Assets(root, "static", add_headers_function=set_access)

    @pytest.fixture
    def get(self, adapter: str, assets: Assets) -> Get:
        return client_of(adapter)(ADAPTERS[adapter](None, assets=assets))

    @pytest.mark.parametrize("name", ["app.css", "docs/sheet.css", "docs/deep/image.png", "✓.txt"])
    @pytest.mark.parametrize("coding", ["identity", "gzip"])
    def test_only_the_cache_control_differs_from_the_plain_url(
        self, get: Get, assets: Assets, name: str, coding: str
    ) -> None:
        fields = {"Accept-Encoding": coding}
        plain = dict(get(f"/static/{name}", fields).headers)
        hashed = dict(get(unquote(assets.url(name)), fields).headers)
        assert plain.pop("cache-control") == "max-age=60, public"
        assert hashed.pop("cache-control") == self.IMMUTABLE
        assert ("use-as-dictionary" in hashed) is not name.endswith(".png")
        hashed.pop("use-as-dictionary", None)
        if name == "docs/sheet.css":  # it is rewritten
            for header in ("content-length", "etag"):
                assert plain.pop(header) != hashed.pop(header)
        assert plain == hashed

    @pytest.mark.parametrize("name", ["app.css", "docs/sheet.css", "docs/deep/image.png"])
    @pytest.mark.parametrize("coding", ["identity", "gzip"])
    def test_every_kind_of_request_is_answered(
        self, get: Get, assets: Assets, name: str, coding: str
    ) -> None:
        url, fields = assets.url(name), {"Accept-Encoding": coding}
        whole = get(url, fields)
        assert whole.status == 200
        head = get(url, fields, "HEAD")
        assert (head.status, head.headers, head.body) == (200, whole.headers, b"")
        part = get(url, {**fields, "Range": "bytes=2-5"})
        assert (part.status, part.body) == (206, whole.body[2:6])
        parts = get(url, {**fields, "Range": "bytes=0-0,-1"})
        assert (parts.status, parts.body.count(b"Content-Range")) == (206, 2)
        assert get(url, {**fields, "Range": "bytes=9999999-"}).status == 416
        not_modified = get(url, {**fields, "If-None-Match": whole["etag"]})
        assert (not_modified.status, not_modified["etag"]) == (304, whole["etag"])
        assert not_modified["cache-control"] == self.IMMUTABLE
        assert get(url, {**fields, "If-Match": '"x"'}).status == 412
        assert get(url, {**fields, "If-Modified-Since": LAST_MODIFIED}).status == 304
        options = get(url, fields, "OPTIONS")
        assert (options.status, options["allow"]) == (204, "GET, HEAD, OPTIONS")
        assert get(url, fields, "POST").status == 405

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
    @pytest.mark.parametrize("autorefresh", [False, True])
    def test_a_wrong_hash_is_not_found_and_never_cached(
        self, serve: Serve, application: Any, root: Path, method: str, autorefresh: bool
    ) -> None:
        get = serve(root, application=application, autorefresh=autorefresh, fallback="robots.txt")
        for name in ("app", "docs/sheet"):
            reply = get(f"/{name}.0123456789ab.css", {"Accept": "text/html"}, method)
            assert (reply.status, reply["cache-control"]) == (404, "no-store")
            assert reply.body == (b"" if method == "HEAD" else b"Not Found\n")
            assert reply["access-control-allow-origin"] == "*"
            assert not {"etag", "last-modified", "accept-ranges"} & dict(reply.headers).keys()
        for url in ("/missing.0123456789ab.css", "/app.0123456789AB.css", "/app.css.0123456789ab"):
            assert get(url).body == b"application: " + url.encode()

    def test_a_range_or_a_condition_changes_no_response_to_a_wrong_hash(self, get: Get) -> None:
        url = "/static/app.0123456789ab.css"
        expected = get(url)
        for fields in (
            {"Range": "bytes=0-1"},
            {"If-None-Match": "*"},
            {"If-Match": '"x"'},
            {"Accept-Encoding": "gzip"},
        ):
            assert get(url, fields) == expected

    @pytest.mark.parametrize("mount", ["/app", "/ü", "/app/", "app"])
    def test_a_hashed_url_is_found_below_a_mount_point(
        self, get: Get, assets: Assets, mount: str
    ) -> None:
        url = assets.url("app.css")
        assert get(url, mount=mount).status == 200
        assert get("/x" + url, mount=mount).status == 404

    def test_a_removed_file_is_the_applications(
        self, serve: Serve, adapter: str, application: Any, root: Path
    ) -> None:
        app = ADAPTERS[adapter](application, root, check_interval=0)
        get = client_of(adapter)(app)
        urls = [app.assets.url("robots.txt"), "/robots.0123456789ab.txt"]
        assert get(urls[0]).status == 200
        (root / "robots.txt").unlink()
        for url in urls:
            assert get(url).body == b"application: " + url.encode()

    @pytest.mark.parametrize(
        "limits",
        [{"max_cached_file_size": 0}, {"max_cache_size": 0}, {"max_cache_size": 3000}, {}],
        ids=str,
    )
    def test_the_limits_of_memory_change_no_bytes_of_a_rewritten_style_sheet(
        self, adapter: str, root: Path, limits: Any
    ) -> None:
        app = ADAPTERS[adapter](None, root, **limits)
        get = client_of(adapter)(app)
        url = app.assets.url("docs/sheet.css")
        original = (root / "docs/sheet.css").read_bytes()
        for _ in range(3):
            body = get(url).body
            is_rewritten = limits != {"max_cached_file_size": 0}
            assert (body != original) is is_rewritten
            assert get(url, {"Range": "bytes=0-9"}).body == body[:10]
            coded = get(url, {"Accept-Encoding": "gzip"})
            if "content-encoding" in coded:
                assert gzip.decompress(coded.body) == body
        assert app.responder.content_cache.size <= limits.get("max_cache_size", 10**9)

    @pytest.mark.parametrize("etag", ["content", "mtime", lambda path, url: f"v1-{url}"])
    def test_each_representation_has_an_etag_of_its_own(
        self, adapter: str, root: Path, etag: Any
    ) -> None:
        app = ADAPTERS[adapter](None, root, etag=etag)
        get = client_of(adapter)(app)
        url = app.assets.url("docs/sheet.css")
        tags = {get(url, {"Accept-Encoding": coding})["etag"] for coding in ("gzip", "br", "*;q=0")}
        assert len(tags) == 3
        if callable(etag):
            assert '"v1-/docs/sheet.css"' in tags  # hooks get the plain URL
