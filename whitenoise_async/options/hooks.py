"""Options that are hooks: methods of a subclass, or values that stand for a function.

A method of a subclass may call ``super().option(...)``, whatever the class above it has: a method,
a pattern, a plain function or ``None``. So each value in a class body is replaced by a
:class:`HookValue`, which is callable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any

from ..applications import accepts, is_async

if TYPE_CHECKING:
    from ..support.url_tests import UrlTest

#: The hooks, and the parameters that each is called with.
HOOKS = {
    "immutable_file_test": ("path", "url"),
    "add_headers_function": ("headers", "path", "url"),
    "etag": ("path", "url"),
}

_ETAGS = ("mtime", "content")
# The name of a build tool. Every other text is a regular expression.
_PLAIN_WORD = "[A-Za-z_-]+"


class HasHooks:
    """Base class of the options."""

    #: The hooks that this instance was given: keyword arguments, and in Django settings.
    _given_hooks: Mapping[str, object] = MappingProxyType({})


class KnowsUrls:
    """An ``immutable_file_test`` that can also be used with a store."""

    #: The test of URLs; ``None`` for twelve hexadecimal digits before the extension.
    url_test: UrlTest | None = None


class HookValue:
    """A hook that a class has as a value.

    Instances and ``super()`` see the function that the value stands for. A value that was given to
    the instance, as a keyword argument or a setting, takes precedence.
    """

    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self.value = value

    def __get__(self, instance: HasHooks | None, owner: type) -> Callable[..., Any]:
        if instance is None:
            return partial(self._call_on_class, owner)
        return _as_function(self.name, self.value_for(instance, owner))

    def _call_on_class(self, owner: type, /, *arguments: Any, **keywords: Any) -> Any:
        """Run ``Class.option(self, ...)``, or ``super().option(...)`` in a class method.

        A class method has no instance, and so no keyword arguments of one.
        """
        instance = None
        if arguments and isinstance(arguments[0], owner):
            instance, *arguments = arguments  # type: ignore[assignment]
        return _as_function(self.name, self.value_for(instance, owner))(*arguments, **keywords)

    def value_for(self, instance: HasHooks | None, owner: type) -> object:
        """The value that ``instance`` was given, or else that of the class."""
        given = {} if instance is None else instance._given_hooks
        value = given.get(self.name, self.value)
        if isinstance(value, staticmethod | classmethod):
            return value.__get__(instance, owner)
        return value


def wrap_values(owner: type[HasHooks]) -> None:
    """Replace the hooks that a class has as values, also those that it has from a mixin."""
    for name in HOOKS:
        classes = (vars(each) for each in owner.__mro__)
        attribute = next(names[name] for names in classes if name in names)
        if not isinstance(attribute, HookValue) and not _is_method(owner, name, attribute):
            setattr(owner, name, HookValue(name, attribute))


def has_method(owner: HasHooks, name: str) -> bool:
    """Whether the hook ``name`` of ``owner`` is a method of its class."""
    from inspect import getattr_static

    attribute = getattr_static(owner, name)
    is_value = name in vars(owner) or isinstance(attribute, HookValue)
    return not is_value and _is_method(type(owner), name, attribute)


def hook_of(owner: HasHooks, name: str) -> object:
    """The hook ``name`` of ``owner`` as it was written: a value, or a bound method."""
    from inspect import getattr_static

    attribute: object = getattr_static(owner, name)
    if isinstance(attribute, HookValue):
        return attribute.value_for(owner, type(owner))
    return getattr(owner, name)


def check_hook(name: str, value: Any) -> Callable[..., Any] | None:
    """Check the value of a hook, or the method in its place.

    :returns: the function to call; ``None`` for a value that stands for none.
    :raises TypeError: for a value of the wrong type, or a function with other parameters.
    :raises ValueError: for a text that is not among the possible ones.
    """
    if name == "etag" and (value is None or isinstance(value, str)):
        if value in _ETAGS:
            return None
        kind = TypeError if value is None else ValueError
        raise kind(f"etag must be 'mtime', 'content' or a callable (path, url), got {value!r}")
    if value is None:
        return None
    function = _as_function(name, value)
    if is_async(function):
        raise TypeError(f"{name} must not be async, got {value!r}: it is called in a thread")
    if not callable(function) or not accepts(function, *HOOKS[name], follow_wrapped=True):
        raise TypeError(f"{name} must be callable as ({', '.join(HOOKS[name])}), got {value!r}")
    return function


def url_test_of(owner: HasHooks) -> UrlTest | None:
    """The option ``immutable_file_test`` as a test of URLs, for the option ``store``.

    :returns: ``None`` if the option is not set.
    :raises ValueError: for a callable: the file of another release has no path that it could get.
    """
    from ..support.url_tests import of_tool, searching  # only the option store needs them

    value = hook_of(owner, "immutable_file_test")
    if value is None:
        return None
    if isinstance(value, str | re.Pattern):
        return of_tool(str(value)) if _is_word(value) else searching(re.compile(value))
    if isinstance(value, KnowsUrls):
        return value.url_test
    raise ValueError(
        "immutable_file_test must be a regular expression, the name of a build tool or None with"
        f" store, got {value!r}: the file of another release has no path here"
    )


def default_etag(owner: HasHooks) -> str | None:
    """The option ``etag`` that applies where a method ``etag`` returns ``None``.

    :returns: ``None`` if ``etag`` is not a method.
    """
    if not has_method(owner, "etag"):
        return None
    attributes = [vars(each).get("etag") for each in type(owner).__mro__]
    values = [each.value for each in attributes if isinstance(each, HookValue)]
    return next(each for each in (owner._given_hooks.get("etag"), *values) if isinstance(each, str))


def _as_function(name: str, value: Any) -> Callable[..., Any]:
    """The function that a value stands for."""
    if value is None or (name == "etag" and value in _ETAGS):
        return _return_none
    if name == "immutable_file_test" and isinstance(value, str | re.Pattern):
        return _built_by(str(value)) if _is_word(value) else _search(value)
    function: Callable[..., Any] = value
    return function


def _built_by(tool: str) -> Callable[[str, str], object]:
    from ..support.build_tools import built_by  # few applications name a tool

    return built_by(tool)


def _is_word(value: object) -> bool:
    """Whether a text is the name of a build tool, and no regular expression."""
    return isinstance(value, str) and re.fullmatch(_PLAIN_WORD, value) is not None


def _return_none(*arguments: object, **keywords: object) -> None:
    """The default of each hook: not immutable, no further headers, the default tag."""


def _search(value: str | re.Pattern[str]) -> Callable[[str, str], object]:
    """The function that searches the regular expression ``value`` in the URL."""
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ValueError(
            f"immutable_file_test must be a regular expression, got {value!r}: {error}"
        ) from None
    if not isinstance(pattern.pattern, str):
        raise TypeError(f"immutable_file_test must be a pattern of str, got {pattern!r}")
    return lambda path, url: pattern.search(url)


def _is_method(owner: type, name: str, attribute: Any) -> bool:
    """Whether a class attribute is a method, ``def option(self, ...)``.

    A plain function, ``option = function``, is a value. The parameters tell the two apart: their
    number, or the name ``self``.
    """
    if isinstance(attribute, staticmethod | classmethod) or not hasattr(attribute, "__get__"):
        return False
    if not callable(attribute) or _first_parameter(attribute) == "self":
        return True
    from inspect import unwrap

    # Python binds more than functions to an instance: what Cython compiles from one, for example.
    # Since 3.14 it binds a partial as well.
    is_function = isinstance(unwrap(attribute), FunctionType | partial)
    if is_function and accepts(attribute, *HOOKS[name], follow_wrapped=True):
        return False
    return accepts(attribute.__get__(owner, owner), *HOOKS[name], follow_wrapped=True)


def _first_parameter(function: Callable[..., Any]) -> str | None:
    from inspect import signature

    try:
        return next(iter(signature(function).parameters), None)
    except (TypeError, ValueError):
        return None
