"""The contract: what both adapters do alike, whatever they are given."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest
from clients import ADAPTERS, Serve, call_asgi, call_wsgi, client_of, make_call
from conftest import MTIME, write

from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.base import BaseWhiteNoise

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


def test_a_file_is_served_with_all_its_fields(serve: Serve, site: Path) -> None:
    reply = serve(site)("/robots.txt")
    assert reply.status == 200
    assert reply.body == b"User-agent: *\n"
    assert reply.headers == [
        ("content-type", 'text/plain; charset="utf-8"'),
        ("cache-control", "max-age=60, public"),
        ("access-control-allow-origin", "*"),
        ("accept-ranges", "bytes"),
        ("etag", f'"{MTIME * 10**9:x}-e"'),
        ("last-modified", LAST_MODIFIED),
        ("content-length", "14"),
    ]


def test_a_sibling_is_a_representation_with_its_own_validator(serve: Serve, site: Path) -> None:
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
def test_a_root_that_is_no_directory_is_warned_of_by_name(
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
            ({"mimetypes": {".png": "image/x"}}, "/docs/deep/image.png", "content-type", "image/x"),
            ({"mimetypes": {"robots.txt": "a/b"}}, "/robots.txt", "content-type", "a/b"),
        ],
    )
    def test_an_option_sets_its_field(
        self, serve: Serve, options: Any, path: str, field: str, expected: str | None
    ) -> None:
        reply = serve(**options)(path)
        assert reply.status == 200
        assert [value for name, value in reply.headers if name == field] == (
            [] if expected is None else [expected]
        )

    @pytest.mark.parametrize(
        "test",
        [
            r"\.css$",
            re.compile(r"^/app\."),
            lambda path, url: path.endswith(os.sep + "app.css") and url == "/app.css",
        ],
        ids=["expression", "compiled", "callable"],
    )
    def test_an_immutable_file_is_cached_for_good(self, serve: Serve, test: Any) -> None:
        get = serve(immutable_file_test=test)
        assert get("/app.css")["cache-control"] == "max-age=315360000, public, immutable"
        assert get("/robots.txt")["cache-control"] == "max-age=60, public"

    def test_an_immutable_file_is_cached_for_good_whatever_max_age_is(self, serve: Serve) -> None:
        get = serve(immutable_file_test=r"\.css$", max_age=None)
        assert get("/app.css")["cache-control"] == "max-age=315360000, public, immutable"

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

    def test_autorefresh_sees_what_came_and_went_after_the_start(
        self, serve: Serve, site: Path
    ) -> None:
        get = serve(autorefresh=True)
        write(site / "new" / "file.txt", b"new")
        (site / "robots.txt").unlink()
        assert get("/new/file.txt").body == b"new"
        assert get("/robots.txt").status == 404
        write(site / "new" / "file.txt", b"newer", compressed=True)
        assert get("/new/file.txt").body == b"newer"
        assert get("/new/file.txt", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"

    def test_without_autorefresh_what_comes_later_is_not_listed(
        self, serve: Serve, site: Path
    ) -> None:
        get = serve()
        write(site / "new.txt", b"new")
        assert get("/new.txt").status == 404


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


def test_a_directory_called_like_a_scheme_is_redirected_to_safely(serve: Serve, site: Path) -> None:
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
def test_the_mount_point_is_taken_off(
    serve: Serve, site: Path, mount: str, path: str, status: int
) -> None:
    assert serve(site)(path, mount=mount).status == status


def test_a_server_whose_path_leaves_out_the_mount_point_is_understood(site: Path) -> None:
    middleware = ASGIWhiteNoise(None, site)
    assert call_asgi(middleware, make_call("/robots.txt"), root_path="/app").status == 200


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
def test_an_unknown_option_is_named(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"'max_agee'.*max_age"):
        kind(None, max_agee=3)


def test_the_application_gets_what_the_server_gave(site: Path) -> None:
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
