"""The thread hops of requests under ASGI, with the middleware and without it.

``docs/performance-details.md`` has the same counts.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import markcoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from tests.helpers.clients import Reply, ask_asgi, call_wsgi, make_call, scope_of
from tests.helpers.django_project import view, with_lower_case_headers
from tests.helpers.files import write
from tests.helpers.hops import counting_hops
from whitenoise_async.files import open_file as files

SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
OURS = "whitenoise_async.django.WhiteNoiseMiddleware"
LARGE = b"0123456789abcdef" * 655_360

#: Hops that no middleware can avoid: the signal ``request_started``, and closing the response.
DJANGO = 2
#: Django runs each half of ``SecurityMiddleware`` in a thread, around a coroutine.
WITH_SECURITY = DJANGO + 2


async def async_view(request: Any) -> HttpResponse:
    return view(request)


def sync_only(get_response: Any) -> Any:
    """A middleware that is only synchronous."""
    return lambda request: get_response(request)


sync_only.async_capable = False  # type: ignore[attr-defined]


def async_only(get_response: Any) -> Any:
    """A middleware that is only asynchronous."""

    async def middleware(request: Any) -> Any:
        return await get_response(request)

    return markcoroutinefunction(middleware)


async_only.async_capable, async_only.sync_capable = True, False  # type: ignore[attr-defined]

urlpatterns = [path("sync", view), path("async", async_view)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "a.css", b"a { color: red }\n" * 100, compressed=True)
    write(tmp_path / "large.bin", LARGE)
    return tmp_path


def handler(root: Path, *middleware: str) -> Any:
    changed = {"STATIC_ROOT": root, "MIDDLEWARE": middleware, "ROOT_URLCONF": __name__}
    # Without checks, since a second may pass between two requests on a busy machine.
    with override_settings(**changed, WHITENOISE_CHECK_INTERVAL=None):
        return with_lower_case_headers(ASGIHandler())


async def get(application: Any, url: str, fields: dict[str, str], method: str = "GET") -> Reply:
    with override_settings(ROOT_URLCONF=__name__):
        return await ask_asgi(application, scope_of(make_call(url, fields, method)))


def hops_of(
    application: Any, url: str, fields: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, int]:
    """The status and the hops of a request that was sent twice before."""

    async def main() -> tuple[int, int]:
        for _ in range(2):
            await get(application, url, fields or {}, method)
        with counting_hops() as hops:
            reply = await get(application, url, fields or {}, method)
        return reply.status, hops.count

    return asyncio.run(main())


BELOW = {
    "nothing": (),
    "both": (COMMON,),
    "sync": (f"{__name__}.sync_only",),
    "async": (f"{__name__}.async_only",),
    "mixed": (f"{__name__}.async_only", f"{__name__}.sync_only", COMMON),
}


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("above", [(), (SECURITY,), (f"{__name__}.sync_only",)])
@pytest.mark.parametrize("url", ["/sync", "/async", "/static/missing.css"])
def test_a_request_for_the_application_takes_as_many_hops_as_without_the_middleware(
    root: Path, url: str, above: tuple[str, ...], below: str
) -> None:
    others = BELOW[below]
    expected = hops_of(handler(root, *above, *others), url)
    got = hops_of(handler(root, *above, OURS, *others), url)
    # If everything below is synchronous, so is this middleware, and the thread stays the same.
    assert got == expected
    assert expected[0] == (404 if "missing" in url else 200)


@pytest.mark.parametrize(
    ("url", "fields", "status"),
    [
        ("/static/a.css", {}, 200),
        ("/static/a.css", {"Accept-Encoding": "gzip"}, 200),
        ("/static/a.css", {"If-None-Match": "*"}, 304),
        ("/static/a.css", {"Range": "bytes=1-5"}, 206),
        ("/static/large.bin", {"If-None-Match": "*"}, 304),
        ("/static/large.bin", {}, 200),
    ],
    ids=["200", "gzip", "304", "range", "304-large", "10-mb"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_takes_no_hops_other_than_those_of_django(
    root: Path, url: str, fields: dict[str, str], status: int, method: str
) -> None:
    if not files.open_file(str(root / "large.bin")).supports_nowait:
        pytest.skip("the temporary folder's file system has no page-cache reads")
    expected = 200 if method == "HEAD" and status == 206 else status
    for above, hops in (((), DJANGO), ((SECURITY,), WITH_SECURITY)):
        for below in BELOW:
            if below in ("nothing", "async", "both"):
                application = handler(root, *above, OURS, *BELOW[below])
                assert hops_of(application, url, fields, method) == (expected, hops)


def test_the_first_request_for_a_file_takes_one_more_hop(root: Path) -> None:
    async def main() -> None:
        for expected in (DJANGO + 1, DJANGO):
            with counting_hops() as hops:
                await get(application, "/static/a.css", {})
            assert hops.count == expected

    application = handler(root, OURS)
    asyncio.run(main())


@pytest.mark.parametrize("url", ["/sync", "/static/a.css", "/static/large.bin"])
def test_under_wsgi_there_are_no_hops(root: Path, url: str) -> None:
    changed = {"STATIC_ROOT": root, "MIDDLEWARE": [SECURITY, OURS], "ROOT_URLCONF": __name__}
    with override_settings(**changed), counting_hops() as hops:
        assert call_wsgi(WSGIHandler(), make_call(url)).status == 200
    assert hops.count == 0
