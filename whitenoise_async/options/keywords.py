"""The options as keyword arguments, for type checkers: applications do not import this module."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from wsgiref.headers import Headers

    ImmutableFileTest = Callable[[str, str], object] | str | re.Pattern[str]
    AddHeadersFunction = Callable[[Headers, str, str], object]
    EtagFunction = Callable[[str, str], str]


class OptionKeywords(TypedDict, total=False):
    """The options as keyword arguments."""

    autorefresh: bool
    max_age: int | Mapping[str, int | None] | None
    charset: str | None
    allow_all_origins: bool
    nosniff: bool
    immutable_file_test: ImmutableFileTest | None
    index_file: bool | str | None
    clean_urls: bool
    fallback: str | None
    not_found: str | None
    mimetypes: Mapping[str, str] | None
    add_headers_function: AddHeadersFunction | None
    max_cached_file_size: int
    max_cache_size: int
    check_interval: float | None
    include: Collection[str] | None
    exclude: Collection[str]
    etag: Literal["mtime", "content"] | EtagFunction
    store: str | os.PathLike[str] | None
