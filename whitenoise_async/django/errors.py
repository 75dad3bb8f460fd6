"""The error that ends ``collectstatic``."""

from __future__ import annotations

from django.core.management import base

from ..support.logs import OneLineError


class CommandError(OneLineError, base.CommandError):
    """Django's error, on one line even if a file name contains line breaks."""
