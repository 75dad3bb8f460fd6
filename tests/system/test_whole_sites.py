"""The fallback and the page for missing URLs, the same in both adapters."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Reply, Serve, call_asgi, call_wsgi, client_of, make_call
from tests.helpers.files import write
from whitenoise_async.base import BaseWhiteNoise

PAGE = b"<!doctype html><title>App</title>" * 20
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html,*/*;q=0.8"}
VARY = "Accept, Sec-Fetch-Mode"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A single-page application."""
    write(tmp_path / "dist" / "index.html", PAGE, compressed=True)
    write(tmp_path / "dist" / "assets" / "app.js", b"let a = 1")
    return tmp_path / "dist"


def application(adapter: str, status: str = "404 Not Found", vary: Iterable[str] = ()) -> Any:
    """An application that sends the same response to every request."""
    headers = [("content-type", "text/plain"), ("set-cookie", "a=b")]
    headers += [("vary", each) for each in vary]

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return [b"application"]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})
        await send({"type": "http.response.body", "body": b"application"})

    return wsgi if adapter == "wsgi" else asgi


@pytest.fixture(params=[False, True], ids=["standalone", "around"])
def around(request: pytest.FixtureRequest, adapter: str) -> Any:
    """No application, or one that knows no URL."""
    return application(adapter) if request.param else None


def test_a_large_page_is_sent_whole(serve: Serve, tmp_path: Path, around: Any) -> None:
    page = PAGE * 200  # so large that ASGI bodies wait for their turn of the event loop
    write(tmp_path / "index.html", page)
    get = serve(tmp_path, application=around, fallback="index.html")
    for _ in range(2):
        assert get("/users/7", NAVIGATION).body == page


def is_fallback(reply: Reply) -> bool:
    return reply.status == 200 and reply.body == PAGE


def test_a_navigation_gets_the_fallback(
    serve: Serve, dist: Path, around: Any, autorefresh: bool
) -> None:
    get = serve(dist, application=around, fallback="index.html", autorefresh=autorefresh)
    for url in ("/users/7", "/users/7/", "/", ""):
        reply = get(url, NAVIGATION, query="a=1")
        assert is_fallback(reply)
        assert reply["cache-control"] == "no-cache"
        assert reply["vary"] == f"{VARY}, Accept-Encoding"
        assert reply["content-type"] == 'text/html; charset="utf-8"'
        assert "set-cookie" not in reply
        coded = get(url, {**NAVIGATION, "Accept-Encoding": "gzip"})
        assert gzip.decompress(coded.body) == PAGE
        assert coded["etag"] != reply["etag"]
        head = get(url, NAVIGATION, "HEAD")
        assert (head.status, head.headers, head.body) == (200, reply.headers, b"")
    assert is_fallback(get("/users/7", {"Accept": "text/html"}))


@pytest.mark.parametrize(
    ("url", "fields", "method"),
    [
        ("/users/7", {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}, "GET"),
        ("/users/7", {"Accept": "*/*"}, "GET"),
        ("/users/7", {"Accept": "text/html;q=0"}, "GET"),
        ("/users/7", {}, "HEAD"),
    ],
)
def test_another_404_says_what_it_depends_on(
    serve: Serve, dist: Path, around: Any, autorefresh: bool, url: str, fields: Any, method: str
) -> None:
    get = serve(dist, application=around, fallback="index.html", autorefresh=autorefresh)
    reply = get(url, fields, method)
    assert (reply.status, reply["vary"]) == (404, VARY)
    assert ("set-cookie" in reply) is (around is not None)


@pytest.mark.parametrize(
    ("url", "method"),
    [("/assets/old.js", "GET"), ("/.env", "GET"), ("/users/7", "POST"), ("/users/7", "OPTIONS")],
)
def test_other_requests_are_the_applications(
    serve: Serve, dist: Path, around: Any, autorefresh: bool, url: str, method: str
) -> None:
    get = serve(dist, application=around, fallback="index.html", autorefresh=autorefresh)
    reply = get(url, NAVIGATION, method)
    assert reply.status == 404
    assert "vary" not in reply
    assert get("/assets/app.js", NAVIGATION).body == b"let a = 1"


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "410 Gone", "500 Oops"])
def test_only_a_404_is_replaced(adapter: str, serve: Serve, dist: Path, status: str) -> None:
    get = serve(dist, application=application(adapter, status), fallback="index.html")
    for fields in (NAVIGATION, {}):
        reply = get("/users/7", fields)
        assert (reply.status, reply.body) == (int(status[:3]), b"application")
        assert "vary" not in reply and reply["set-cookie"] == "a=b"


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        (["Cookie"], f"Cookie, {VARY}"),
        (["Cookie", "accept"], "Cookie, accept, Sec-Fetch-Mode"),
        (["*"], "*"),
    ],
)
def test_vary_is_joined_with_the_applications(
    adapter: str, serve: Serve, dist: Path, vary: list[str], expected: str
) -> None:
    get = serve(dist, application=application(adapter, vary=vary), fallback="index.html")
    assert get("/users/7")["vary"] == expected
    assert get("/users/7", NAVIGATION)["vary"] == f"{VARY}, Accept-Encoding"


def test_the_fallback_is_conditional_and_has_ranges(
    serve: Serve, dist: Path, autorefresh: bool
) -> None:
    get = serve(dist, fallback="index.html", autorefresh=autorefresh)
    reply = get("/users/7", NAVIGATION)
    unchanged = get("/users/8", {**NAVIGATION, "If-None-Match": reply["etag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged["vary"] == reply["vary"]
    assert unchanged["cache-control"] == "no-cache"
    part = get("/users/7", {**NAVIGATION, "Range": "bytes=0-3"})
    assert (part.status, part.body, part["vary"]) == (206, PAGE[:4], reply["vary"])
    assert get("/users/7", {**NAVIGATION, "If-Match": '"x"'}).status == 412
    assert get("/users/7", {**NAVIGATION, "Range": "bytes=9999-"})["vary"] == reply["vary"]


def test_the_file_at_its_own_url_has_its_own_headers(
    adapter: str, dist: Path, autorefresh: bool
) -> None:
    seen: list[str] = []

    def add(headers: Any, path: str, url: str) -> None:
        seen.append(url)
        headers["X-URL"] = url
        headers["Vary"] = "Cookie"

    get = client_of(adapter)(
        ADAPTERS[adapter](
            None,
            dist,
            "app",
            index_file=True,
            clean_urls=True,
            fallback="index.html",
            immutable_file_test=".",
            add_headers_function=add,
            autorefresh=autorefresh,
        )
    )
    own, fallback = get("/app/", NAVIGATION), get("/app/users", NAVIGATION)
    assert own.body == fallback.body == PAGE
    assert ("immutable" in own["cache-control"]) is not autorefresh
    assert fallback["cache-control"] == "no-cache"
    assert (own["x-url"], fallback["x-url"]) == ("/app/", "/app/index.html")
    assert own["vary"] == "Cookie, Accept-Encoding"
    assert fallback["vary"] == f"Cookie, {VARY}, Accept-Encoding"
    assert seen == ["/app/", "/app/index.html"]


def test_the_latest_root_that_covers_the_url_and_has_the_file_is_used(
    adapter: str, tmp_path: Path, autorefresh: bool
) -> None:
    middleware = ADAPTERS[adapter](None, fallback="app.html", autorefresh=autorefresh)
    for prefix in ("", "shop", "shop/admin"):
        write(tmp_path / (prefix or "top") / "app.html", prefix.encode())
        middleware.add_files(tmp_path / (prefix or "top"), prefix)
    (tmp_path / "later").mkdir()
    middleware.add_files(tmp_path / "later")
    get = client_of(adapter)(middleware)
    for url, expected in [
        ("/a", b""),
        ("/shopping", b""),
        ("/shop", b"shop"),
        ("/shop/a", b"shop"),
        ("/shop/admin/a/b", b"shop/admin"),
    ]:
        reply = get(url, NAVIGATION)
        assert (reply.status, reply.body) == (200, expected), url
    write(tmp_path / "last" / "app.html", b"last")
    middleware.add_files(tmp_path / "last")
    assert get("/shop/a", NAVIGATION).body == b"last"


def test_a_url_that_no_root_covers_has_no_fallback(
    serve: Serve, dist: Path, autorefresh: bool
) -> None:
    get = serve(dist, "app", fallback="index.html", autorefresh=autorefresh)
    assert is_fallback(get("/app/users/7", NAVIGATION))
    for fields in (NAVIGATION, {}):
        reply = get("/other", fields)
        assert reply.status == 404
        assert "vary" not in reply


@pytest.mark.parametrize("mount", ["/sub", "/sub/", "sub", "/é"])
def test_the_fallback_is_found_below_a_mount_point(
    serve: Serve, dist: Path, mount: str, autorefresh: bool
) -> None:
    get = serve(dist, "app", fallback="index.html", autorefresh=autorefresh)
    assert is_fallback(get("/app/users/7", NAVIGATION, mount=mount))
    assert get("/users/7", NAVIGATION, mount=mount).status == 404


def test_the_fallback_may_be_in_a_folder(serve: Serve, dist: Path, autorefresh: bool) -> None:
    get = serve(dist.parent, fallback="dist/index.html", autorefresh=autorefresh)
    assert is_fallback(get("/users/7", NAVIGATION))


@pytest.mark.parametrize("name", ["dist", "dist/index", "dist/index.html.gz", "none/index.html"])
def test_only_the_name_of_a_file_finds_the_fallback(
    adapter: str, dist: Path, name: str, autorefresh: bool, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = ADAPTERS[adapter](
        None, fallback=name, index_file=True, clean_urls=True, autorefresh=autorefresh
    )
    middleware.add_files(dist.parent)
    get = client_of(adapter)(middleware)
    caplog.clear()
    for _ in range(3):
        assert get("/users/7", NAVIGATION).status == 404
    (message,) = [each for each in caplog.messages if name in each]
    assert message == (
        f"No root contains {name}, the value of fallback, so missing pages get an ordinary 404."
        " Create the file and restart the application, or correct the option"
    )


def test_an_excluded_file_is_no_fallback(adapter: str, dist: Path, autorefresh: bool) -> None:
    middleware = ADAPTERS[adapter](
        None, fallback="index.html", exclude=["index.*"], autorefresh=autorefresh
    )
    middleware.add_files(dist)
    assert client_of(adapter)(middleware)("/users/7", NAVIGATION).status == 404


def test_a_missing_fallback_is_warned_about(adapter: str, dist: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"^No file at: .*indx\.html, the value of fallback$"
    ) as caught:
        middleware = ADAPTERS[adapter](None, dist, fallback="indx.html")
    assert [each.filename for each in caught] == [__file__]
    write(dist.parent / "more" / "indx.html", PAGE)
    middleware.add_files(dist.parent / "more")
    assert is_fallback(client_of(adapter)(middleware)("/users/7", NAVIGATION))
    with pytest.warns(UserWarning, match="^No directory at: ") as caught:
        ADAPTERS[adapter](None, dist / "none", fallback="indx.html")
    assert len(caught) == 1


@pytest.mark.parametrize("check_interval", [0, 1])
def test_a_removed_fallback_leaves_the_404(
    adapter: str, serve: Serve, dist: Path, check_interval: int, autorefresh: bool
) -> None:
    get = serve(
        dist,
        application=application(adapter),
        fallback="index.html",
        autorefresh=autorefresh,
        check_interval=check_interval,
    )
    if not check_interval:
        assert is_fallback(get("/users/7", NAVIGATION))
    (dist / "index.html").unlink()
    reply = get("/users/7", NAVIGATION)
    assert (reply.status, reply.body, reply["vary"]) == (404, b"application", VARY)
    write(dist / "index.html", PAGE)
    assert is_fallback(get("/users/7", NAVIGATION))


def test_a_large_fallback_is_streamed(serve: Serve, dist: Path) -> None:
    page = PAGE * 1000
    write(dist / "index.html", page)
    get = serve(dist, fallback="index.html", max_cached_file_size=0)
    reply = get("/users/7", NAVIGATION)
    assert (reply.status, reply.body) == (200, page)
    assert get("/users/7", {**NAVIGATION, "Range": "bytes=-5"}).body == page[-5:]


@pytest.mark.parametrize("autorefresh", [False, True])
def test_urls_add_no_memory(adapter: str, dist: Path, autorefresh: bool) -> None:
    """Clients control them."""
    middleware: BaseWhiteNoise[Any] = ADAPTERS[adapter](
        None, dist, fallback="index.html", autorefresh=autorefresh
    )
    get = client_of(adapter)(middleware)
    for number in range(20):
        assert is_fallback(get(f"/users/{number}", NAVIGATION))
    assert len(middleware.responder.response_cache) == (0 if autorefresh else 1)


def test_every_response_has_a_header_list_of_its_own(serve: Serve, dist: Path) -> None:
    get = serve(dist, fallback="index.html")
    first = get("/users/7", NAVIGATION)
    first.headers.clear()
    assert get("/users/7", NAVIGATION)["cache-control"] == "no-cache"


@pytest.mark.parametrize("url", ["/files/a/b", "/assets/app.js"])
def test_a_page_may_have_an_encoded_slash(adapter: str, dist: Path, url: str) -> None:
    """It is data for the single-page application, and names no file."""
    encoded = url.replace("/a", "%2Fa")
    call = make_call(url, NAVIGATION)
    middleware = ADAPTERS[adapter](None, dist, fallback="index.html")
    if adapter == "wsgi":
        reply = call_wsgi(middleware, call, RAW_URI=encoded)
    else:
        reply = call_asgi(middleware, call, adapter, raw_path=encoded.encode())
    assert is_fallback(reply) is (url == "/files/a/b")


def test_a_sensitive_fallback_is_warned_about_once(
    serve: Serve, dist: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(dist / "page.bak", PAGE)
    get = serve(dist, fallback="page.bak", autorefresh=True)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert get("/users/7", NAVIGATION).body == PAGE
    assert [each for each in caplog.messages if "perhaps by mistake" in each] == [
        f"{dist / 'page.bak'} is served, perhaps by mistake."
        " To leave it out, add to exclude (--exclude for a command): '*.bak'"
    ]


@pytest.fixture
def pages(dist: Path) -> Path:
    """A site with a page for missing URLs."""
    write(dist / "404.html", MISSING, compressed=True)
    return dist


MISSING = b"<!doctype html><title>Missing</title>" * 20


def test_a_missing_url_gets_the_page(serve: Serve, pages: Path, autorefresh: bool) -> None:
    get = serve(pages, not_found="404.html", autorefresh=autorefresh, immutable_file_test=".")
    for url in ("/users/7", "/assets/old.js", "/.env", "/"):
        reply = get(url, {"If-None-Match": "*", "If-Match": '"x"', "Range": "bytes=0-3"})
        assert (reply.status, reply.body) == (404, MISSING)
        assert sorted(reply.headers) == [
            ("access-control-allow-origin", "*"),
            ("cache-control", "no-store"),
            ("content-length", str(len(MISSING))),
            ("content-type", 'text/html; charset="utf-8"'),
            ("vary", "Accept-Encoding"),
            ("x-content-type-options", "nosniff"),
        ]
        head = get(url, method="HEAD")
        assert (head.status, head.headers, head.body) == (404, reply.headers, b"")
        coded = get(url, {"Accept-Encoding": "gzip, identity", "Range": "bytes=0-3"})
        assert (coded.status, gzip.decompress(coded.body)) == (404, MISSING)
    for method in ("POST", "OPTIONS"):
        assert get("/users/7", method=method).body == b"Not Found\n"
    own = get("/404.html")
    assert (own.status, own.body) == (200, MISSING)
    assert ("immutable" in own["cache-control"]) is not autorefresh


def test_the_fallback_comes_before_the_page_for_missing_urls(
    serve: Serve, pages: Path, autorefresh: bool
) -> None:
    get = serve(pages, fallback="index.html", not_found="404.html", autorefresh=autorefresh)
    assert is_fallback(get("/users/7", NAVIGATION))
    reply = get("/users/7")
    assert (reply.status, reply.body) == (404, MISSING)
    assert reply["vary"] == f"Accept-Encoding, {VARY}"
    reply = get("/assets/old.js", NAVIGATION)
    assert (reply.status, reply.body, reply["vary"]) == (404, MISSING, "Accept-Encoding")


def test_a_large_page_for_missing_urls_is_streamed(serve: Serve, pages: Path) -> None:
    write(pages / "404.html", MISSING * 1000)
    (pages / "404.html.gz").unlink()
    get = serve(pages, not_found="404.html", max_cached_file_size=0)
    for fields in ({}, {"Range": "bytes=0-3"}):
        reply = get("/users/7", fields)
        assert (reply.status, reply.body) == (404, MISSING * 1000)


def test_without_the_page_there_is_the_plain_404(
    serve: Serve, pages: Path, autorefresh: bool
) -> None:
    get = serve(pages, "site", not_found="404.html", autorefresh=autorefresh, check_interval=0)
    assert get("/other").body == b"Not Found\n"
    assert get("/site/other").body == MISSING
    (pages / "404.html").unlink()
    assert get("/site/other").body == b"Not Found\n"


@pytest.mark.parametrize("as_attribute", [False, True])
def test_an_application_has_its_own_page_for_missing_urls(
    adapter: str, pages: Path, as_attribute: bool
) -> None:
    option: Any = {"not_found": "404.html"}
    kind = type("Mine", (ADAPTERS[adapter],), option if as_attribute else {})
    with pytest.raises(ValueError, match=r"^not_found must be None with an application, .*'404"):
        kind(application(adapter), pages, **({} if as_attribute else option))
