"""A small Django project, configured for production as each contender's documentation says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.benchmarks import apps
from tests.benchmarks.contenders import ASGI, LIMIT
from tests.benchmarks.django.contenders import CONTENDERS, WRAPPING
from tests.benchmarks.rows import APPLICATION_PATH, PASSED
from tests.benchmarks.site import PREFIX


def view(request: HttpRequest) -> HttpResponse:
    """The view for requests that are passed through."""
    body = apps.APPLICATION_BODY
    return HttpResponse(body, "text/plain", headers={"Content-Length": str(len(body))})


async def async_view(request: HttpRequest) -> HttpResponse:
    """The same for an event loop."""
    return view(request)


ASYNC_PATH = f"{APPLICATION_PATH}-async"
#: Below the folder of static files, where there is no such file.
MISSING_PATH = f"/{PREFIX}/missing.js"

urlpatterns = [
    path(APPLICATION_PATH.lstrip("/"), view),
    path(ASYNC_PATH.lstrip("/"), async_view),
]


def make(name: str, interface: str, site: Path) -> Any:
    """The application of a contender. Each needs its own process, since settings are global."""
    if name == LIMIT and os.environ["BENCH_WORK"] != PASSED.name:
        return apps.make(LIMIT, interface, site)
    own = CONTENDERS[name].middleware
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        INSTALLED_APPS=["django.contrib.staticfiles"],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware", *([own] if own else [])],
        ROOT_URLCONF=__name__,
        SECRET_KEY="benchmarks",
        STATIC_ROOT=str(site / PREFIX),
        STATIC_URL=f"/{PREFIX}/",
        USE_TZ=True,
    )
    django.setup()
    application = get_asgi_application() if interface == ASGI else get_wsgi_application()
    if name != WRAPPING:
        return application

    from whitenoise_async.django import DjangoWhiteNoise

    return DjangoWhiteNoise(application)
