"""Tells WSGI and ASGI applications apart. A callable is refused only if it certainly does not fit.

Monitoring agents wrap applications in objects that hide the signature, or that return a coroutine
from a plain ``__call__``. Servers run them, so they are accepted here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature

#: The two interfaces: the parameters that an application is called with.
WSGI = ("environ", "start_response")
ASGI = ("scope", "receive", "send")


def _false_on_error(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return false for objects that cannot be examined: a proxy may raise anything."""

    @wraps(test)
    def checked(function: Any) -> bool:
        try:
            return test(function)
        except Exception:
            return False

    return checked


@_false_on_error
def is_async(function: Any) -> bool:
    """Whether a call of ``function`` certainly returns a coroutine or an async generator."""
    if isinstance(function, partial):
        return is_async(function.func)
    if isinstance(function, type):
        return False  # a call returns an instance
    return _is_coroutine_function(function) or _is_coroutine_function(_call_of(function))


def accepts(
    function: Callable[..., Any],
    *arguments: object,
    follow_wrapped: bool = False,
    **keywords: object,
) -> bool:
    """Whether ``function`` can be called with these arguments.

    A callable without a signature, such as some that are written in C, is assumed to accept them.

    :param follow_wrapped: whether the signature of a function that ``function`` wraps counts.
    """
    try:
        signature = _signature(function, follow_wrapped=follow_wrapped)
    except Exception:  # a proxy may raise anything
        return True
    try:
        signature.bind(*arguments, **keywords)
    except TypeError:
        return False
    return True


@_false_on_error
def is_asgi2(application: Any) -> bool:
    """Whether ``application`` is an ASGI 2 one: called with the scope, then with the rest.

    Servers still run them. uvicorn treats every callable that is not async as one.
    """
    if is_async(application) or not accepts(application, "scope"):
        return False
    if isinstance(application, type):
        return not hasattr(application, "__await__")
    if not accepts(application, *ASGI):
        return True
    wrapped = getattr(application, "__wrapped__", None)
    return callable(wrapped) and is_asgi2(wrapped)


def detect_interface(application: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return ``ASGI`` or ``WSGI``, or ``None`` if ``application`` may be either."""
    if is_async(application):
        return ASGI
    is_asgi = is_asgi2(application) or accepts(application, *ASGI)
    if is_asgi == accepts(application, *WSGI):
        return None
    return ASGI if is_asgi else WSGI


def _signature(function: Callable[..., Any], *, follow_wrapped: bool) -> Signature:
    from inspect import isroutine, signature

    if not isinstance(function, partial) and not isinstance(function, type):
        # inspect does not find a ``__call__`` in ``__slots__``.
        function = function if isroutine(function) else _call_of(function)
    return signature(function, follow_wrapped=follow_wrapped)


def _call_of(function: object) -> Any:
    """The ``__call__`` that Python runs for the object ``function``: that of its type."""
    found = [vars(kind)["__call__"] for kind in type(function).__mro__ if "__call__" in vars(kind)]
    call = found[0] if found else None
    bind = getattr(type(call), "__get__", None)
    try:
        return call if bind is None else bind(call, function, type(function))
    except AttributeError:  # an empty slot
        return None


def _is_coroutine_function(function: object) -> bool:
    from inspect import isasyncgenfunction, iscoroutinefunction

    if iscoroutinefunction(function) or isasyncgenfunction(function):
        return True
    # asgiref's mark for Python before 3.12, which has its own. If asyncio was never imported, no
    # function has the mark; importing it here would slow down the start of WSGI applications.
    mark = getattr(sys.modules.get("asyncio.coroutines"), "_is_coroutine", None)
    return mark is not None and getattr(function, "_is_coroutine", None) is mark
