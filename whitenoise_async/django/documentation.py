"""A docstring that describes each setting, for ``help(WhiteNoiseMiddleware)``."""

from __future__ import annotations

import re
from typing import TypeVar

from ..options import Options, describe, option_meanings
from .settings import OPTIONS, SETTINGS

_Class = TypeVar("_Class", bound=type[Options])

_SET_BY_STORAGE = "``None`` means the files whose names the storage has hashed."

# The defaults that differ from those of the options, and what else differs.
_DEFAULTS = {"autorefresh": "DEBUG", "max_age": "0 if DEBUG else 60"}
_ADDED = {
    "fallback": "Its path is below ``WHITENOISE_ROOT``.",
    "immutable_file_test": _SET_BY_STORAGE,
}

# The settings that are no options.
_OTHERS = {
    "WHITENOISE_ROOT": ("None", "A folder of files whose URLs begin with ``/``."),
    "WHITENOISE_STATIC_PREFIX": (
        "None",
        "The URL path of static files. ``None`` means the path of the storage's ``base_url``, or\n"
        "    without one the path of ``STATIC_URL``.",
    ),
    "WHITENOISE_USE_FINDERS": (
        "DEBUG",
        "Also serve the files that Django's finders find, even if they were not collected.",
    ),
    "WHITENOISE_USE_MANIFEST": ("False", "Serve only the files in the storage's manifest."),
    "WHITENOISE_MANIFEST_STRICT": (
        "None",
        "Whether ``{% static %}`` raises an error for a file that is not in the manifest.\n"
        "    ``None`` means the value of the storage's class.",
    ),
    "WHITENOISE_MANIFEST_MISSING": (
        '"error"',
        '``collectstatic`` ends with an error if a file refers to a missing file. ``"warn"`` logs\n'
        "    a warning instead. A missing source map is always a warning.",
    ),
    "WHITENOISE_KEEP_ONLY_HASHED_FILES": (
        "False",
        "``collectstatic`` keeps only the hashed copy of a file.",
    ),
    "WHITENOISE_SKIP_COMPRESS_EXTENSIONS": (
        "None",
        "Extensions of files that ``collectstatic`` does not compress. ``None`` means those of\n"
        "    files that are compressed already, such as pictures.",
    ),
}


def describe_settings(kind: _Class) -> _Class:
    """Add every setting to the docstring of a class."""
    return describe(kind, "The settings, with their defaults:", setting_meanings)


def setting_meanings() -> dict[str, tuple[str, str]]:
    """The default and the meaning of each setting.

    :returns: only the settings that are no options, if the source of the options is not installed.
    """
    options = option_meanings()
    found = dict(_OTHERS)
    for setting, name in OPTIONS.items():
        if name in options:
            default, meaning = options[name]
            added = f"\n    {_ADDED[name]}" if name in _ADDED else ""
            found[setting] = (_DEFAULTS.get(name, default), _with_settings(meaning) + added)
    return {name: found[name] for name in SETTINGS if name in found}


def _with_settings(text: str) -> str:
    """Replace the name of each option by that of its setting."""
    settings = {name: setting for setting, name in OPTIONS.items()}
    return re.sub(r"(?<=``)\w+(?=``)", lambda found: settings.get(found[0], found[0]), text)
