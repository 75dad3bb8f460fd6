"""The error that ends ``collectstatic``."""

from __future__ import annotations

from django.core.management import base

from ..support.logs import OneLineError


class CommandError(OneLineError, base.CommandError):
    """Django's, on one line whatever the file names in it hold."""
