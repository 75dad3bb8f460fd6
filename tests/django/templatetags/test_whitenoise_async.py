"""The template tag ``{% import_map %}``, with the nonces of both middlewares for policies."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.functional import SimpleLazyObject

from tests.helpers.django_project import OURS_MANIFEST, storages_with
from tests.helpers.files import write
from whitenoise_async.django import import_map

DJANGO_TEMPLATES = "django.template.backends.django.DjangoTemplates"


@pytest.fixture(autouse=True)
def collected(project: Path, stack: ExitStack) -> None:
    write(project / "sources" / "js" / "a.js", b"// a\n")
    write(project / "sources" / "js" / "b.js", b"// b\n")
    processors = ["django.template.context_processors.request"]
    stack.enter_context(
        override_settings(
            INSTALLED_APPS=["whitenoise_async.django", "django.contrib.staticfiles"],
            ROOT_URLCONF=__name__,
            STORAGES=storages_with(OURS_MANIFEST),
            TEMPLATES=[
                {"BACKEND": DJANGO_TEMPLATES, "OPTIONS": {"context_processors": processors}}
            ],
        )
    )
    call_command("collectstatic", interactive=False, verbosity=0)


def render(text: str, request: HttpRequest | None = None, **context: Any) -> str:
    template = engines["django"].from_string("{% load whitenoise_async %}" + text)
    rendered: str = template.render(context, request)
    return rendered


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render("{% import_map 'js/a.js' nonce=csp_nonce %}", request))


urlpatterns = [path("", page)]


@pytest.mark.parametrize("autoescape", ["on", "off"])
def test_the_tag_writes_what_the_function_returns(autoescape: str) -> None:
    text = "{% autoescape " + autoescape + " %}{% import_map %}{% endautoescape %}"
    assert render(text) == import_map()
    assert 'js/a.js":' in import_map() and 'js/b.js":' in import_map()


def test_the_tag_takes_names_and_variables() -> None:
    expected = import_map("js/a.js", "js/b.js", nonce="n")
    assert render("{% import_map 'js/a.js' name nonce='n' %}", name="js/b.js") == expected


def test_the_tag_can_set_a_variable() -> None:
    assert render("{% import_map 'js/a.js' as tag %}{{ tag }}") == import_map("js/a.js")


def test_django_finds_no_other_library_of_this_name() -> None:
    assert run_checks(tags=["templates"]) == []


@pytest.mark.parametrize("text", ["nonce=request.csp_nonce", "nonce=csp_nonce", ""])
def test_without_a_policy_there_is_no_nonce(text: str) -> None:
    request = RequestFactory().get("/")
    made = render("{% import_map 'js/a.js' " + text + " %}", request)
    assert made == import_map("js/a.js")


def test_the_nonce_of_a_request_is_used() -> None:
    """As django-csp sets it."""
    request = RequestFactory().get("/")
    request.csp_nonce = SimpleLazyObject(lambda: "MTIz")
    made = render("{% import_map 'js/a.js' nonce=request.csp_nonce %}", request)
    assert made == import_map("js/a.js", nonce="MTIz")


def test_the_nonce_is_in_the_policy_of_djangos_middleware() -> None:
    csp = pytest.importorskip("django.utils.csp", reason="Django 6 has the middleware").CSP
    processors = ["django.template.context_processors.csp"]
    with override_settings(
        MIDDLEWARE=["django.middleware.csp.ContentSecurityPolicyMiddleware"],
        SECURE_CSP={"script-src": [csp.SELF, csp.NONCE]},
        TEMPLATES=[{"BACKEND": DJANGO_TEMPLATES, "OPTIONS": {"context_processors": processors}}],
    ):
        response = Client().get("/")
    found = re.search(r"'nonce-([^']+)'", response["Content-Security-Policy"])
    assert found is not None
    assert response.content.decode() == import_map("js/a.js", nonce=found[1])
