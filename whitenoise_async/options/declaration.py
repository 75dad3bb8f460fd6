"""The options and their defaults, as class attributes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .hooks import HOOKS, HasHooks, check_hook, has_method, wrap_values

#: Seconds.
DEFAULT_MAX_AGE = 60


class Options(HasHooks):
    """The options as class attributes, with their defaults.

    A subclass may set an option as an attribute. It may write a hook as a method instead, and call
    ``super().option(...)`` there.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        wrap_values(cls)

    #: Check the file system on every request, so that new and changed files are served at once.
    #: For development: each request lists directories, ``max_age`` defaults to 0, and no file is
    #: immutable.
    autorefresh: bool = False

    #: How many seconds browsers and proxies may cache a file without revalidating (RFC 9111
    #: section 5.2.2.1). ``None`` sends no ``Cache-Control``. With ``autorefresh``, the default is
    #: 0. A mapping has seconds by glob pattern, as in ``exclude``: the first match counts, and 60
    #: without one.
    max_age: int | Mapping[str, int | None] | None = DEFAULT_MAX_AGE

    #: The charset that ``Content-Type`` declares for text and scripts. Files are not converted.
    #: ``None`` declares none.
    charset: str | None = "utf-8"

    #: Send ``Access-Control-Allow-Origin: *``. Without it, browsers refuse fonts, module scripts
    #: and canvas images that a page loads from another origin, such as a CDN.
    allow_all_origins: bool = True

    #: Send ``X-Content-Type-Options: nosniff``. Browsers then use a file only as what its
    #: ``Content-Type`` says, and refuse scripts and style sheets of another type.
    nosniff: bool = True

    #: Which files never change under their URL: a callable ``(path, url)``, a regular expression
    #: that is searched in the URL, or the name of the build tool that made them: ``"vite"``,
    #: ``"webpack"``, ``"esbuild"``, ``"parcel"`` or ``"django"``. Browsers cache such a file for
    #: ten years, and do not revalidate it on a reload (RFC 8246).
    immutable_file_test: Any = None

    #: Serve this file of each directory at the directory's own URL, ``dir/``. ``True`` means
    #: ``index.html``.
    index_file: bool | str | None = None

    #: Serve pages without their extension: ``about.html`` at ``/about``. ``/about.html`` redirects
    #: there.
    clean_urls: bool = False

    #: A file below the root, such as ``index.html``, for single-page applications. It is sent when
    #: a browser opens a page for which there is neither a file nor a response of the application.
    fallback: str | None = None

    #: A file below the root, such as ``404.html``, that is sent with status 404 for every other
    #: URL. Only without an application.
    not_found: str | None = None

    #: Media types by extension, as in ``{".ext": "type/subtype"}``, or by whole file name. They
    #: take precedence over the built-in table.
    mimetypes: Mapping[str, str] | None = None

    #: A callable ``(headers, path, url)`` that adds or changes headers. ``headers`` is a
    #: :class:`wsgiref.headers.Headers`. Called once per file, at its first request; with
    #: ``autorefresh``, at every request.
    add_headers_function: Any = None

    #: Bytes. A larger file is not kept in memory, but read for each response. 0 keeps none.
    max_cached_file_size: int = 1024 * 1024

    #: Bytes. The limit for the contents of all files in memory together, in each process. 0 keeps
    #: none.
    max_cache_size: int = 64 * 1024 * 1024

    #: How many seconds a file is served before it is checked for changes. 0 checks at each
    #: request, and ``None`` only at the first one.
    check_interval: float | None = 1.0

    #: Glob patterns, as in ``exclude``: only matching files are served. ``None`` serves all.
    include: Collection[str] | None = None

    #: Glob patterns: matching files are not served. ``*.map`` or ``.git`` match the name of a file
    #: or folder. A pattern with a slash, ``/drafts``, matches the path below the root. A folder
    #: that matches is excluded with all its content.
    exclude: Collection[str] = ()

    #: How the ``ETag`` of a file (RFC 9110 section 8.8.3) is made. ``"mtime"``: from its date and
    #: size. ``"content"``: from a digest of its content. A callable ``(path, url)``: from the text
    #: that it returns. It is called at the first request, and again after each change of the file.
    etag: Any = "mtime"

    #: A folder or bucket with the files of several releases, which the ``publish`` command writes.
    #: It supplies files that have a hash in their names and that no root has. A request for any
    #: other such name is answered with 404, also around an application.
    store: str | os.PathLike[str] | None = None


def is_set(owner: Options, name: str, base: type[Options] = Options) -> bool:
    """Whether an option was set, even if to its default: as a keyword or in a subclass of ``base``.

    :param base: a class of ``owner``, the one with the defaults.
    """
    classes = type(owner).__mro__
    return any(name in vars(each) for each in (owner, *classes[: classes.index(base)]))


def apply_keywords(owner: Options, keywords: Mapping[str, object]) -> None:
    """Set the options of one instance; they take precedence over the attributes of its class.

    :raises TypeError: for an unknown option, or a hook's value of the wrong type.
    :raises ValueError: for a hook's value that is out of range.
    """
    require_known(owner, keywords)
    for name, value in keywords.items():
        set_option(owner, name, value)


def require_known(owner: Options, names: Iterable[str]) -> None:
    """Check that all ``names`` are names of options.

    :raises TypeError: for another name. The message has the nearest option.
    """
    known = Options.__annotations__
    for name in names:
        if name not in known:
            from ..support.suggestions import suggestion  # only errors need it

            raise TypeError(
                f"{type(owner).__name__}() got an unknown option {name!r};"
                f" {suggestion(name, known, 'options')}"
            )


def set_option(owner: Options, name: str, value: object) -> None:
    """Set one option of one instance; see :func:`apply_keywords`.

    A hook that the class has as a method stays that method. ``super()`` returns ``value`` there.
    """
    if name not in HOOKS:
        setattr(owner, name, value)
        return
    if has_method(owner, name):
        check_hook(name, value)
    owner._given_hooks = {**owner._given_hooks, name: value}
    vars(owner).pop(name, None)  # set by a subclass before it called ``super().__init__()``
