"""The import map of a Django project: from plain URLs to those of ``{% static %}``."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.core.management import call_command
from django.template import engines
from django.templatetags.static import static
from django.test import override_settings
from django.urls import get_script_prefix, set_script_prefix
from django.utils.functional import SimpleLazyObject

from tests.helpers.django_project import (
    DJANGO_MANIFEST,
    DJANGO_PLAIN,
    OURS_MANIFEST,
    OURS_PLAIN,
    storages_with,
)
from tests.helpers.files import write
from whitenoise_async.assets.markup import Markup
from whitenoise_async.django import import_map

SCRIPTS = ("js/a.js", "js/b.mjs", "js/ü b/@c.js")
OTHERS = ("css/a.css", "js/a.js.map", "js/data.json", "js/c.js.txt")


class OnACDN(ManifestStaticFilesStorage):  # type: ignore[misc]
    """A storage that gives each URL a host, and a version that is not part of the name."""

    def url(self, name: str, force: bool = False) -> str:
        return f"https://cdn.example{super().url(name, force)}?v=1"


class Opaque(ManifestStaticFilesStorage):  # type: ignore[misc]
    """A storage whose URLs do not contain the names of the files."""

    def url(self, name: str, force: bool = False) -> str:
        return f"/by-id/{len(super().url(name, force))}"


class Lenient(ManifestStaticFilesStorage):  # type: ignore[misc]
    manifest_strict = False


class Aliases(StaticFilesStorage):  # type: ignore[misc]
    """A storage that changes URLs, without a list of hashed names."""

    def url(self, name: str) -> str:
        return f"/static/latest-{name}"


def path_of(storage: type) -> str:
    return f"{storage.__module__}.{storage.__qualname__}"


def read(html: str) -> dict[str, dict[str, str]]:
    found = re.fullmatch(r'<script type="importmap"(?: nonce="[^"]*")?>(.*)</script>', html)
    assert found is not None, html
    content: dict[str, dict[str, str]] = json.loads(found[1])
    return content


def collect(project: Path, stack: ExitStack, backend: str, **settings: Any) -> None:
    for name in (*SCRIPTS, *OTHERS):
        write(project.joinpath("sources", *name.split("/")), f"// {name}\n".encode())
    stack.enter_context(override_settings(STORAGES=storages_with(backend), **settings))
    call_command("collectstatic", interactive=False, verbosity=0)


def integrity_of(project: Path, url: str, prefix: str = "/static/") -> str:
    content = project.joinpath("root", *url.removeprefix(prefix).split("/")).read_bytes()
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.mark.parametrize("backend", [DJANGO_MANIFEST, OURS_MANIFEST])
def test_the_map_leads_from_each_plain_url_to_the_hashed_copy(
    project: Path, stack: ExitStack, backend: str
) -> None:
    collect(project, stack, backend)
    made = import_map()
    assert isinstance(made, Markup)
    content = read(made)
    a, b, c = map(static, SCRIPTS)
    assert content["imports"] == {
        "/static/js/a.js": a,
        "/static/js/b.mjs": b,
        "/static/js/%C3%BC%20b/%40c.js": c,
        "/static/js/%C3%BC%20b/@c.js": c,
    }
    assert content["integrity"] == {url: integrity_of(project, url) for url in (a, b, c)}
    assert all(re.search(r"\.[0-9a-f]{12}\.", url) for url in content["imports"].values())


def test_names_choose_the_modules_of_the_map(project: Path, stack: ExitStack) -> None:
    collect(project, stack, OURS_MANIFEST)
    content = read(import_map("js/b.mjs", "js/a.js", "js/b.mjs"))
    assert [*content["imports"]] == ["/static/js/a.js", "/static/js/b.mjs"]
    assert len(content["integrity"]) == 2


@pytest.mark.parametrize("name", ["js/missing.js", "js/a"])
@pytest.mark.parametrize("backend", [DJANGO_MANIFEST, OURS_MANIFEST, path_of(Lenient)])
def test_an_unknown_name_is_the_same_error_as_for_static(
    project: Path, stack: ExitStack, backend: str, name: str
) -> None:
    collect(project, stack, backend)
    errors = []
    for function in (static, import_map):
        with pytest.raises(ValueError, match=name) as raised:
            function(name)
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


def test_a_lenient_storage_hashes_a_file_that_the_manifest_does_not_list(
    project: Path, stack: ExitStack
) -> None:
    collect(project, stack, path_of(Lenient))
    write(project / "root" / "later.js", b"// later\n")
    url = static("later.js")
    write(project / "root" / url.removeprefix("/static/"), b"// later\n")
    assert read(import_map("later.js"))["imports"] == {"/static/later.js": url}
    assert "/static/later.js" not in read(import_map())["imports"]


@pytest.mark.parametrize("names", [(), SCRIPTS, ("js/missing.js",)])
@pytest.mark.parametrize(
    ("backend", "settings"),
    [
        (DJANGO_PLAIN, {}),
        (OURS_PLAIN, {}),
        (path_of(Aliases), {}),
        (DJANGO_MANIFEST, {"DEBUG": True}),
        (OURS_MANIFEST, {"DEBUG": True}),
        (OURS_PLAIN, {"WHITENOISE_USE_FINDERS": True}),
        (OURS_PLAIN, {"INSTALLED_APPS": []}),
    ],
)
def test_without_hashed_urls_there_is_no_map(
    project: Path,
    stack: ExitStack,
    backend: str,
    settings: Mapping[str, Any],
    names: tuple[str, ...],
) -> None:
    collect(project, stack, backend)
    with override_settings(**settings):
        assert import_map(*names, nonce="n") == ""


def test_without_a_manifest_there_is_no_map_of_all_scripts(project: Path, stack: ExitStack) -> None:
    storages = storages_with(OURS_MANIFEST)
    with override_settings(STORAGES=storages, WHITENOISE_USE_FINDERS=True):
        assert import_map() == ""
        with override_settings(DEBUG=True):
            assert import_map("js/a.js") == ""
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            import_map("js/a.js")


@pytest.mark.parametrize("static_url", ["static/", "/shop/static/"])
def test_urls_begin_with_the_mount_point(project: Path, stack: ExitStack, static_url: str) -> None:
    stack.callback(set_script_prefix, get_script_prefix())
    set_script_prefix("/shop/")
    collect(project, stack, OURS_MANIFEST, STATIC_URL=static_url)
    content = read(import_map("js/a.js"))
    (hashed,) = content["imports"].values()
    assert content["imports"] == {"/shop/static/js/a.js": hashed}
    assert hashed == static("js/a.js")
    assert content["integrity"] == {hashed: integrity_of(project, hashed, "/shop/static/")}


def test_urls_of_another_host_keep_it(project: Path, stack: ExitStack) -> None:
    collect(project, stack, OURS_MANIFEST, STATIC_URL="https://cdn.example/static/")
    content = read(import_map("js/a.js"))
    assert content["imports"] == {"https://cdn.example/static/js/a.js": static("js/a.js")}


def test_a_subclass_may_change_urls(project: Path, stack: ExitStack) -> None:
    collect(project, stack, path_of(OnACDN))
    content = read(import_map("js/a.js"))
    (hashed,) = content["imports"].values()
    assert content["imports"] == {"https://cdn.example/static/js/a.js": hashed}
    assert hashed.endswith(".js?v=1")


def test_a_url_without_the_name_is_not_mapped(project: Path, stack: ExitStack) -> None:
    collect(project, stack, path_of(Opaque))
    assert import_map("js/a.js") == ""


def test_a_missing_copy_has_a_url_but_no_integrity(
    project: Path, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    """The files may be on another machine: then only the manifest is here."""
    collect(project, stack, OURS_MANIFEST)
    (project / "root" / static("js/a.js").removeprefix("/static/")).unlink()
    content = read(import_map())
    assert len(content["imports"]) == 4
    assert len(content["integrity"]) == 2
    assert "has no integrity" in caplog.text


@pytest.mark.parametrize("nonce", [None, "", SimpleLazyObject(str)])
def test_without_a_nonce_there_is_no_attribute(
    project: Path, stack: ExitStack, nonce: object
) -> None:
    collect(project, stack, OURS_MANIFEST)
    assert "nonce" not in import_map(nonce=nonce)


class LazyNonce(SimpleLazyObject):  # type: ignore[misc]
    """Like the nonces of Django and django-csp: false before it is used."""

    def __bool__(self) -> bool:
        return False


def test_a_nonce_may_be_lazy(project: Path, stack: ExitStack) -> None:
    collect(project, stack, OURS_MANIFEST)
    for nonce in ("a<b", LazyNonce(lambda: "a<b")):
        assert ' nonce="a&lt;b">' in import_map(nonce=nonce)


def test_jinja2_inserts_the_element_unchanged(project: Path, stack: ExitStack) -> None:
    collect(project, stack, OURS_MANIFEST)
    backend = "django.template.backends.jinja2.Jinja2"
    with override_settings(TEMPLATES=[{"BACKEND": backend}]):
        template = engines["jinja2"].env.from_string("{{ import_map('js/a.js', nonce='n') }}")
        assert template.render(import_map=import_map) == import_map("js/a.js", nonce="n")
