"""A ``runserver`` command that leaves static files to the middleware.

It extends the command of the next application, Daphne's or Django's own, and makes ``--nostatic``
the default.
"""

from __future__ import annotations

import os
from typing import Any

from django.apps import apps
from django.core.management import find_commands, load_command_class

_OURS = "whitenoise_async.django"


def _next_command() -> Any:
    configs = list(apps.get_app_configs())
    after = configs[[config.name for config in configs].index(_OURS) + 1 :]
    for config in after:
        if "runserver" in find_commands(os.path.join(config.path, "management")):
            return type(load_command_class(config.name, "runserver"))
    return type(load_command_class("django.core", "runserver"))


_Command = _next_command()


class Command(_Command):  # type: ignore[misc, valid-type]
    """The next application's ``runserver``, without serving static files."""

    def add_arguments(self, parser: Any) -> None:
        """Add the arguments of the extended command, and change the default of ``--nostatic``."""
        super().add_arguments(parser)
        if parser.get_default("use_static_handler"):
            parser.set_defaults(use_static_handler=False)
            description = parser.description or ""
            parser.description = (
                f"{description} The middleware serves static files instead (--nostatic)."
            )
