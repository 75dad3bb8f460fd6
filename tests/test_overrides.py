"""Subclasses that override a method of WhiteNoise's that is never called are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import override_settings
from django.utils.deprecation import MiddlewareMixin

from tests.helpers import django_project
from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.docs_pages import DOCS, code, rows_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.django import (
    CompressedManifestStaticFilesStorage,
    CompressedStaticFilesStorage,
    WhiteNoiseMiddleware,
)
from whitenoise_async.django.checks import check_settings
from whitenoise_async.overrides import UNCALLED_APPLICATION_METHODS, UNCALLED_STORAGE_METHODS

django_project.configure()


def method(self: Any, *args: Any, **kwargs: Any) -> Any: ...


@pytest.mark.parametrize("name", UNCALLED_APPLICATION_METHODS)
@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise, WhiteNoiseMiddleware])
@pytest.mark.parametrize("value", [method, staticmethod(method)], ids=["method", "static"])
def test_a_method_that_is_never_called_is_refused(kind: Any, name: str, value: Any) -> None:
    mine: Any = type("Mine", (kind,), {name: value})
    expected = (
        rf"^Mine: {name}\(\) is never called; {re.escape(UNCALLED_APPLICATION_METHODS[name])}$"
    )
    with pytest.raises(TypeError, match=expected):
        mine(lambda *request: HttpResponse())


@pytest.mark.parametrize("kind", [WhiteNoise, WhiteNoiseMiddleware])
def test_a_method_of_a_mixin_or_a_base_class_is_refused(kind: Any) -> None:
    mixin = type("Mixin", (), {"find_file": method})
    between: Any = type("Between", (mixin, kind), {})
    for mine in (between, type("Mine", (between,), {})):
        expected = rf"^{mine.__name__}: find_file\(\) of Mixin is never called; "
        with pytest.raises(TypeError, match=expected):
            mine(lambda *request: HttpResponse())


def test_a_class_that_calls_the_method_itself_is_accepted() -> None:
    mixin: Any = MiddlewareMixin

    class Restricted(mixin, WhiteNoiseMiddleware):  # type: ignore[misc]
        def __init__(self, get_response: Any) -> None:
            WhiteNoiseMiddleware.__init__(self, get_response)

        def process_request(self, request: Any) -> Any:
            return HttpResponse("restricted")

        def redirect(self, request: Any) -> None: ...

    assert Restricted(lambda request: HttpResponse()) is not None


def test_assets_refuse_a_hook_of_the_wrappers() -> None:
    mine: Any = type("Mine", (Assets,), {"is_immutable_file": method})
    expected = r"^Mine: is_immutable_file\(\) is never called; the hook immutable_file_test says"
    with pytest.raises(TypeError, match=expected):
        mine()


def test_other_methods_are_accepted() -> None:
    names = ("process_response", "initialize", "get_dynamic_path", "find_and_cache", "add_files")
    mine: Any = type("Mine", (WhiteNoise,), dict.fromkeys(names, method))
    assert mine(None) is not None


@pytest.mark.parametrize("name", UNCALLED_STORAGE_METHODS)
@pytest.mark.parametrize(
    "kind", [CompressedStaticFilesStorage, CompressedManifestStaticFilesStorage]
)
def test_a_storage_with_a_method_that_is_never_called_is_refused(
    kind: Any, name: str, tmp_path: Path
) -> None:
    mine: Any = type("Mine", (kind,), {name: method})
    with pytest.raises(ImproperlyConfigured, match=rf"^Mine: {name}\(\) is never called; "):
        mine(location=str(tmp_path), base_url="/static/")


class NeverCalled(WhiteNoiseMiddleware):
    def add_cache_headers(self, headers: Any, path: str, url: str) -> None: ...


def test_the_system_check_names_the_method() -> None:
    middleware = [f"{__name__}.NeverCalled", "no.such.Middleware", f"{__name__}.run_checks"]
    with override_settings(MIDDLEWARE=middleware):
        found = [each for each in check_settings(None) if each.id == "whitenoise_async.E002"]
    assert [each.msg.partition(";")[0] for each in found] == [
        "NeverCalled: add_cache_headers() is never called"
    ]
    assert run_checks is not None


def test_the_page_names_each_with_its_replacement() -> None:
    cells = [code(cell) or "" for cell, _ in rows_of(DOCS / "subclasses.md", 2)]
    named = [cell.removesuffix("()") for cell in cells if cell.endswith("()")]
    assert sorted(named) == sorted([*UNCALLED_APPLICATION_METHODS, *UNCALLED_STORAGE_METHODS])


def test_include_keeps_templates_next_to_assets_private(adapter: str, tmp_path: Path) -> None:
    """A component library has its assets in the folder of its templates."""

    base: Any = ADAPTERS[adapter]

    class Components(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            extensions = kwargs.pop("extensions", ())
            super().__init__(*args, include=[f"*{each}" for each in extensions], **kwargs)

    write(tmp_path / "card.jinja", b"{% secret %}")
    write(tmp_path / "card.css", b"p { color: red }\n" * 50, compressed=True)
    for autorefresh in (False, True):
        application = Components(
            None, tmp_path, extensions=(".css", ".js"), autorefresh=autorefresh
        )
        get = client_of(adapter)(application)
        assert get("/card.jinja").status == 404
        assert application.find("/card.jinja") is None
        assert get("/card.css", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"
        assert application.find("/card.css").path == str(tmp_path / "card.css")
