"""The wrapper: serves files according to the settings, around Django's handlers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from tests.helpers import django_project
from tests.helpers.clients import call_asgi, call_wsgi, make_call
from tests.helpers.files import write
from tests.helpers.replicas import make_releases
from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.releases.folder_store import FolderStore

CSS = b"body { color: black }\n"
MANIFEST = b'{"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "a.css", CSS)
    write(tmp_path / "sub" / "b.css", CSS * 2)
    return tmp_path


def wrapped(kind: str, **changed: Any) -> Any:
    """Wrap Django's application with these settings; returns a function that calls it."""
    from whitenoise_async.django import DjangoWhiteNoise

    options = changed.pop("options", {})
    with override_settings(MIDDLEWARE=[], **changed):
        if kind == "wsgi":
            application: Any = DjangoWhiteNoise(get_wsgi_application(), **options)
            return lambda *args, **keywords: call_wsgi(application, make_call(*args, **keywords))
        application = DjangoWhiteNoise(
            django_project.with_lower_case_headers(get_asgi_application()), **options
        )
        return lambda *args, **keywords: call_asgi(application, make_call(*args, **keywords))


@pytest.fixture(params=["wsgi", "asgi"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_it_is_the_adapter_for_the_interface_of_the_application() -> None:
    from whitenoise_async.django import DjangoWhiteNoise

    assert isinstance(DjangoWhiteNoise(get_wsgi_application()), WhiteNoise)
    assert isinstance(DjangoWhiteNoise(get_asgi_application()), ASGIWhiteNoise)
    with pytest.raises(TypeError, match="must be given a WSGI application"):
        DjangoWhiteNoise(3)  # type: ignore[arg-type]


class Hiding:
    """The wrapper of an agent: not async itself, it accepts any arguments."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._wrapped(*args, **kwargs)


class InSlots:
    __slots__ = "app"

    def __init__(self, wrapped: Any) -> None:
        self.app = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.app(*args, **kwargs)


class Guarded(Hiding):
    """Reading a missing attribute raises an error other than ``AttributeError``."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} needs a context")


class Faceless(Guarded):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("its class needs a context")


def hiding(wrapped: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    return call


def keeping(wrapped: Any) -> Any:
    return functools.wraps(wrapped, updated=())(lambda *args: wrapped(*args))


WRAPPERS = [
    Hiding, InSlots, Guarded, hiding, keeping, functools.partial,
    lambda wrapped: Hiding(wrapped).__call__,
    lambda wrapped: Hiding(hiding(InSlots(wrapped))),
    lambda wrapped: functools.partial(Hiding(wrapped)),
]  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_a_wrapper_without_signature_has_the_interface_that_it_wraps(
    kind: str, root: Path, wrap: Any
) -> None:
    from whitenoise_async.django import DjangoWhiteNoise

    with override_settings(MIDDLEWARE=[], STATIC_ROOT=root):
        if kind == "wsgi":
            application: Any = DjangoWhiteNoise(wrap(get_wsgi_application()))
            reply = call_wsgi(application, make_call("/static/a.css"))
        else:
            application = DjangoWhiteNoise(wrap(get_asgi_application()))
            reply = call_asgi(application, make_call("/static/a.css"))
    assert reply.body == CSS


def test_an_unknown_callable_counts_as_wsgi() -> None:
    from whitenoise_async.django import DjangoWhiteNoise

    def empty(*args: Any) -> Any:
        return later

    assert isinstance(DjangoWhiteNoise(empty), WhiteNoise)
    later = Hiding  # classes are not searched
    assert isinstance(DjangoWhiteNoise(empty), WhiteNoise)
    many = Hiding(None)
    vars(many).update({f"a{number}": lambda: None for number in range(2000)}, kind=Hiding)
    assert isinstance(DjangoWhiteNoise(many), WhiteNoise)
    assert isinstance(DjangoWhiteNoise(Faceless(None)), WhiteNoise)
    assert isinstance(DjangoWhiteNoise(None), WhiteNoise)


def test_static_root_is_served_below_static_url(kind: str, root: Path) -> None:
    get = wrapped(kind, STATIC_ROOT=root, STATIC_URL="https://cdn.example/assets/")
    assert get("/assets/sub/b.css").body == CSS * 2


def test_options_take_precedence_over_settings(kind: str, root: Path) -> None:
    get = wrapped(kind, STATIC_ROOT=root, WHITENOISE_MAX_AGE=5, options={"max_age": 6})
    assert get("/static/a.css")["cache-control"] == "max-age=6, public"


@pytest.mark.parametrize("mount", ["", "/app"])
def test_force_script_name_is_removed_from_the_url(kind: str, root: Path, mount: str) -> None:
    changed = {"FORCE_SCRIPT_NAME": "/app/", "STATIC_URL": "/app/static/", "STATIC_ROOT": root}
    get = wrapped(kind, **changed)
    assert get("/static/a.css", mount=mount).body == CSS
    if kind == "asgi":  # servers do not know it, and send the whole path
        assert get("/app/static/a.css").body == CSS


@pytest.mark.parametrize("changed", [{}, {"WHITENOISE_IMMUTABLE_FILE_TEST": "django"}])
def test_a_store_supplies_the_hashed_files_of_other_releases(
    kind: str, root: Path, changed: dict[str, str]
) -> None:
    first, second = make_releases(root / "builds", lambda: FolderStore(str(root / "store")))
    write(first.root / "assets/app.js", b"the plain name")
    write(first.root / "staticfiles.json", MANIFEST)
    get = wrapped(
        kind,
        STATIC_ROOT=first.root,
        STATIC_URL="/app/static/",
        FORCE_SCRIPT_NAME="/app",
        WHITENOISE_STORE=root / "store",
        **changed,
    )
    for release in (first, second):
        reply = get(f"/static/{release.text_name}", mount="/app")
        assert (reply.status, reply.body) == (200, release.text)
    assert "immutable" in reply["cache-control"]
    reply = get("/static/assets/app.abcdef012345.js", mount="/app")
    assert (reply.status, reply["cache-control"]) == (404, "no-store")


def test_a_callable_test_is_refused_next_to_a_store(kind: str, root: Path) -> None:
    changed: dict[str, Any] = {"WHITENOISE_STORE": root / "store", "STATIC_ROOT": root}
    with pytest.raises(ValueError, match=r"^immutable_file_test must be a regular expression"):
        wrapped(kind, WHITENOISE_IMMUTABLE_FILE_TEST=lambda path, url: True, **changed)


def test_files_are_found_and_listed_with_force_script_name(root: Path) -> None:
    from whitenoise_async.django import DjangoWhiteNoise

    changed = {"FORCE_SCRIPT_NAME": "/app", "STATIC_URL": "/static/", "STATIC_ROOT": root}
    with override_settings(**changed):
        application = DjangoWhiteNoise(get_asgi_application())
    found = application.find("/static/a.css")
    assert found is not None
    assert found.path == str(root / "a.css")
    assert found.path in (application.listed_files() or {})


def test_hashed_urls_begin_with_force_script_name_and_are_served(root: Path) -> None:
    from whitenoise_async.django import DjangoWhiteNoise

    changed = {"FORCE_SCRIPT_NAME": "/app", "STATIC_URL": "/static/", "STATIC_ROOT": root}
    with override_settings(MIDDLEWARE=[], **changed):
        application = DjangoWhiteNoise(get_asgi_application())
    application.assets.prepare_sync()
    url = application.assets.url("a.css")
    assert url.startswith("/app/static/a.")
    for _ in range(2):
        reply = call_asgi(application, make_call(url))
        assert (reply.status, reply.body) == (200, CSS)


def test_a_static_url_that_only_begins_like_the_mount_point_is_kept(kind: str, root: Path) -> None:
    changed = {"FORCE_SCRIPT_NAME": "/app", "STATIC_URL": "/apple/", "STATIC_ROOT": root}
    assert wrapped(kind, **changed)("/apple/a.css").body == CSS


def test_wrong_settings_are_reported_together(kind: str) -> None:
    wrong = {"WHITENOISE_MAX_AGE": "60", "WHITENOISE_ROOT": 3, "WHITENOISE_USE_FINDERS": "no"}
    with pytest.raises(ImproperlyConfigured) as raised:
        wrapped(kind, **wrong)
    said = str(raised.value)
    assert "WHITENOISE_MAX_AGE must be a whole number of seconds or None, got '60'" in said
    assert "WHITENOISE_ROOT must be the path of a folder or None, got 3" in said
    assert "WHITENOISE_USE_FINDERS must be True or False, got 'no'" in said


def test_whitenoise_root_takes_precedence_over_static_files(
    kind: str, root: Path, tmp_path: Path
) -> None:
    write(tmp_path / "site" / "robots.txt", b"all")
    write(tmp_path / "site" / "static" / "a.css", b"other")
    (tmp_path / "site" / "linked").symlink_to(root / "sub")
    get = wrapped(kind, STATIC_ROOT=root, WHITENOISE_ROOT=tmp_path / "site")
    assert get("/robots.txt").body == b"all"
    assert get("/static/a.css").body == b"other"
    assert get("/linked/b.css").body == CSS * 2


def test_only_names_in_the_manifest_are_immutable(kind: str, root: Path) -> None:
    write(root / "a.0123456789ab.css", CSS)
    write(root / "c.0123456789ab.css", CSS)
    write(
        root / "staticfiles.json", b'{"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}'
    )
    with with_manifest(root):
        get = wrapped(kind)
        forever = get("/static/a.0123456789ab.css")["cache-control"]
        assert forever == "max-age=315360000, public, immutable"
        for url in ("/static/a.css", "/static/c.0123456789ab.css"):
            assert get(url)["cache-control"] == "max-age=60, public"


def with_manifest(root: Path) -> Any:
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    return override_settings(STORAGES={"staticfiles": {"BACKEND": storage}}, STATIC_ROOT=root)


def test_an_unreadable_manifest_is_reported_at_startup(kind: str, root: Path) -> None:
    write(root / "staticfiles.json", b"[")
    with with_manifest(root), pytest.raises(ValueError, match="Couldn't load manifest"):
        wrapped(kind)


def test_without_collected_files_the_manifest_is_not_read(kind: str, root: Path) -> None:
    with with_manifest(root):
        get = wrapped(kind, STATIC_ROOT=None, WHITENOISE_ROOT=root)
        assert get("/a.css")["cache-control"] == "max-age=60, public"


def test_the_manifest_replaces_the_walk_if_set(kind: str, root: Path) -> None:
    write(root / "a.0123456789ab.css", CSS * 20, compressed=True)
    write(
        root / "staticfiles.json", b'{"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}'
    )
    with with_manifest(root):
        get = wrapped(kind, STATIC_ROOT=root, WHITENOISE_USE_MANIFEST=True)
        assert get("/static/a.css").body == CSS
        hashed = get("/static/a.0123456789ab.css", {"Accept-Encoding": "gzip"})
        assert hashed["content-encoding"] == "gzip"
        assert get("/static/sub/b.css").body == b"/static/sub/b.css"  # from the view
        assert get("/static/a.0123456789ab.css.gz").body == b"/static/a.0123456789ab.css.gz"


def test_without_a_manifest_the_folder_is_walked(kind: str, root: Path) -> None:
    with with_manifest(root):
        get = wrapped(kind, STATIC_ROOT=root, WHITENOISE_USE_MANIFEST=True)
        assert get("/static/sub/b.css").body == CSS * 2


def test_a_missing_static_root_causes_a_warning_unless_finders_are_used(
    kind: str, tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match=f"No directory at: {tmp_path}/none"):
        wrapped(kind, STATIC_ROOT=tmp_path / "none")
    wrapped(kind, STATIC_ROOT=tmp_path / "none", WHITENOISE_USE_FINDERS=True)


def test_without_any_root_the_application_answers_everything(kind: str) -> None:
    assert wrapped(kind)("/static/a.css").body == b"/static/a.css"
