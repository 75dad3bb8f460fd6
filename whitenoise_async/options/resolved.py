"""Checks the options, and resolves each to the one form that the package works with."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..http.fields import is_token
from ..http.media_types import MediaTypes
from ..support.globs import FirstMatch, Globs, compile_globs
from .declaration import DEFAULT_MAX_AGE, Options, is_set
from .hooks import check_hook, default_etag, hook_of, url_test_of

if TYPE_CHECKING:
    from ..support.url_tests import UrlTest
    from .keywords import AddHeadersFunction

_INDEX_FILE = "index.html"
_LONGEST_INTERVAL = 10**9  # seconds: thirty years


class ResolvedOptions(NamedTuple):
    """The options after their check."""

    autorefresh: bool
    max_age: FirstMatch[int | None]
    charset: str | None
    allow_all_origins: bool
    nosniff: bool
    is_immutable: Callable[[str, str], object] | None
    index_file: str | None
    clean_urls: bool
    fallback: str | None
    not_found: str | None
    media_types: MediaTypes
    add_headers: AddHeadersFunction | None
    max_cached_file_size: int
    max_cache_size: int
    check_interval: float | None
    exclude: Globs | None
    etag: str | Callable[[str, str], object]
    #: Used where a method ``etag`` returns ``None``; ``None`` without such a method.
    default_etag: str | None
    store: str | None
    #: Which URLs a store may supply; ``None`` for twelve hexadecimal digits before the extension.
    store_test: UrlTest | None


def resolve(owner: Options) -> ResolvedOptions:
    """Check and resolve the options of ``owner``.

    :raises TypeError: for a value of the wrong type.
    :raises ValueError: for a value out of range.
    """
    etag = hook_of(owner, "etag")
    autorefresh = _flag("autorefresh", owner.autorefresh)
    store = _store(owner.store)
    return ResolvedOptions(
        autorefresh=autorefresh,
        max_age=_max_age(0 if autorefresh and not is_set(owner, "max_age") else owner.max_age),
        charset=_charset(owner.charset),
        allow_all_origins=_flag("allow_all_origins", owner.allow_all_origins),
        nosniff=_flag("nosniff", owner.nosniff),
        is_immutable=check_hook("immutable_file_test", hook_of(owner, "immutable_file_test")),
        index_file=_index_file(owner.index_file),
        clean_urls=_flag("clean_urls", owner.clean_urls),
        fallback=_page("fallback", owner.fallback),
        not_found=_page("not_found", owner.not_found),
        media_types=_media_types(owner.mimetypes),
        add_headers=check_hook("add_headers_function", hook_of(owner, "add_headers_function")),
        max_cached_file_size=_byte_count("max_cached_file_size", owner.max_cached_file_size),
        max_cache_size=_byte_count("max_cache_size", owner.max_cache_size),
        check_interval=_check_interval(owner.check_interval),
        exclude=_exclusion(owner),
        etag=check_hook("etag", etag) or str(etag),
        default_etag=default_etag(owner),
        store=store,
        store_test=None if store is None else url_test_of(owner),
    )


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def _max_age(value: object) -> FirstMatch[int | None]:
    if not isinstance(value, Mapping):
        return FirstMatch(_seconds("max_age", value))
    if not all(isinstance(each, str) for each in value):
        raise TypeError(f"max_age must map patterns such as '*.html' to seconds, got {value!r}")
    compile_globs("max_age", list(value))
    ages = {each: _seconds(f"max_age[{each!r}]", age) for each, age in value.items()}
    return FirstMatch(DEFAULT_MAX_AGE, ages)


def _seconds(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number of seconds or None, got {value!r}")
    if value < 0:
        raise ValueError(f"{name} must be 0 or more seconds, got {value!r}")
    return value


def _byte_count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number of bytes, got {value!r}")
    if value < 0:
        raise ValueError(f"{name} must be 0 or more bytes, got {value!r}")
    return value


def _check_interval(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"check_interval must be a number of seconds or None, got {value!r}")
    if not 0 <= value <= _LONGEST_INTERVAL:
        raise ValueError(
            f"check_interval must be 0 or more seconds, up to {_LONGEST_INTERVAL},"
            f" or None for never, got {value!r}"
        )
    return value


def _charset(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"charset must be the name of a charset or None, got {value!r}")
    if not is_token(value):
        raise ValueError(f"charset must be the name of a charset such as 'utf-8', got {value!r}")
    return value


def _index_file(value: object) -> str | None:
    if value is None or value is False:
        return None
    if value is True:
        return _INDEX_FILE
    if not isinstance(value, str):
        raise TypeError(f"index_file must be True, False, None or a file name, got {value!r}")
    if value in ("", ".", "..") or re.search(r"[/\\\0]", value):
        raise ValueError(f"index_file must be a file name without a directory, got {value!r}")
    return value


def _page(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the path of a file below a root or None, got {value!r}")
    if not {"", ".", ".."}.isdisjoint(value.split("/")) or re.search(r"[\\\0]", value):
        raise ValueError(
            f"{name} must be the path of a file below a root, such as 'index.html', got {value!r}"
        )
    return value


def _media_types(value: object) -> MediaTypes:
    if not isinstance(value, Mapping | None):
        raise TypeError(f'mimetypes must be a mapping of {{".ext": "type/subtype"}}, got {value!r}')
    for name, media_type in (value or {}).items():
        if not isinstance(name, str) or not isinstance(media_type, str):
            raise TypeError(f"mimetypes must map str to str, got {name!r}: {media_type!r}")
        if not name or "/" in name:
            raise ValueError(
                f"mimetypes must have keys such as '.ext' or 'file.name', got {name!r}"
            )
    try:
        return MediaTypes(value)
    except ValueError as error:
        raise ValueError(f"mimetypes: {error}") from None


def _store(value: object) -> str | None:
    if value is None:
        return None
    name = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(name, str):
        raise TypeError(
            f"store must be the path of a folder, the URL of a bucket or None, got {value!r}"
        )
    if not name or "\0" in name:
        raise ValueError(
            f"store must be the path of a folder or the URL of a bucket, got {value!r}"
        )
    from ..support.store_names import is_bucket  # only this option needs it

    try:
        return name.rstrip("/") if is_bucket(name) else os.path.abspath(name)
    except ValueError as error:
        raise ValueError(f"store: {error}") from None


def _exclusion(owner: Options) -> Globs | None:
    """The patterns of ``exclude`` and ``include``; ``None`` if every file is served."""
    exclude = compile_globs("exclude", owner.exclude)
    if owner.include is None:
        return exclude
    # An empty list includes nothing.
    include = compile_globs("include", owner.include) or Globs(())
    return Globs(owner.exclude, include)
