"""A Django project for tests. Settings are global to a process, and are configured once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from tests.helpers.clients import Call, Reply, call_asgi

APPLICATIONS = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")

#: Backends of ``STORAGES["staticfiles"]``.
DJANGO_PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
DJANGO_MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
OURS_PLAIN = "whitenoise_async.django.CompressedStaticFilesStorage"
OURS_MANIFEST = "whitenoise_async.django.CompressedManifestStaticFilesStorage"

IMMUTABLE = "max-age=315360000, public, immutable"
STYLE = b"body { color: black }\n" * 40


def configure() -> None:
    """Set Django up, unless it is. Tests change settings with ``override_settings``."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        INSTALLED_APPS=[f"django.contrib.{each}" for each in APPLICATIONS],
        ROOT_URLCONF=__name__,
        SECRET_KEY="tests",
        STATIC_URL="/static/",
        USE_TZ=True,  # Django 4.2 warns if it is not set
    )
    django.setup()


def view(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer with the path of the request."""
    return HttpResponse(request.path.encode(), content_type="text/plain")


def with_lower_case_headers(application: Any) -> Any:
    """Wrap Django's ASGI application, which does not send header names in lower case."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        async def send_lowered(message: Any) -> None:
            if "headers" in message:
                message["headers"] = [(name.lower(), value) for name, value in message["headers"]]
            await send(message)

        await application(scope, receive, send_lowered)

    return call


def call_django(application: Any, call: Call) -> Reply:
    """Call Django's ASGI handler, which also waits for the client to disconnect."""

    async def adapted(scope: Any, receive: Any, send: Any) -> None:
        requests = [await receive()]

        async def receive_once() -> Any:
            return requests.pop() if requests else await anyio.sleep_forever()

        await with_lower_case_headers(application)(scope, receive_once, send)

    return call_asgi(adapted, call)


def write_style(path: Path, content: bytes = STYLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def storages_with(backend: str) -> dict[str, dict[str, str]]:
    """The setting ``STORAGES`` with this backend for static files."""
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": backend},
    }


def collect(project: Path, options: Mapping[str, Any], backend: str = OURS_MANIFEST) -> str:
    """Collect a style sheet and a picture of the fixture ``project``.

    :param options: settings, without their prefix ``WHITENOISE_``.
    :returns: the hashed name of the style sheet.
    """
    write_style(project / "sources" / "app.css")
    write_style(project / "sources" / "picture.bmp")
    prefixed = {f"WHITENOISE_{name}": value for name, value in options.items()}
    with override_settings(STORAGES=storages_with(backend), **prefixed):
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    (hashed,) = (project / "root").glob("app.*.css")
    return hashed.name


urlpatterns = [path("", view), path("<path:rest>", view)]
