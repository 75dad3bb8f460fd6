"""System checks: what is wrong with the settings, each by its name."""

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
from .settings import KNOWN, PREFIX, configuration, faults, is_for_uploads, local_storage, set_names
from .storage import CompressedFilesStorage

_MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
_NOT_PROJECTS = {__name__.partition(".")[0], "builtins", "django", "typing"}

# Those that have a place before ours, because files concern them, and say so in their own
# documentation.
_BEFORE = frozenset(
    {
        # Fields that browsers need on a file too: who may read it, and what a page may load.
        _SECURITY,
        "corsheaders.middleware.CorsMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        "django_permissions_policy.PermissionsPolicyMiddleware",
        # They count or time every request, and come first or put themselves first.
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "elasticapm.contrib.django.middleware.TracingMiddleware",
        "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
        # For development: as early as possible, or before all that answer by themselves.
        "debug_toolbar.middleware.DebugToolbarMiddleware",
        "silk.middleware.SilkyMiddleware",
        # It chooses the URLs by the host, before all others.
        "django_hosts.middleware.HostsRequestMiddleware",
    }
)


def check_settings(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """Check all that has to do with static files. Called by Django."""
    errors = [checks.Error(fault, id="whitenoise_async.E001") for fault in faults()]
    errors += _uncalled(list(settings.MIDDLEWARE))
    others = [*_unknown(), *_order(list(settings.MIDDLEWARE)), *_applications()]
    found = [*errors, *others, *([] if errors else _folders())]
    for each in found:
        each.msg = printable(each.msg)
    return found


def _unknown() -> Iterator[CheckMessage]:
    names = [name for name in set_names() if name not in KNOWN]
    sources = _sources_of_subclasses() if names else []
    known = [each.removeprefix(PREFIX) for each in KNOWN]
    for name in names:
        bare = name.removeprefix(PREFIX)
        close = get_close_matches(bare, known, 1)
        # A subclass may have settings of its own; one that looks misspelled has to be in its code.
        named = re.compile(rf"\b({PREFIX})?{bare}\b")
        if not ((sources and not close) or any(map(named.search, sources))):
            known_ones = f"There are {', '.join(KNOWN)}."
            hint = f"Did you mean {PREFIX}{close[0]}?" if close else known_ones
            yield checks.Warning(
                f"There is no setting {name}", hint=hint, id="whitenoise_async.W001"
            )


def _uncalled(middleware: list[str]) -> Iterator[CheckMessage]:
    for path in middleware:
        try:
            kind = import_string(path)
        except ImportError:
            continue  # Django says so itself
        if isinstance(kind, type) and issubclass(kind, BaseWhiteNoise):
            uncalled = find_uncalled_override(kind, UNCALLED_APPLICATION_METHODS)
            if uncalled is not None:
                yield checks.Error(uncalled, id="whitenoise_async.E002")


def _sources_of_subclasses() -> list[str]:
    """The code of each module in which the project derives a class from one of ours."""
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


def _order(middleware: list[str]) -> Iterator[CheckMessage]:
    if _MIDDLEWARE not in middleware:
        return
    if "whitenoise.middleware.WhiteNoiseMiddleware" in middleware:
        yield checks.Warning(
            "MIDDLEWARE has WhiteNoise's middleware too: one of them has nothing to do",
            id="whitenoise_async.W002",
        )
    before = middleware[: middleware.index(_MIDDLEWARE)]
    if _SECURITY in middleware and _SECURITY not in before:
        yield checks.Warning(
            f"{_MIDDLEWARE} comes before {_SECURITY}, so that files are served without its"
            " redirects and header fields",
            hint=f"Put it right after {_SECURITY}.",
            id="whitenoise_async.W003",
        )
    costly = [each for each in before if each not in _BEFORE]
    if costly:
        yield checks.Warning(
            f"Each request for a file goes through {', '.join(costly)} first",
            hint=f"Put {_MIDDLEWARE} right after {_SECURITY}, unless they are meant to see it.",
            id="whitenoise_async.W004",
        )


def _applications() -> Iterator[CheckMessage]:
    names = [config.name for config in apps.get_app_configs()]
    ours, theirs = "whitenoise_async.django", "django.contrib.staticfiles"
    if ours in names and theirs in names and names.index(ours) > names.index(theirs):
        yield checks.Warning(
            f"{ours} comes after {theirs} in INSTALLED_APPS, so that runserver is Django's, which"
            " serves static files itself",
            id="whitenoise_async.W005",
        )


def _folders() -> Iterator[CheckMessage]:
    found = configuration()
    storage = local_storage()
    if storage is not None and is_for_uploads(storage):
        yield checks.Warning(
            "Collected files are not served: the staticfiles storage puts them in MEDIA_ROOT,"
            f" among uploads: {storage.location}",
            hint='Give it a "location" and a "base_url" in the OPTIONS of STORAGES.',
            id="whitenoise_async.W008",
        )
    if found.root is not None and not os.path.isdir(found.root):
        yield checks.Warning(
            f"WHITENOISE_ROOT is no directory: {found.root}", id="whitenoise_async.W006"
        )
    if found.static_root is None and found.root is None and not found.use_finders:
        yield checks.Warning(
            "No files will be served: STATIC_ROOT is not set, nor WHITENOISE_ROOT, and"
            " WHITENOISE_USE_FINDERS is False",
            id="whitenoise_async.W007",
        )
