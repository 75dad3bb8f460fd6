"""A Django project for tests. Settings are global to a process and are configured once."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

APPLICATIONS = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")


def configure() -> None:
    """Set Django up, once. Tests change single settings with ``override_settings``."""
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
    """Respond with the path of the request."""
    return HttpResponse(request.path.encode(), content_type="text/plain")


def with_lower_case_headers(application: Any) -> Any:
    """Wrap an ASGI application so that its header names are in lower case, as ASGI requires.

    Django sends them as its views spell them.
    """

    async def call(scope: Any, receive: Any, send: Any) -> None:
        async def send_lowered(message: Any) -> None:
            if "headers" in message:
                message["headers"] = [(name.lower(), value) for name, value in message["headers"]]
            await send(message)

        await application(scope, receive, send_lowered)

    return call


urlpatterns = [path("", view), path("<path:rest>", view)]
