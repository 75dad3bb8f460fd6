"""The fallback in Django: as a middleware and around the application, sync and async."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.http import HttpResponse, HttpResponseNotFound, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.deprecation import MiddlewareMixin

from tests.helpers import django_project
from tests.helpers.clients import Get, call_asgi, call_wsgi, environ_of, make_call
from tests.helpers.files import write
from whitenoise_async.django import DjangoWhiteNoise, WhiteNoiseMiddleware
from whitenoise_async.django.checks import check_settings

MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"
PAGE = b"<!doctype html><title>App</title>" * 20
NAVIGATION = {"Sec-Fetch-Mode": "navigate"}
VARY = "Accept, Sec-Fetch-Mode"

closed: list[str] = []


class Pieces:
    def __iter__(self) -> Iterator[bytes]:
        return iter([b"No"])

    def close(self) -> None:
        closed.append("pieces")


def streamed(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(Pieces(), status=404)


def varied(request: Any) -> HttpResponse:
    response = HttpResponseNotFound("No", headers={"Vary": "Cookie"})
    response.set_cookie("a", "b")
    return response


def head_as_get(request: Any) -> HttpResponse:
    request.META["REQUEST_METHOD"] = "GET"
    return HttpResponseNotFound("No")


async def plain(request: Any) -> HttpResponse:
    return HttpResponse("view")


urlpatterns = [
    path("streamed", streamed),
    path("varied", varied),
    path("head_as_get", head_as_get),
    path("plain", plain),
]


@pytest.fixture(params=[False, True], ids=["walked", "autorefresh"])
def settings(request: pytest.FixtureRequest, project: Path, stack: ExitStack) -> dict[str, Any]:
    write(project / "dist" / "index.html", PAGE, compressed=True)
    write(project / "root" / "index.html", b"a static file")
    changed = {
        "ROOT_URLCONF": __name__,
        "WHITENOISE_ROOT": project / "dist",
        "WHITENOISE_FALLBACK": "index.html",
        "WHITENOISE_AUTOREFRESH": request.param,
    }
    stack.enter_context(override_settings(**changed))
    return changed


@pytest.fixture(params=["middleware", "wrapper"])
def where(request: pytest.FixtureRequest, stack: ExitStack) -> str:
    middleware = [MIDDLEWARE] if request.param == "middleware" else []
    stack.enter_context(override_settings(MIDDLEWARE=middleware))
    return str(request.param)


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest, settings: dict[str, Any], where: str) -> Get:
    handler: Any = WSGIHandler() if request.param == "wsgi" else ASGIHandler()
    if where == "wrapper":
        handler = DjangoWhiteNoise(handler)
    if request.param == "wsgi":
        return lambda *args, **keywords: call_wsgi(handler, make_call(*args, **keywords))
    application = django_project.with_lower_case_headers(handler)
    return lambda *args, **keywords: call_asgi(application, make_call(*args, **keywords))


@pytest.mark.parametrize("url", ["/users/7", "/", "/varied", "/static/users"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_navigation_gets_the_fallback(get: Get, url: str, debug: bool) -> None:
    """Also in place of Django's debugging page."""
    with override_settings(DEBUG=debug):
        reply = get(url, NAVIGATION)
    assert (reply.status, reply.body) == (200, PAGE)
    assert (reply["cache-control"], reply["vary"]) == ("no-cache", f"{VARY}, Accept-Encoding")
    assert "set-cookie" not in reply
    coded = get(url, {"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert gzip.decompress(coded.body) == PAGE
    assert get(url, {**NAVIGATION, "If-None-Match": reply["etag"]}).status == 304
    head = get(url, NAVIGATION, "HEAD")
    assert (head.status, head.body, head["etag"]) == (200, b"", reply["etag"])


def test_other_responses_are_the_projects(get: Get) -> None:
    assert get("/plain", NAVIGATION).body == b"view"
    assert "vary" not in get("/plain")
    reply = get("/users/7")
    assert (reply.status, reply["vary"]) == (404, VARY)
    assert get("/varied")["vary"] == f"Cookie, {VARY}"
    for url, method in [("/old.js", "GET"), ("/users/7", "POST")]:
        reply = get(url, NAVIGATION, method)
        assert reply.status == 404
        assert "accept" not in dict(reply.headers).get("vary", "").lower()


def test_a_view_may_answer_head_as_get(get: Get) -> None:
    reply = get("/head_as_get", NAVIGATION, method="HEAD")
    assert (reply.status, reply.body) == (200, b"")


def test_a_removed_fallback_leaves_the_404(get: Get, settings: dict[str, Any]) -> None:
    (settings["WHITENOISE_ROOT"] / "index.html").unlink()
    reply = get("/users/7", NAVIGATION)
    assert (reply.status, reply["vary"]) == (404, VARY)


def test_the_fallback_is_below_the_mount_point(get: Get) -> None:
    assert get("/users/7", NAVIGATION, mount="/app").body == PAGE


def test_below_force_script_name(get: Get, settings: dict[str, Any]) -> None:
    """Also if the server does not know it."""
    with override_settings(FORCE_SCRIPT_NAME="/app"):
        application = django_project.with_lower_case_headers(DjangoWhiteNoise(ASGIHandler()))
        reply = call_asgi(application, make_call("/app/users/7", NAVIGATION))
    assert (reply.status, reply.body) == (200, PAGE)


@pytest.mark.parametrize("root", [None, "root"])
def test_the_fallback_is_not_among_the_static_files(
    project: Path, settings: dict[str, Any], root: str | None
) -> None:
    """The page there belongs to another URL."""
    (project / "dist" / "index.html").unlink()
    with override_settings(
        MIDDLEWARE=[MIDDLEWARE],
        WHITENOISE_ROOT=root and project / "dist",
        WHITENOISE_USE_FINDERS=True,
    ):
        handler = WSGIHandler()
        assert call_wsgi(handler, make_call("/static/users", NAVIGATION)).status == 404
        assert call_wsgi(handler, make_call("/users", NAVIGATION)).status == 404


def test_the_discarded_response_is_closed_once_the_request_ends(settings: dict[str, Any]) -> None:
    closed.clear()

    def finish(**keywords: Any) -> None:
        closed.append("request")

    request_finished.connect(finish)
    try:
        with override_settings(MIDDLEWARE=[MIDDLEWARE]):
            environ = environ_of(make_call("/streamed", NAVIGATION))
            response = WSGIHandler()(environ, lambda *arguments: None)
            assert b"".join(response) == PAGE
            assert closed == []
            response.close()
    finally:
        request_finished.disconnect(finish)
    assert closed == ["pieces", "request"]


class Mixed(MiddlewareMixin, WhiteNoiseMiddleware):  # type: ignore[misc]
    """MiddlewareMixin sets ``get_response`` before our constructor runs."""

    def process_request(self, request: Any) -> Any:
        return WhiteNoiseMiddleware.__call__(self, request)


def test_a_subclass_with_djangos_mixin_has_the_fallback(settings: dict[str, Any]) -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.Mixed"]):
        handler = WSGIHandler()
        assert call_wsgi(handler, make_call("/plain")).body == b"view"
        assert call_wsgi(handler, make_call("/users/7", NAVIGATION)).body == PAGE


def test_a_missing_fallback_is_a_warning_of_the_checks(
    project: Path, settings: dict[str, Any]
) -> None:
    def found() -> list[str]:
        return [str(each) for each in check_settings(None) if each.id == "whitenoise_async.W009"]

    assert found() == []
    for changed in ({"WHITENOISE_FALLBACK": "indx.html"}, {"WHITENOISE_ROOT": None}):
        with override_settings(**changed):
            (message,) = found()
            assert "WHITENOISE_FALLBACK is not a file below WHITENOISE_ROOT: " in message
            assert "HINT: Set WHITENOISE_ROOT to the folder of the built page" in message


@pytest.mark.parametrize("kind", [DjangoWhiteNoise, WhiteNoiseMiddleware])
def test_django_has_its_own_page_for_missing_urls(settings: dict[str, Any], kind: Any) -> None:
    with pytest.raises(ValueError, match=r"^not_found must be None with an application"):
        kind(None, not_found="404.html")
    with override_settings(WHITENOISE_NOT_FOUND="404.html"):
        assert "Unknown setting WHITENOISE_NOT_FOUND" in [each.msg for each in check_settings(None)]
