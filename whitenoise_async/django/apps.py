"""The application for ``INSTALLED_APPS``: system checks, and a ``runserver`` command."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register

from .checks import check_settings


class WhiteNoiseConfig(AppConfig):
    """Listed as ``"whitenoise_async.django"``, before ``"django.contrib.staticfiles"``."""

    name = "whitenoise_async.django"
    label = "whitenoise_async"
    verbose_name = "whitenoise_async"

    def ready(self) -> None:
        """Register the system checks."""
        register(check_settings, Tags.staticfiles)
