"""The options: their defaults, what is refused, and their resolved form."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict
from wsgiref.headers import Headers

from .applications import is_async
from .http.fields import is_token
from .http.media_types import MediaTypes
from .support.globs import Globs, compile_globs

if TYPE_CHECKING:
    ImmutableFileTest = Callable[[str, str], object] | str | re.Pattern[str]
    AddHeadersFunction = Callable[[Headers, str, str], object]
    EtagFunction = Callable[[str, str], str]

_INDEX_FILE = "index.html"
_ETAGS = ("mtime", "content")
_ETAG_EXPECTED = "'mtime', 'content' or a callable (path, url)"
_LONGEST_INTERVAL = 10**9  # seconds: thirty years


class OptionKeywords(TypedDict, total=False):
    """The options as keyword arguments."""

    autorefresh: bool
    max_age: int | None
    charset: str | None
    allow_all_origins: bool
    immutable_file_test: ImmutableFileTest | None
    index_file: bool | str | None
    mimetypes: Mapping[str, str] | None
    add_headers_function: AddHeadersFunction | None
    max_cached_file_size: int
    max_cache_size: int
    check_interval: float | None
    include: Collection[str] | None
    exclude: Collection[str]
    etag: Literal["mtime", "content"] | EtagFunction


#: The options that are called, and their parameters.
HOOKS = {
    "immutable_file_test": ("path", "url"),
    "add_headers_function": ("headers", "path", "url"),
    "etag": ("path", "url"),
}


class HookValue:
    """A hook that a class gives as a value: a pattern, a plain function, or ``None``.

    An instance has a callable in its place, so that methods of subclasses can call
    ``super().option(...)``. It answers for the keyword argument where there is one.
    """

    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self.value = value

    def __get__(self, owner: Options | None, kind: type) -> Any:
        if owner is None:
            return self.value if kind is Options or callable(self.value) else self._unbound
        value = self.value_for(owner)
        if self.name == "etag" and value in _ETAGS:
            value = None
        if isinstance(value, str | re.Pattern):
            value = _searching(value)
        return _do_nothing if value is None else value

    def _unbound(self, *arguments: object, **keywords: object) -> object:
        """Answer ``Class.option(self, ...)``, and ``super().option(...)`` in a class method.

        A class method knows no instance, so no keyword argument of one.
        """
        owner, others = Options(), arguments
        if arguments and isinstance(arguments[0], Options):
            owner, others = arguments[0], arguments[1:]
        return self.__get__(owner, type(owner))(*others, **keywords)

    def value_for(self, owner: Options) -> object:
        """The keyword argument of ``owner``, or else this value."""
        return owner._given.get(self.name, self.value)


def _do_nothing(*arguments: object, **keywords: object) -> None:
    """Say what a hook says by default: not immutable, nothing to add, the default tag."""


class Options:
    """The options as attributes of a class, with their defaults."""

    #: The keyword arguments, and in Django the settings, that are hooks.
    _given: Mapping[str, object] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in HOOKS.keys() & vars(cls).keys():
            value = vars(cls)[name]
            if _is_plain(value, name) or not hasattr(value, "__get__"):
                setattr(cls, name, HookValue(name, value))

    #: Look at the file system on every request, so that new and changed files are served at once.
    #: For development: each request lists directories.
    autorefresh: bool = False

    #: Seconds for which browsers and proxies may reuse a file unasked; ``None`` sends no
    #: ``Cache-Control``.
    max_age: int | None = 60

    #: Added to ``Content-Type`` for the media types that take a charset; ``None`` adds none.
    charset: str | None = "utf-8"

    #: Send ``Access-Control-Allow-Origin: *``: fonts, module scripts and canvas images that a page
    #: loads from another origin (a CDN's, say) do not work without it.
    allow_all_origins: bool = True

    #: Tells which files never change under their URL: a callable ``(path, url)``, or a regular
    #: expression that is searched in the URL.
    immutable_file_test: Any = HookValue("immutable_file_test", None)

    #: Serve this file of each directory at the directory's own URL, ``dir/``; ``True`` means
    #: ``index.html``.
    index_file: bool | str | None = None

    #: ``{".ext": "type/subtype"}``, or by whole file name; wins over the built-in table.
    mimetypes: Mapping[str, str] | None = None

    #: Called as ``(headers, path, url)``, ``headers`` being a :class:`wsgiref.headers.Headers`, to
    #: add or change header fields: once per file, at its first request (with ``autorefresh``, at
    #: every request).
    add_headers_function: Any = HookValue("add_headers_function", None)

    #: Bytes: larger files are not kept in memory, but read each time; 0 keeps none.
    max_cached_file_size: int = 1024 * 1024

    #: Bytes of files in memory, of all together and in each process; 0 keeps none.
    max_cache_size: int = 64 * 1024 * 1024

    #: Seconds for which a file is served as it was when it was last looked at; 0 looks at each
    #: request, ``None`` never again.
    check_interval: float | None = 1.0

    #: Glob patterns, as in ``exclude``, of the only files that are served; ``None`` serves all.
    include: Collection[str] | None = None

    #: Glob patterns of what is not served: ``*.map`` or ``.git`` by the name of a file or folder,
    #: or with a slash by the path below the root, ``/drafts``; with a folder goes all below it.
    exclude: Collection[str] = ()

    #: What the ``ETag`` of a file is made of: ``"mtime"``, its date and its size; ``"content"``,
    #: its bytes, which are read for it once; or what a callable ``(path, url)`` returns, which is
    #: asked each time that the file is found to have changed.
    etag: Any = HookValue("etag", "mtime")


class ResolvedOptions(NamedTuple):
    """The options after their check, each in the one form that the package works with."""

    autorefresh: bool
    max_age: int | None
    charset: str | None
    allow_all_origins: bool
    is_immutable: Callable[[str, str], object] | None
    index_file: str | None
    media_types: MediaTypes
    add_headers: AddHeadersFunction | None
    max_cached_file_size: int
    max_cache_size: int
    check_interval: float | None
    exclude: Globs | None
    etag: str | Callable[[str, str], object]
    #: Used where a method ``etag`` returns ``None``; ``None`` without a method.
    default_etag: str | None


def apply_keywords(owner: Options, keywords: Mapping[str, object]) -> None:
    """Set ``keywords`` as attributes of ``owner``, over those of its class.

    :raises TypeError: for a name that is no option.
    """
    known = [name for name in vars(Options) if not name.startswith("_")]
    for name, value in keywords.items():
        if name not in known:
            raise TypeError(
                f"{type(owner).__name__}() got an unknown option {name!r};"
                f" the options are {', '.join(known)}"
            )
        give(owner, name, value)


def give(owner: Options, name: str, value: object) -> None:
    """Set option ``name`` of ``owner``, over that of its class.

    A hook that its class has as a method stays that method, which gets ``value`` by ``super()``.

    :raises TypeError: for a value that such a method could not call.
    """
    if name in HOOKS:
        owner._given = {**owner._given, name: value}
        if has_method(owner, name):
            probe = Options()
            setattr(probe, name, value)
            resolve(probe)
            return
        if isinstance(inspect.getattr_static(type(owner), name), HookValue):
            vars(owner).pop(name, None)
            return
    setattr(owner, name, value)


def has_method(owner: Options, name: str) -> bool:
    """Whether the class of ``owner`` has the hook ``name`` as a method."""
    static = inspect.getattr_static(type(owner), name)
    if isinstance(static, HookValue | staticmethod) or not callable(static):
        return False
    return hasattr(static, "__get__") and not _is_plain(static, name)


def resolve(owner: Options) -> ResolvedOptions:
    """Check the option attributes of ``owner`` and resolve them.

    :raises TypeError: for a value of the wrong type.
    :raises ValueError: for a value out of range.
    """
    return ResolvedOptions(
        autorefresh=_flag("autorefresh", owner.autorefresh),
        max_age=_max_age(owner.max_age),
        charset=_charset(owner.charset),
        allow_all_origins=_flag("allow_all_origins", owner.allow_all_origins),
        is_immutable=_immutable_file_test(owner),
        index_file=_index_file(owner.index_file),
        media_types=_media_types(owner.mimetypes),
        add_headers=_hook(owner, "add_headers_function"),
        max_cached_file_size=_byte_count("max_cached_file_size", owner.max_cached_file_size),
        max_cache_size=_byte_count("max_cache_size", owner.max_cache_size),
        check_interval=_check_interval(owner.check_interval),
        exclude=_exclusion(owner),
        etag=_etag(owner),
        default_etag=_default_etag(owner) if has_method(owner, "etag") else None,
    )


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def _max_age(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"max_age must be a whole number of seconds or None, got {value!r}")
    if value < 0:
        raise ValueError(f"max_age must be 0 or more seconds, got {value!r}")
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
            f"check_interval must be 0 or more seconds, {_LONGEST_INTERVAL} at the most,"
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


def _media_types(value: object) -> MediaTypes:
    if not isinstance(value, Mapping | None):
        raise TypeError(f'mimetypes must be a mapping of {{".ext": "type/subtype"}}, got {value!r}')
    for name, media_type in (value or {}).items():
        if not isinstance(name, str) or not isinstance(media_type, str):
            raise TypeError(f"mimetypes must map str to str, got {name!r}: {media_type!r}")
        if not name or "/" in name:
            raise ValueError(f"mimetypes has keys such as '.ext' or 'file.name', got {name!r}")
    try:
        return MediaTypes(value)
    except ValueError as error:
        raise ValueError(f"mimetypes: {error}") from None


def _immutable_file_test(owner: Options) -> Callable[[str, str], object] | None:
    value = _value_of(owner, "immutable_file_test")
    if isinstance(value, str | re.Pattern):
        return _searching(value)
    return _hook(owner, "immutable_file_test")


def _searching(value: str | re.Pattern[str]) -> Callable[[str, str], object]:
    """The test that searches the regular expression ``value`` in the URL."""
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ValueError(
            f"immutable_file_test must be a regular expression, got {value!r}: {error}"
        ) from None
    if not isinstance(pattern.pattern, str):
        raise TypeError(f"immutable_file_test must be a pattern of str, got {pattern!r}")
    return lambda path, url: pattern.search(url)


def _exclusion(owner: Options) -> Globs | None:
    """The patterns of ``exclude`` and ``include``; ``None`` where everything is served."""
    exclude = compile_globs("exclude", owner.exclude)
    if owner.include is None:
        return exclude
    # An empty list includes nothing.
    include = compile_globs("include", owner.include) or Globs(())
    return Globs(owner.exclude, include)


def _etag(owner: Options) -> str | Callable[[str, str], object]:
    value = _value_of(owner, "etag")
    if isinstance(value, str):
        if value not in _ETAGS:
            raise ValueError(f"etag must be {_ETAG_EXPECTED}, got {value!r}")
        return value
    hook = _hook(owner, "etag")
    if hook is None:
        raise TypeError(f"etag must be {_ETAG_EXPECTED}, got None")
    return hook


def _default_etag(owner: Options) -> str:
    """The tag of a file for which a method ``etag`` returns none."""
    values = [owner._given.get("etag")]
    values += [
        each.value
        for kind in type(owner).__mro__
        if isinstance(each := vars(kind).get("etag"), HookValue)
    ]
    return next(each for each in values if isinstance(each, str))


def _value_of(owner: Options, name: str) -> object:
    """The option ``name`` as it was written, whether by a class or by a keyword argument."""
    static: object = inspect.getattr_static(owner, name)
    return static.value_for(owner) if isinstance(static, HookValue) else getattr(owner, name)


def _hook(owner: Options, name: str) -> Callable[..., Any] | None:
    """The callable that is option ``name``."""
    parameters = HOOKS[name]
    static: object = inspect.getattr_static(owner, name)
    if isinstance(static, HookValue):
        static = static.value_for(owner)
    if is_async(getattr(static, "__func__", static)):
        raise TypeError(f"{name} must not be async, got {static!r}: it is called in a thread")
    value = static if _is_plain(static, name) else _value_of(owner, name)
    if value is None:
        return None
    # Python makes methods of more than functions, of what Cython compiles for one.
    candidates = [value] if callable(static) and _is_method(static) else [value, static]
    for candidate in candidates:
        if callable(candidate) and _takes(candidate, *parameters):
            return candidate
    raise TypeError(f"{name} must be callable as ({', '.join(parameters)}), got {value!r}")


def _is_plain(static: object, name: str) -> bool:
    """Whether a class has hook ``name`` as a plain function, written ``option = function``.

    The parameters tell it from a method, written ``def option(self, ...)``: ``self``, or their
    number.
    """
    if not callable(static) or _is_method(static) or not _is_function(static):
        return False
    return _takes(static, *HOOKS[name])


def _is_method(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return next(iter(parameters), None) == "self"


def _is_function(static: Callable[..., Any]) -> bool:
    """Whether it is written in Python, or a cache (``functools.cache``) of one that is."""
    # Python 3.14 makes a method of a partial as well, which nobody writes for one.
    return isinstance(inspect.unwrap(static), FunctionType | partial)


def _takes(function: Callable[..., Any], *arguments: object) -> bool:
    """Whether ``function`` can be called with as many positional arguments.

    A callable that hides its signature, as some in C do, is assumed to take them.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
