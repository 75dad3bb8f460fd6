"""A folder of files, and a Django project that collects and serves it."""

import contextlib
import shutil
import sys
import types
from pathlib import Path

import httpx
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import storages
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.utils.functional import empty

from tests.helpers import django_project

django_project.configure()

BASE_DIR = Path.cwd()
FILES = {
    "static/app.css": "body { color: black }\n" * 20,
    "static/card.css": "p { color: red }\n",
    "static/card.jinja": "<p>{{ secret }}</p>\n",
    "static/legacy.jsx": "export default 1;\n",
    "dist/index.html": "<!doctype html><title>Home</title>\n",
    "dist/docs/index.html": "<!doctype html><title>Docs</title>\n",
    "dist/assets/app-B8yIs_ty.js": "console.log(1);\n",
    "media/photo.txt": "a photo\n",
    "files/app.css": "body { background: url(missing.png) }\n" * 20,
    "files/ui/entry.client-B8yIs_ty.js": "console.log(1);\n" * 20,
}
for path, content in FILES.items():
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)


def get(application, path, **headers):
    """Request a path of a WSGI application."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(
        transport=httpx.WSGITransport(application), base_url="http://example"
    ) as client:
        return client.get(path, headers=fields)


def ask(middleware_class, path, page_status=404, settings=None, **headers):
    """Request a path of a middleware, in front of a view that responds "page"."""
    with override_settings(**{"STATIC_ROOT": None, **(settings or {})}):
        middleware = middleware_class(lambda request: HttpResponse("page", status=page_status))
        fields = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        return middleware(RequestFactory().get(path, **fields))


@contextlib.contextmanager
def collected(storage_class, **settings):
    """A project with this storage, after ``collectstatic`` into an empty folder."""
    module = sys.modules.setdefault("page_storages", types.ModuleType("page_storages"))
    setattr(module, storage_class.__name__, storage_class)
    options = settings.pop("OPTIONS", {})
    backend = {"BACKEND": f"page_storages.{storage_class.__name__}", "OPTIONS": options}
    changed = {
        "STATICFILES_DIRS": [BASE_DIR / "files"],
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "STATIC_ROOT": BASE_DIR / storage_class.__name__,
        "MIDDLEWARE": ["whitenoise_async.django.WhiteNoiseMiddleware"],
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": backend,
        },
        **settings,
    }
    with override_settings(**changed):
        storages._backends = changed["STORAGES"]  # override_settings of Django 4.2 forgets OPTIONS
        staticfiles_storage._wrapped = empty
        shutil.rmtree(changed["STATIC_ROOT"], ignore_errors=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        yield Path(changed["STATIC_ROOT"])
    staticfiles_storage._wrapped = empty


def check_page(page):
    """The middleware for django-compressor sends a bundle as immutable."""
    bundle = BASE_DIR / "collected/CACHE/js/output.0889a34434e5.js"
    bundle.parent.mkdir(parents=True)
    bundle.write_text("1;\n")
    root = {"STATIC_ROOT": BASE_DIR / "collected"}
    reply = ask(page["WithBundles"], "/static/CACHE/js/output.0889a34434e5.js", settings=root)
    assert "immutable" in reply["cache-control"]
