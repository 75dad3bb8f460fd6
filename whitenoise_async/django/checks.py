"""System checks: what is wrong with the settings, each by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from ..base import BaseWhiteNoise
from ..logs import printable
from ..overrides import OF_APPLICATIONS, uncalled_override
from .settings import KNOWN, PREFIX, configuration, faults, set_names

_MIDDLEWARE = "whitenoise_async.django.WhiteNoiseMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"


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
    for name in set_names():
        if name not in KNOWN:
            known = [each.removeprefix(PREFIX) for each in KNOWN]
            close = get_close_matches(name.removeprefix(PREFIX), known, 1)
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
            uncalled = uncalled_override(kind, OF_APPLICATIONS)
            if uncalled is not None:
                yield checks.Error(uncalled, id="whitenoise_async.E002")


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
    costly = [each for each in before if each != _SECURITY]
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
