"""System checks of the settings."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from ..base import BaseWhiteNoise
from ..overrides import UNCALLED_APPLICATION_METHODS, find_uncalled_override
from ..support.logs import printable
from .base import ConfiguredWhiteNoise
from .settings import (
    PREFIX,
    SETTINGS,
    configuration,
    find_errors,
    is_for_uploads,
    local_storage,
    prefixed_settings,
)
from .storage import CompressedFilesStorage

_MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
_NOT_PROJECTS = {__name__.partition(".")[0], "builtins", "django", "typing"}

# Middlewares that belong before ours, according to their own documentation.
_MAY_PRECEDE = frozenset(
    {
        # They set headers that browsers need on files too: redirects, CORS, content policies.
        _SECURITY,
        "corsheaders.middleware.CorsMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        "django_permissions_policy.PermissionsPolicyMiddleware",
        # They count or time every request, and must come first.
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "elasticapm.contrib.django.middleware.TracingMiddleware",
        "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
        # For development. They must come before middlewares that answer requests themselves.
        "debug_toolbar.middleware.DebugToolbarMiddleware",
        "silk.middleware.SilkyMiddleware",
        # It selects the URLs by host, before all others.
        "django_hosts.middleware.HostsRequestMiddleware",
    }
)


def check_settings(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """Check everything that concerns static files. Called by Django."""
    errors = [checks.Error(error, id="whitenoise_async.E001") for error in find_errors()]
    errors += _uncalled_overrides(list(settings.MIDDLEWARE))
    others = [
        *_unknown_settings(),
        *_middleware_order(list(settings.MIDDLEWARE)),
        *_application_order(),
    ]
    found = [*errors, *others, *([] if errors else _folders())]
    for each in found:
        each.msg = printable(each.msg)
    return found


def _unknown_settings() -> Iterator[CheckMessage]:
    names = [name for name in prefixed_settings() if name not in SETTINGS]
    sources = _sources_of_subclasses() if names else []
    known = [each.removeprefix(PREFIX) for each in SETTINGS]
    for name in names:
        bare = name.removeprefix(PREFIX)
        close = get_close_matches(bare, known, 1)
        # A subclass may have settings of its own. A name that looks misspelled must be in its code.
        usage = re.compile(rf"\b({PREFIX})?{bare}\b")
        if not ((sources and not close) or any(map(usage.search, sources))):
            names_known = f"The settings are {', '.join(SETTINGS)}."
            hint = f"Did you mean {PREFIX}{close[0]}?" if close else names_known
            yield checks.Warning(f"Unknown setting {name}", hint=hint, id="whitenoise_async.W001")


def _uncalled_overrides(middleware: list[str]) -> Iterator[CheckMessage]:
    for path in middleware:
        try:
            kind = import_string(path)
        except ImportError:
            continue  # Django reports it
        if isinstance(kind, type) and issubclass(kind, BaseWhiteNoise):
            uncalled = find_uncalled_override(kind, UNCALLED_APPLICATION_METHODS)
            if uncalled is not None:
                yield checks.Error(uncalled, id="whitenoise_async.E002")


def _sources_of_subclasses() -> list[str]:
    """The source of each module in which the project subclasses one of our classes."""
    storage = settings.STORAGES.get("staticfiles", {})
    paths = [*settings.MIDDLEWARE, storage.get("BACKEND", "")]
    modules: set[str] = set()
    for path in paths:
        with suppress(ImportError):  # Django reports it
            found = import_string(path)
            if isinstance(found, type) and issubclass(
                found, (ConfiguredWhiteNoise, CompressedFilesStorage)
            ):
                modules |= {each.__module__ for each in found.__mro__}
    return [_source(each) for each in modules if each.partition(".")[0] not in _NOT_PROJECTS]


def _source(module: str) -> str:
    try:
        return inspect.getsource(sys.modules[module])
    except (OSError, TypeError):  # compiled code has none
        return ""


def _middleware_order(middleware: list[str]) -> Iterator[CheckMessage]:
    if _MIDDLEWARE not in middleware:
        return
    if "whitenoise.middleware.WhiteNoiseMiddleware" in middleware:
        yield checks.Warning(
            "MIDDLEWARE contains WhiteNoise's middleware too, so both serve static files",
            hint="Remove whitenoise.middleware.WhiteNoiseMiddleware.",
            id="whitenoise_async.W002",
        )
    before = middleware[: middleware.index(_MIDDLEWARE)]
    if _SECURITY in middleware and _SECURITY not in before:
        yield checks.Warning(
            f"{_MIDDLEWARE} comes before {_SECURITY}, so files are served without its"
            " redirects and headers",
            hint=f"Put it right after {_SECURITY}.",
            id="whitenoise_async.W003",
        )
    costly = [each for each in before if each not in _MAY_PRECEDE]
    if costly:
        yield checks.Warning(
            f"Each request for a static file passes through {', '.join(costly)} first",
            hint=f"Put {_MIDDLEWARE} right after {_SECURITY}, unless they need these requests.",
            id="whitenoise_async.W004",
        )


def _application_order() -> Iterator[CheckMessage]:
    names = [config.name for config in apps.get_app_configs()]
    ours, theirs = "whitenoise_async.django", "django.contrib.staticfiles"
    if ours in names and theirs in names and names.index(ours) > names.index(theirs):
        yield checks.Warning(
            f"{ours} comes after {theirs} in INSTALLED_APPS, so runserver is Django's, which serves"
            " static files itself",
            hint=f"Put {ours} before {theirs}.",
            id="whitenoise_async.W005",
        )


def _folders() -> Iterator[CheckMessage]:
    found = configuration()
    storage = local_storage()
    if storage is not None and is_for_uploads(storage):
        yield checks.Warning(
            "Collected files are not served: the staticfiles storage writes them to MEDIA_ROOT,"
            f" among uploads: {storage.location}",
            hint='Set "location" and "base_url" in the OPTIONS of STORAGES["staticfiles"].',
            id="whitenoise_async.W008",
        )
    if found.root is not None and not os.path.isdir(found.root):
        yield checks.Warning(
            f"WHITENOISE_ROOT is not a directory: {found.root}",
            hint="Create the directory, or set WHITENOISE_ROOT to None.",
            id="whitenoise_async.W006",
        )
    fallback = found.options.get("fallback")
    if fallback and not (found.root and os.path.isfile(os.path.join(found.root, fallback))):
        yield checks.Warning(
            f"WHITENOISE_FALLBACK is not a file below WHITENOISE_ROOT: {fallback}",
            hint="Set WHITENOISE_ROOT to the folder of the built page, and build the page.",
            id="whitenoise_async.W009",
        )
    if found.static_root is None and found.root is None and not found.use_finders:
        yield checks.Warning(
            "No files will be served: neither STATIC_ROOT nor WHITENOISE_ROOT is set, and"
            " WHITENOISE_USE_FINDERS is False",
            hint="Set STATIC_ROOT to the folder for collectstatic.",
            id="whitenoise_async.W007",
        )
