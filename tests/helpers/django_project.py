"""A Django project for tests: settings are global to a process, and are configured once."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

APPLICATIONS = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")


def configure() -> None:
    """Set Django up, unless it is. Tests change what they need by ``override_settings``."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        INSTALLED_APPS=[f"django.contrib.{each}" for each in APPLICATIONS],
        ROOT_URLCONF=__name__,
        SECRET_KEY="tests",
        STATIC_URL="/static/",
        USE_TZ=True,  # Django 4.2 warns where nobody says
    )
    django.setup()


def view(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer with the path that was asked for."""
    return HttpResponse(request.path.encode(), content_type="text/plain")


def with_lower_case_headers(application: Any) -> Any:
    """Names of fields as ASGI has them; Django leaves them as they are."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        async def send_lowered(message: Any) -> None:
            if "headers" in message:
                message["headers"] = [(name.lower(), value) for name, value in message["headers"]]
            await send(message)

        await application(scope, receive, send_lowered)

    return call


urlpatterns = [path("", view), path("<path:rest>", view)]
