"""Subclasses of the middleware that refine a hook, as projects do."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from tests.helpers.clients import call_wsgi, make_call
from tests.helpers.django_project import (
    DJANGO_MANIFEST,
    IMMUTABLE,
    call_django,
    collect,
    storages_with,
    write_style,
)
from whitenoise_async.django import WhiteNoiseMiddleware

BUNDLED = re.compile(r"^/static/assets/.*\.[0-9a-f]{8}\.")


class ByPattern(WhiteNoiseMiddleware):
    """Files of a build tool, and those of Django."""

    def immutable_file_test(self, path: str, url: str) -> Any:
        if BUNDLED.match(url):
            return True
        return super().immutable_file_test(path, url)


class ByPrefix(WhiteNoiseMiddleware):
    def immutable_file_test(self, path: str, url: str) -> Any:
        if not url.startswith(self.static_prefix):
            return False
        if url[len(self.static_prefix) :].startswith("assets/"):
            return True
        return super().immutable_file_test(path, url)


class ByList(WhiteNoiseMiddleware):
    """Names from another manifest, read before ``super().__init__()``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.bundle = {"app.0a1b2c3d.js"}
        super().__init__(*args, **kwargs)

    def immutable_file_test(self, path: str, url: str) -> Any:
        return url.rpartition("/")[2] in self.bundle or super().immutable_file_test(path, url)


class Below(ByPattern):
    """Inherits the hook."""


class Mixin:
    def immutable_file_test(self, path: str, url: str) -> Any:
        return BUNDLED.match(url) or super().immutable_file_test(path, url)  # type: ignore[misc]


class Mixed(Mixin, WhiteNoiseMiddleware):
    def add_headers_function(self, headers: Any, path: str, url: str) -> None:
        super().add_headers_function(headers, path, url)
        headers["X-Mixed"] = "yes"


@pytest.mark.parametrize("kind", [ByPattern, ByPrefix, ByList, Below, Mixed])
@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
def test_super_returns_whether_the_storage_has_hashed_the_name(
    project: Path,
    stack: ExitStack,
    kind: type,
    handler: Any,
) -> None:
    hashed = collect(project, {}, DJANGO_MANIFEST)
    write_style(project / "root" / "assets" / "app.0a1b2c3d.js")
    stack.enter_context(
        override_settings(
            MIDDLEWARE=[f"{__name__}.{kind.__name__}"], STORAGES=storages_with(DJANGO_MANIFEST)
        )
    )
    application, call = handler(), call_wsgi if handler is WSGIHandler else call_django
    for name, expected in (
        (hashed, IMMUTABLE),
        ("assets/app.0a1b2c3d.js", IMMUTABLE),
        ("app.css", "max-age=60, public"),
    ):
        reply = call(application, make_call(f"/static/{name}"))
        assert (reply.status, reply["cache-control"]) == (200, expected)


class KeepsNames(ManifestStaticFilesStorage):  # type: ignore[misc]
    """Keeps the names of a build, which has hashed them itself or not at all."""

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        if name.startswith("assets/"):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed


def test_a_name_that_the_storage_has_kept_is_not_immutable(project: Path, stack: ExitStack) -> None:
    write_style(project / "sources" / "assets" / "app.css")
    backend = f"{__name__}.KeepsNames"
    hashed = collect(project, {}, backend)
    stack.enter_context(
        override_settings(
            MIDDLEWARE=[f"{__name__}.WhiteNoiseMiddleware"], STORAGES=storages_with(backend)
        )
    )
    application = WSGIHandler()
    for name, expected in ((hashed, IMMUTABLE), ("assets/app.css", "max-age=60, public")):
        reply = call_wsgi(application, make_call(f"/static/{name}"))
        assert (reply.status, reply["cache-control"]) == (200, expected)


def add_from_settings(headers: Any, path: str, url: str) -> None:
    headers["X-Settings"] = url


@pytest.mark.parametrize("setting", [r"/app\.css$", lambda path, url: url == "/static/app.css"])
def test_super_follows_the_settings(
    project: Path,
    stack: ExitStack,
    setting: Any,
) -> None:
    write_style(project / "root" / "assets" / "app.0a1b2c3d.js")
    stack.enter_context(
        override_settings(
            MIDDLEWARE=[f"{__name__}.Mixed"],
            WHITENOISE_IMMUTABLE_FILE_TEST=setting,
            WHITENOISE_ADD_HEADERS_FUNCTION=add_from_settings,
        )
    )
    application = WSGIHandler()
    for name in ("app.css", "assets/app.0a1b2c3d.js"):
        reply = call_wsgi(application, make_call(f"/static/{name}"))
        assert reply["cache-control"] == IMMUTABLE
        assert (reply["x-mixed"], reply["x-settings"]) == ("yes", f"/static/{name}")


class AddsLikeWhiteNoise(WhiteNoiseMiddleware):
    def add_files(self, root: Any, prefix: Any = None) -> None:  # type: ignore[override]
        super().add_files(root, prefix)


class AddsAnything(WhiteNoiseMiddleware):
    def add_files(self, *arguments: Any, **options: Any) -> None:
        super().add_files(*arguments, **options)


@pytest.mark.usefixtures("project")
def test_add_files_of_a_subclass_must_accept_its_arguments() -> None:
    message = re.escape(
        "AddsLikeWhiteNoise.add_files() must accept the arguments"
        " (root, prefix=None, followlinks=False)"
    )
    with pytest.raises(TypeError, match=f"^{message}$"):
        AddsLikeWhiteNoise(lambda request: None)
    assert AddsAnything(lambda request: None)
