"""Each setting does what the table of settings says, tested with Django's handlers."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage, storages
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.templatetags.static import static
from django.test import override_settings

from tests.helpers.clients import Reply, call_wsgi, make_call
from tests.helpers.django_project import (
    DJANGO_MANIFEST,
    DJANGO_PLAIN,
    IMMUTABLE,
    OURS_MANIFEST,
    STYLE,
    call_django,
    collect,
    storages_with,
    write_style,
)
from tests.helpers.docs_pages import DOCS, code, rows_of
from whitenoise_async.django import (
    CompressedManifestStaticFilesStorage,
    DjangoWhiteNoise,
    WhiteNoiseMiddleware,
    checks,
)
from whitenoise_async.django.settings import (
    SETTINGS,
    configuration,
    find_errors,
    storage_configuration,
)
from whitenoise_async.options import Options

MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"
FILE_SYSTEM = "django.core.files.storage.FileSystemStorage"

Get = Callable[[str], Reply]
#: Makes a client of a project with these settings, named without their prefix.
Serve = Callable[..., Get]


#: How an application is made and called: Django's handlers, with the middleware or wrapped.
SETUPS = {
    "middleware, WSGI": (WSGIHandler, call_wsgi),
    "middleware, ASGI": (ASGIHandler, call_django),
    "wrapped, WSGI": (lambda: DjangoWhiteNoise(WSGIHandler()), call_wsgi),
    "wrapped, ASGI": (lambda: DjangoWhiteNoise(ASGIHandler()), call_django),
}


@pytest.fixture(params=SETUPS)
def serve(request: pytest.FixtureRequest, project: Path, stack: ExitStack) -> Serve:
    make, call = SETUPS[request.param]

    def start(settings: Mapping[str, Any] = {}, **ours: Any) -> Get:
        middleware = [MIDDLEWARE] if request.param.startswith("middleware") else []
        prefixed = {f"WHITENOISE_{name}": value for name, value in ours.items()}
        stack.enter_context(override_settings(MIDDLEWARE=middleware, **settings, **prefixed))
        application = make()
        return lambda path: call(application, make_call(path))

    return start


def is_from_view(reply: Reply, path: str) -> bool:
    """Whether the view has answered, and not the middleware."""
    return reply.body == path.encode() and reply["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "settings, ours, is_seen",
    [
        ({}, {}, False),
        ({}, {"AUTOREFRESH": True}, True),
        ({"DEBUG": True}, {}, True),
        ({"DEBUG": True}, {"AUTOREFRESH": False}, False),
    ],
    ids=str,
)
def test_autorefresh(
    serve: Serve, project: Path, settings: dict[str, Any], ours: dict[str, Any], is_seen: bool
) -> None:
    get = serve(settings, **ours)
    assert get("/static/app.css").body == STYLE
    write_style(project / "root" / "new.css")
    reply = get("/static/new.css")
    assert reply.body == STYLE if is_seen else is_from_view(reply, "/static/new.css")


@pytest.mark.parametrize(
    "settings, ours, field",
    [
        ({}, {}, "max-age=60, public"),
        ({"DEBUG": True}, {}, "max-age=0, public"),
        ({}, {"MAX_AGE": 3600}, "max-age=3600, public"),
        ({"DEBUG": True}, {"MAX_AGE": 3600}, "max-age=3600, public"),
        ({"DEBUG": True}, {"AUTOREFRESH": False}, "max-age=0, public"),
        ({"DEBUG": True}, {"IMMUTABLE_FILE_TEST": "."}, "max-age=0, public"),
        ({}, {"AUTOREFRESH": True}, "max-age=0, public"),
        ({}, {"AUTOREFRESH": True, "MAX_AGE": 60}, "max-age=60, public"),
        ({}, {"AUTOREFRESH": True, "IMMUTABLE_FILE_TEST": "."}, "max-age=0, public"),
        ({}, {"MAX_AGE": None}, None),
        ({}, {"MAX_AGE": {"/app.css": 5, "*": 7}}, "max-age=5, public"),
        ({}, {"MAX_AGE": {"/static/app.css": 5}}, "max-age=60, public"),
        ({"DEBUG": True}, {"MAX_AGE": {"/app.css": 5, "*": 7}}, "max-age=5, public"),
    ],
    ids=str,
)
def test_max_age(
    serve: Serve, settings: dict[str, Any], ours: dict[str, Any], field: str | None
) -> None:
    reply = serve(settings, **ours)("/static/app.css")
    assert dict(reply.headers).get("cache-control") == field


def test_charset(serve: Serve) -> None:
    assert serve()("/static/app.css")["content-type"] == 'text/css; charset="utf-8"'
    assert serve(CHARSET="latin-1")("/static/app.css")["content-type"].endswith('"latin-1"')
    assert serve(CHARSET=None)("/static/app.css")["content-type"] == "text/css"


def test_allow_all_origins(serve: Serve) -> None:
    assert serve()("/static/app.css")["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in serve(ALLOW_ALL_ORIGINS=False)("/static/app.css")


def test_nosniff(serve: Serve) -> None:
    assert serve()("/static/app.css")["x-content-type-options"] == "nosniff"
    assert "x-content-type-options" not in serve(NOSNIFF=False)("/static/app.css")


def immutable_by_path(path: str, url: str) -> bool:
    return os.path.basename(path) == "app.css" and url == "/static/app.css"


@pytest.mark.parametrize("test", [r"^/static/a", immutable_by_path], ids=["pattern", "callable"])
def test_immutable_file_test(serve: Serve, test: Any) -> None:
    assert serve()("/static/app.css")["cache-control"] != IMMUTABLE
    assert serve(IMMUTABLE_FILE_TEST=test)("/static/app.css")["cache-control"] == IMMUTABLE


@pytest.mark.parametrize("ours", [{}, {"IMMUTABLE_FILE_TEST": None}], ids=["unset", "None"])
def test_names_that_the_storage_has_hashed_are_immutable(
    serve: Serve, project: Path, ours: dict[str, Any]
) -> None:
    hashed = collect(project, {}, DJANGO_MANIFEST)
    looks_hashed = write_style(project / "root" / "by-hand.0123456789ab.css").name
    get = serve({"STORAGES": storages_with(DJANGO_MANIFEST)}, **ours)
    assert get(f"/static/{hashed}")["cache-control"] == IMMUTABLE
    assert get("/static/app.css")["cache-control"] == "max-age=60, public"
    assert get(f"/static/{looks_hashed}")["cache-control"] == "max-age=60, public"


def test_index_file(serve: Serve, project: Path) -> None:
    write_style(project / "root" / "docs" / "index.html", b"<title>Docs</title>")
    write_style(project / "root" / "docs" / "first.html", b"<title>First</title>")
    assert is_from_view(serve()("/static/docs/"), "/static/docs/")
    get = serve(INDEX_FILE=True)
    assert get("/static/docs/").body == b"<title>Docs</title>"
    assert (get("/static/docs").status, get("/static/docs")["location"]) == (302, "docs/")
    assert serve(INDEX_FILE="first.html")("/static/docs/").body == b"<title>First</title>"


def test_clean_urls(serve: Serve, project: Path) -> None:
    write_style(project / "root" / "docs" / "first.html", b"<title>First</title>")
    assert serve()("/static/docs/first.html").body == b"<title>First</title>"
    get = serve(CLEAN_URLS=True)
    assert get("/static/docs/first").body == b"<title>First</title>"
    assert get("/static/docs/first.html")["location"] == "first"


def test_a_page_with_a_hashed_name_has_a_clean_url_that_never_changes(
    serve: Serve, project: Path
) -> None:
    write_style(project / "sources" / "about.html", b"<title>About</title>")
    collect(project, {})
    get = serve({"STORAGES": storages_with(OURS_MANIFEST)}, CLEAN_URLS=True)
    url = static("about.html")
    assert re.fullmatch(r"/static/about\.[0-9a-f]{12}\.html", url)
    reply = get(url)
    clean = url.removesuffix(".html")
    assert reply["location"] == clean.removeprefix("/static/")
    assert get(clean).body == b"<title>About</title>"
    assert get(clean)["cache-control"] == IMMUTABLE
    assert reply["cache-control"] == "max-age=60, public"  # as every redirect
    # The plain names lead to the same content, which may change there.
    assert get("/static/about.html")["location"] == "about"
    assert get("/static/about")["cache-control"] == "max-age=60, public"


def test_mimetypes(serve: Serve) -> None:
    get = serve(MIMETYPES={".css": "application/vnd.style"})
    assert get("/static/app.css")["content-type"] == "application/vnd.style"


def test_add_headers_function(serve: Serve) -> None:
    def add(headers: Any, path: str, url: str) -> None:
        headers["X-Of"] = f"{os.path.basename(path)} at {url}"

    get = serve(ADD_HEADERS_FUNCTION=add)
    assert get("/static/app.css")["x-of"] == "app.css at /static/app.css"


@pytest.mark.parametrize(
    "ours, is_kept",
    [
        ({}, True),
        ({"MAX_CACHED_FILE_SIZE": len(STYLE)}, True),
        ({"MAX_CACHED_FILE_SIZE": len(STYLE) - 1}, False),
        ({"MAX_CACHE_SIZE": 10 * len(STYLE)}, True),
        ({"MAX_CACHE_SIZE": len(STYLE) - 1}, False),
    ],
    ids=str,
)
def test_max_cached_file_size_and_max_cache_size(
    serve: Serve, project: Path, ours: dict[str, Any], is_kept: bool
) -> None:
    get = serve(CHECK_INTERVAL=None, **ours)
    assert get("/static/app.css").body == STYLE
    with (project / "root" / "app.css").open("r+b") as file:
        file.write(STYLE.upper())
    assert get("/static/app.css").body == (STYLE if is_kept else STYLE.upper())


def test_check_interval(serve: Serve, project: Path) -> None:
    at_once, never = serve(CHECK_INTERVAL=0), serve(CHECK_INTERVAL=None)
    for get in (at_once, never):
        assert get("/static/app.css").body == STYLE
    write_style(project / "root" / "app.css", b"another\n")
    assert at_once("/static/app.css").body == b"another\n"
    assert never("/static/app.css").body == STYLE


def test_etag(serve: Serve, project: Path) -> None:
    write_style(project / "root" / "same.css")
    os.utime(project / "root" / "same.css", (1, 1))

    def tags(**ours: Any) -> set[str]:
        get = serve(**ours)
        return {get(f"/static/{name}.css")["etag"] for name in ("app", "same")}

    assert len(tags()) == 2
    assert len(tags(ETAG="content")) == 1
    assert tags(ETAG=lambda path, url: "release-7") == {'"release-7"'}


def test_include(serve: Serve, project: Path) -> None:
    write_style(project / "root" / "card.jinja", b"a template")
    assert serve()("/static/card.jinja").body == b"a template"
    get = serve(INCLUDE=["*.css"])
    assert is_from_view(get("/static/card.jinja"), "/static/card.jinja")
    assert get("/static/app.css").body == STYLE


def test_exclude(serve: Serve, project: Path) -> None:
    write_style(project / "root" / "app.css.map")
    assert serve()("/static/app.css.map").body == STYLE
    get = serve(EXCLUDE=["*.map"])
    assert is_from_view(get("/static/app.css.map"), "/static/app.css.map")


def test_root(serve: Serve, project: Path) -> None:
    write_style(project / "top" / "robots.txt", b"User-agent: *\n")
    write_style(project / "top" / "static" / "app.css", b"of the top\n")
    get = serve(ROOT=project / "top")
    assert get("/robots.txt").body == b"User-agent: *\n"
    assert get("/static/app.css").body == b"of the top\n"  # it takes precedence over STATIC_ROOT
    for unset in (None, ""):
        assert is_from_view(serve(ROOT=unset)("/robots.txt"), "/robots.txt")


@pytest.mark.parametrize("prefix", ["assets", "/assets", "/assets/"])
def test_static_prefix(serve: Serve, prefix: str) -> None:
    get = serve(STATIC_PREFIX=prefix)
    assert get("/assets/app.css").body == STYLE
    assert is_from_view(get("/static/app.css"), "/static/app.css")


@pytest.mark.parametrize(
    "url, path",
    [
        ("/static/", "/static/app.css"),
        ("static/", "/static/app.css"),
        ("https://cdn.example/static/", "/static/app.css"),
        ("https://cdn.example/", "/app.css"),
        ("//cdn.example/static/", "/static/app.css"),
    ],
)
def test_static_prefix_is_by_default_the_path_of_static_url(
    serve: Serve, url: str, path: str
) -> None:
    assert serve({"STATIC_URL": url})(path).body == STYLE
    assert serve({"STATIC_URL": url}, STATIC_PREFIX=None)(path).body == STYLE


def use_storage(
    stack: ExitStack, backend: str, changed: Mapping[str, Any] = {}, **options: Any
) -> None:
    """Set a staticfiles storage with these options."""
    backends: dict[str, Any] = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": backend, "OPTIONS": options},
    }
    stack.enter_context(override_settings(STORAGES=backends, **changed))
    storages._backends = backends  # override_settings of Django 4.2 forgets OPTIONS


@pytest.mark.parametrize("static_root", [None, "root"])
@pytest.mark.parametrize("backend", [DJANGO_PLAIN, DJANGO_MANIFEST, OURS_MANIFEST, FILE_SYSTEM])
def test_files_are_served_from_the_folder_of_the_storage(
    serve: Serve, project: Path, stack: ExitStack, backend: str, static_root: str | None
) -> None:
    write_style(project / "sources" / "app.css", b"collected\n")
    (project / "out").mkdir()
    root = project / static_root if static_root else None
    options = {"location": str(project / "out"), "base_url": "/assets/"}
    use_storage(stack, backend, {"STATIC_ROOT": root}, **options)
    call_command("collectstatic", interactive=False, verbosity=0)
    get = serve()
    url = static("app.css")
    assert url.startswith("/assets/app.")
    reply = get(url)
    assert reply.body == b"collected\n"
    assert (reply["cache-control"] == IMMUTABLE) is (backend in (DJANGO_MANIFEST, OURS_MANIFEST))
    assert is_from_view(get("/static/app.css"), "/static/app.css")


@pytest.mark.parametrize(
    ("base_url", "path"),
    [("https://cdn.example/a/", "/a/app.css"), ("b", "/b/app.css"), ("/b/c", "/b/c/app.css")],
)
def test_each_option_of_the_storage_applies_on_its_own(
    serve: Serve, project: Path, stack: ExitStack, base_url: str, path: str
) -> None:
    use_storage(stack, DJANGO_PLAIN, base_url=base_url)
    assert serve()(path).body == STYLE
    write_style(project / "out" / "app.css", b"out\n")
    use_storage(stack, DJANGO_PLAIN, location=str(project / "out"))
    assert serve()("/static/app.css").body == b"out\n"


def test_the_prefix_in_the_settings_takes_precedence_over_the_storage(
    serve: Serve, stack: ExitStack
) -> None:
    use_storage(stack, DJANGO_PLAIN, base_url="/assets/")
    assert serve(STATIC_PREFIX="/mine/")("/mine/app.css").body == STYLE


def test_the_mount_point_is_removed_from_the_storage_prefix(
    project: Path, stack: ExitStack
) -> None:
    use_storage(stack, DJANGO_PLAIN, {"FORCE_SCRIPT_NAME": "/shop"}, base_url="/shop/assets/")
    assert configuration().static_prefix == "/assets/"


def test_with_a_remote_storage_the_settings_apply(project: Path, stack: ExitStack) -> None:
    for backend in (f"{__name__}.Remote", f"{__name__}.Broken", "no.such.module"):
        use_storage(stack, backend)
        found = configuration()
        assert (found.static_root, found.static_prefix) == (project / "root", "/static/")


class Remote(Storage):  # type: ignore[misc]
    """A storage on another machine."""


def Broken(**options: Any) -> Any:  # noqa: N802 (in the place of a class)
    raise ImproperlyConfigured


def test_uploads_are_never_served(project: Path, stack: ExitStack) -> None:
    write_style(project / "media" / "cv.pdf")
    for media in (project / "media", ""):
        use_storage(stack, FILE_SYSTEM, {"MEDIA_ROOT": media, "MEDIA_URL": "/media/"})
        found = configuration()
        assert (found.static_root, found.static_prefix) == (project / "root", "/static/")
        (message,) = checks.check_settings(None)
        assert message.id == "whitenoise_async.W008"


@pytest.mark.parametrize(
    "settings, ours, is_found",
    [
        ({}, {}, False),
        ({}, {"USE_FINDERS": True}, True),
        ({"DEBUG": True}, {}, True),
        ({"DEBUG": True}, {"AUTOREFRESH": False}, True),
        ({"DEBUG": True}, {"USE_FINDERS": False}, False),
    ],
    ids=str,
)
def test_use_finders(
    serve: Serve, project: Path, settings: dict[str, Any], ours: dict[str, Any], is_found: bool
) -> None:
    write_style(project / "sources" / "found.css", b"found\n")
    reply = serve(settings, **ours)("/static/found.css")
    assert reply.body == b"found\n" if is_found else is_from_view(reply, "/static/found.css")


@pytest.mark.parametrize("is_used", [False, True])
def test_use_manifest(serve: Serve, project: Path, is_used: bool) -> None:
    hashed = collect(project, {}, DJANGO_MANIFEST)
    write_style(project / "root" / "left-over.css")
    get = serve({"STORAGES": storages_with(DJANGO_MANIFEST)}, USE_MANIFEST=is_used)
    assert get(f"/static/{hashed}").body == get("/static/app.css").body == STYLE
    reply = get("/static/left-over.css")
    assert is_from_view(reply, "/static/left-over.css") if is_used else reply.body == STYLE


def test_keep_only_hashed_files(project: Path) -> None:
    for keep_only in (True, False):
        hashed = collect(project, {"KEEP_ONLY_HASHED_FILES": keep_only})
        assert gzip.decompress((project / "root" / f"{hashed}.gz").read_bytes()) == STYLE
        assert (project / "root" / "app.css").exists() is not keep_only


def test_skip_compress_extensions(project: Path) -> None:
    def compressed(**ours: Any) -> set[str]:
        collect(project, ours)
        return {path.name.split(".")[0] for path in (project / "root").glob("*.gz")}

    assert compressed() == compressed(SKIP_COMPRESS_EXTENSIONS=None) == {"app", "picture"}
    assert compressed(SKIP_COMPRESS_EXTENSIONS=[".BMP"]) == {"app"}
    assert compressed(SKIP_COMPRESS_EXTENSIONS=["bmp", "css"]) == set()


def test_manifest_strict(project: Path) -> None:
    collect(project, {})
    strict = override_settings(
        STORAGES=storages_with(OURS_MANIFEST), WHITENOISE_MANIFEST_STRICT=True
    )
    with strict, pytest.raises(ValueError, match=r"missing\.css"):
        static("missing.css")
    write_style(project / "root" / "missing.css")
    with override_settings(STORAGES=storages_with(OURS_MANIFEST), WHITENOISE_MANIFEST_STRICT=False):
        assert static("missing.css").startswith("/static/missing.")


class Lenient(CompressedManifestStaticFilesStorage):
    manifest_strict = False


@pytest.mark.parametrize("ours", [{}, {"WHITENOISE_MANIFEST_STRICT": None}], ids=["unset", "None"])
def test_manifest_strict_defaults_to_the_attribute_of_the_storage(
    project: Path, ours: dict[str, Any]
) -> None:
    for backend, is_strict in {OURS_MANIFEST: True, f"{__name__}.Lenient": False}.items():
        with override_settings(STORAGES=storages_with(backend), **ours):
            assert staticfiles_storage.manifest_strict is is_strict


class Own(WhiteNoiseMiddleware):
    max_age = 5
    immutable_file_test = "^/static/docs/"
    charset = "latin-1"


class SetsThem(WhiteNoiseMiddleware):
    def __init__(self, get_response: Any) -> None:
        self.max_age = 6
        super().__init__(get_response)


class SaysTheDefault(WhiteNoiseMiddleware):
    max_age = 60


@pytest.mark.parametrize(
    "kind, ours, field",
    [
        (Own, {}, 5),
        (Own, {"WHITENOISE_MAX_AGE": 7}, 7),
        (SetsThem, {}, 6),
        (SaysTheDefault, {"DEBUG": True}, 60),
    ],
)
def test_settings_precede_options_of_a_subclass_which_precede_defaults(
    project: Path, stack: ExitStack, kind: type, ours: dict[str, Any], field: int
) -> None:
    middleware = f"{__name__}.{kind.__name__}"
    stack.enter_context(override_settings(MIDDLEWARE=[middleware], **ours))
    reply = call_wsgi(WSGIHandler(), make_call("/static/app.css"))
    assert reply["cache-control"] == f"max-age={field}, public"


def test_a_test_in_a_subclass_replaces_that_for_hashed_names(
    project: Path, stack: ExitStack
) -> None:
    hashed = collect(project, {}, DJANGO_MANIFEST)
    stack.enter_context(
        override_settings(
            MIDDLEWARE=[f"{__name__}.Own"], STORAGES=storages_with(DJANGO_MANIFEST), DEBUG=True
        )
    )
    reply = call_wsgi(WSGIHandler(), make_call(f"/static/{hashed}"))
    assert reply["cache-control"] == "max-age=5, public"


WRONG: dict[str, Any] = {
    "AUTOREFRESH": 1,
    "MAX_AGE": "60",
    "CHARSET": "",
    "ALLOW_ALL_ORIGINS": None,
    "NOSNIFF": "yes",
    "IMMUTABLE_FILE_TEST": "(",
    "INDEX_FILE": "docs/index.html",
    "CLEAN_URLS": None,
    "FALLBACK": "/index.html",
    "MIMETYPES": {".css": "style"},
    "ADD_HEADERS_FUNCTION": "path.to.a.function",
    "MAX_CACHED_FILE_SIZE": -1,
    "MAX_CACHE_SIZE": None,
    "CHECK_INTERVAL": -1,
    "INCLUDE": "*.map",
    "EXCLUDE": "*.map",
    "ETAG": "sha1",
    "ROOT": 1,
    "STATIC_PREFIX": 1,
    "USE_FINDERS": "no",
    "USE_MANIFEST": 1,
    "MANIFEST_STRICT": 0,
    "MANIFEST_MISSING": "ignore",
    "KEEP_ONLY_HASHED_FILES": "yes",
    "SKIP_COMPRESS_EXTENSIONS": "jpg",
    "STORE": "ftp://bucket",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused_with_the_name_of_the_setting(name: str) -> None:
    setting = f"WHITENOISE_{name}"
    with override_settings(**{setting: WRONG[name]}):
        (error,) = find_errors()
        assert error.startswith(setting)
        for read in (configuration, storage_configuration):
            with pytest.raises(ImproperlyConfigured, match=setting):
                read()


@pytest.mark.parametrize("each", [".", "tar.gz", ""])
def test_an_impossible_extension_is_refused(each: str) -> None:
    with override_settings(WHITENOISE_SKIP_COMPRESS_EXTENSIONS=["jpg", each]):
        assert list(find_errors()) == [
            f"WHITENOISE_SKIP_COMPRESS_EXTENSIONS must be extensions such as 'jpg', got {each!r}"
        ]


@pytest.mark.parametrize("prefix", ["https://cdn.example/static/", "//cdn.example/"])
def test_a_static_prefix_with_a_host_is_refused(prefix: str) -> None:
    with override_settings(WHITENOISE_STATIC_PREFIX=prefix):
        (error,) = find_errors()
    assert error.startswith("WHITENOISE_STATIC_PREFIX must be a URL path such as '/static/', got")
    assert error.endswith("see docs/cdn.md")


def test_every_setting_has_a_wrong_value_in_this_module() -> None:
    assert {f"WHITENOISE_{name}" for name in WRONG} == set(SETTINGS)


@pytest.mark.parametrize("debug", [False, True])
def test_the_table_has_every_setting_with_its_default(debug: bool) -> None:
    with override_settings(DEBUG=debug):
        found, stored = configuration(), storage_configuration()
    documented = {
        name: eval(default, {"DEBUG": debug})
        for setting, _, given, _ in rows_of(DOCS / "django.md", 4)
        if (name := code(setting)) and (default := code(given))
    }
    names = {name for name in vars(Options) if not name.startswith("_")} - {"not_found"}
    options = {name: getattr(Options, name) for name in names} | dict(found.defaults)
    others = {
        "root": found.root,
        "static_prefix": None,  # the path of STATIC_URL
        "use_finders": found.use_finders,
        "use_manifest": found.use_manifest,
        **stored._asdict(),
    }
    assert documented == {
        f"WHITENOISE_{name.upper()}": value for name, value in {**options, **others}.items()
    }
    assert set(documented) == set(SETTINGS)


def test_the_table_of_system_checks_is_complete() -> None:
    source = Path(checks.__file__).read_text("utf-8")
    page = (DOCS / "django.md").read_text("utf-8")
    documented = re.findall(r"^\| `(whitenoise_async\.\w+)` \|", page, re.M)
    assert sorted(documented) == sorted(set(re.findall(r"whitenoise_async\.[EW]\d+", source)))


def test_the_migration_page_names_every_setting() -> None:
    page = (DOCS / "coming-from-django.md").read_text("utf-8")
    assert set(re.findall(r"`(WHITENOISE_[A-Z_]*[A-Z])`", page)) == set(SETTINGS)
