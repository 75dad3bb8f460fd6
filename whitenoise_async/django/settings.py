"""The settings: their checks, and the values that result from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

from ..files.formats import checked_extensions
from ..http.paths import below_mount
from ..options import Options, resolve
from ..registry.interface import check_prefix

if TYPE_CHECKING:
    from ..options import OptionKeywords

PREFIX = "WHITENOISE_"

#: The settings that are options of the middleware, such as ``WHITENOISE_MAX_AGE``.
OPTIONS = {
    PREFIX + name.upper(): name
    for name in vars(Options)
    if not name.startswith("_") and name != "not_found"  # Django has a page of its own
}

_Check = Callable[[str, object], None]


class Configuration(NamedTuple):
    """The resulting values for serving files."""

    options: OptionKeywords
    #: The defaults of options that depend on the settings. A subclass may override them.
    defaults: OptionKeywords
    #: The URL prefix of static files below the mount point, with a slash at both ends.
    static_prefix: str
    static_root: str | os.PathLike[str] | None
    root: str | os.PathLike[str] | None
    use_finders: bool
    use_manifest: bool
    #: The mount point in ``FORCE_SCRIPT_NAME``, without a slash at its end.
    script_name: str


class StorageConfiguration(NamedTuple):
    """The resulting values for ``collectstatic``."""

    #: ``None`` leaves it to the storage's class.
    manifest_strict: bool | None
    #: ``"error"`` or ``"warn"``.
    manifest_missing: str
    keep_only_hashed_files: bool
    #: Lower case, without dots; ``None`` for the default of :func:`compress_tree`.
    skip_compress_extensions: frozenset[str] | None


def configuration(source: Any = settings) -> Configuration:
    """Read the settings.

    :param source: an object with the settings as attributes. Missing ones have their defaults.
    :raises ImproperlyConfigured: that names each setting with a wrong value.
    """
    _require_valid(source)
    debug = bool(getattr(source, "DEBUG", False))
    options = {
        name: getattr(source, each) for each, name in OPTIONS.items() if hasattr(source, each)
    }
    if options.get("immutable_file_test", PREFIX) is None:
        del options["immutable_file_test"]  # for WhiteNoise, the same as if it were not set
    script_name = (getattr(source, "FORCE_SCRIPT_NAME", None) or "").rstrip("/")
    storage = local_storage() if source is settings else None
    if storage is not None and is_for_uploads(storage):
        storage = None
    return Configuration(
        options=cast("OptionKeywords", options),
        defaults={"autorefresh": True, "max_age": 0} if debug else {},
        static_prefix=_static_prefix(source, storage, script_name),
        static_root=_static_root(source, storage),
        root=_get(source, "ROOT", None) or None,
        use_finders=_get(source, "USE_FINDERS", debug),
        use_manifest=_get(source, "USE_MANIFEST", False),
        script_name=script_name,
    )


def storage_configuration() -> StorageConfiguration:
    """Read the settings for ``collectstatic``; raises as :func:`configuration` does."""
    _require_valid(settings)
    extensions = _get(settings, "SKIP_COMPRESS_EXTENSIONS", None)
    return StorageConfiguration(
        manifest_strict=_get(settings, "MANIFEST_STRICT", None),
        manifest_missing=_get(settings, "MANIFEST_MISSING", "error"),
        keep_only_hashed_files=_get(settings, "KEEP_ONLY_HASHED_FILES", False),
        skip_compress_extensions=None
        if extensions is None
        else frozenset(each.lower().lstrip(".") for each in extensions),
    )


def find_errors(source: Any = settings) -> Iterator[str]:
    """Yield a message for each setting with a wrong value."""
    for name, check in SETTINGS.items():
        if hasattr(source, name):
            try:
                check(name, getattr(source, name))
            except (TypeError, ValueError) as error:
                yield str(error)


def local_storage() -> FileSystemStorage | None:
    """The staticfiles storage, if it keeps its files in a folder of this machine.

    :returns: ``None`` also if the storage cannot be created: a manifest storage without
        ``STATIC_ROOT``, for example.
    """
    try:
        is_local = isinstance(staticfiles_storage, FileSystemStorage)
    except ImproperlyConfigured:
        return None
    return cast("FileSystemStorage", staticfiles_storage) if is_local else None


def is_for_uploads(storage: FileSystemStorage) -> bool:
    """Whether the folder of ``storage`` is ``MEDIA_ROOT``, Django's default."""
    return bool(storage.location == os.path.abspath(settings.MEDIA_ROOT))


def prefixed_settings() -> list[str]:
    """The names with our prefix that are set, known or not."""
    return sorted(name for name in dir(settings) if name.startswith(PREFIX))


def _require_valid(source: Any) -> None:
    found = list(find_errors(source))
    if found:
        raise ImproperlyConfigured("; ".join(found))


def _get(source: Any, name: str, default: Any) -> Any:
    return getattr(source, PREFIX + name, default)


def _static_root(source: Any, storage: FileSystemStorage | None) -> str | os.PathLike[str] | None:
    """The folder that ``collectstatic`` writes to: that of the storage, if it has one."""
    if storage is not None and storage.location:
        return cast("str", storage.location)
    return getattr(source, "STATIC_ROOT", None) or None


def _static_prefix(source: Any, storage: FileSystemStorage | None, script_name: str) -> str:
    """The URL prefix of static files, below the mount point.

    Django adds the mount point to a relative ``STATIC_URL``, so it is removed here.
    """
    prefix = _get(source, "STATIC_PREFIX", None)
    if prefix is None:
        base_url = storage.base_url if storage is not None else getattr(source, "STATIC_URL", None)
        path = urlsplit(base_url or "").path
        prefix = below_mount(path, script_name) if script_name else path
    stripped = prefix.strip("/")
    return f"/{stripped}/" if stripped else "/"


def _require_option(name: str, value: object, *, option: str) -> None:
    probe = Options()
    setattr(probe, option, value)
    try:
        resolve(probe)
    except (TypeError, ValueError) as error:
        raise type(error)(name + str(error).removeprefix(option)) from error


def _require_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def _require_flag_or_none(name: str, value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True, False or None, got {value!r}")


def _require_reaction(name: str, value: object) -> None:
    if value not in ("error", "warn"):
        raise ValueError(f"{name} must be 'error' or 'warn', got {value!r}")


def _require_path(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be the path of a folder or None, got {value!r}")


def _require_prefix(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a URL path such as '/static/' or None, got {value!r}")
    check_prefix(name, value or "")


def _require_extensions(name: str, value: object) -> None:
    if value is not None:
        checked_extensions(name, value, "a list of extensions such as 'jpg' or None")


#: The settings, each with a function that raises an error for a wrong value.
SETTINGS: dict[str, _Check] = {
    **{name: partial(_require_option, option=option) for name, option in OPTIONS.items()},
    "WHITENOISE_ROOT": _require_path,
    "WHITENOISE_STATIC_PREFIX": _require_prefix,
    "WHITENOISE_USE_FINDERS": _require_flag,
    "WHITENOISE_USE_MANIFEST": _require_flag,
    "WHITENOISE_MANIFEST_STRICT": _require_flag_or_none,
    "WHITENOISE_MANIFEST_MISSING": _require_reaction,
    "WHITENOISE_KEEP_ONLY_HASHED_FILES": _require_flag,
    "WHITENOISE_SKIP_COMPRESS_EXTENSIONS": _require_extensions,
}
