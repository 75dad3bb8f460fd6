"""Ways to start that do more than list every file: with patterns, and in a Django project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.site import PREFIX
from whitenoise_async import WhiteNoise

#: The file of Django's ``ManifestStaticFilesStorage``.
_MANIFEST = "staticfiles.json"
_STORAGE = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


def _exclude(site: Path) -> Any:
    patterns = ["*.map", "*.psd", "node_modules/", "/private/*"]
    return WhiteNoise(None, site / PREFIX, PREFIX, exclude=patterns)


def _include(site: Path) -> Any:
    return WhiteNoise(None, site / PREFIX, PREFIX, include=["*.js", "*.css", "*.svg"])


def _django(site: Path, *, use_manifest: bool) -> Any:
    import django
    from django.conf import settings
    from django.test import override_settings

    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["django.contrib.staticfiles"],
            SECRET_KEY="benchmarks",
            STATIC_URL=f"/{PREFIX}/",
            STORAGES={"staticfiles": {"BACKEND": _STORAGE}},
            USE_TZ=True,
        )
        django.setup()
    from whitenoise_async.django import WhiteNoiseMiddleware

    changed = {"STATIC_ROOT": site / PREFIX, "WHITENOISE_USE_MANIFEST": use_manifest}
    with override_settings(**changed):
        return WhiteNoiseMiddleware(lambda request: None)


#: The function that starts each, with the folder of the site.
STARTS: dict[str, Callable[[Path], Any]] = {
    "with exclude": _exclude,
    "with include": _include,
    "Django": lambda site: _django(site, use_manifest=False),
    "Django's manifest": lambda site: _django(site, use_manifest=True),
}


def write_manifest(site: Path) -> None:
    """Write Django's manifest for the style sheets. Their hashed copies are not needed."""
    folder = site / PREFIX
    names = [each.relative_to(folder).as_posix() for each in sorted(folder.rglob("*.css"))]
    paths = {name: f"{name.removesuffix('.css')}.0123456789ab.css" for name in names}
    text = json.dumps({"paths": paths, "version": "1.1", "hash": "0123456789ab"})
    (folder / _MANIFEST).write_text(text)
