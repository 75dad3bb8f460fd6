"""Faults of the system, injected at its n-th call; and what is left of a request afterwards."""

from __future__ import annotations

import errno
import gc
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from clients import ADAPTERS, Reply, call_asgi, call_wsgi, make_call
from conftest import close_kept

from whitenoise_async import files, logs
from whitenoise_async.files import BrokenBodyError

#: What the system says when it fails, as opposed to when a file is not there.
ERRORS = [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ENOMEM]

#: The calls that the package makes of the system, by the place in which it looks them up.
CALLS: dict[str, tuple[Any, str]] = {
    "open": (os, "open"),
    "fstat": (os, "fstat"),
    "stat": (os, "stat"),
    "read": (files, "read_at"),
    "page cache": (os, "preadv"),
    "dup": (os, "dup"),
    "lseek": (os, "lseek"),
}


class Injected:
    """What happens in the place of a call, or just before it."""

    def __init__(self, number: int, act: Callable[[], object]) -> None:
        self._left = number
        self._act = act
        self.happened = False

    def __call__(self, real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if not self._left:
            self.happened = True
            self._act()
        return real(*args, **kwargs)


@contextmanager
def injected(call: str, number: int, act: Callable[[], object]) -> Iterator[Injected]:
    """Have ``act`` done at the ``number``-th ``call``; an error that it raises is the call's."""
    home, name = CALLS[call]
    real = getattr(home, name)
    injection = Injected(number, act)

    def replaced(*args: Any, **kwargs: Any) -> Any:
        return injection(real, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, name, replaced)
        if name in ("open", "stat"):
            patch.setattr(os, "supports_dir_fd", {*os.supports_dir_fd, replaced})
        yield injection


def fail(code: int) -> Callable[[], object]:
    """Fail as the system does."""

    def act() -> None:
        raise OSError(code, os.strerror(code))

    return act


def forget_what_was_said() -> None:
    """Let the log name everything anew."""
    logs.warn_once.cache_clear()
    logs._last_said.cache_clear()


class Site:
    """A middleware over a folder, asked by what its adapter is for."""

    def __init__(self, adapter: str, root: Path, **options: Any) -> None:
        forget_what_was_said()
        self.app = ADAPTERS[adapter](None, root, **options)
        self._adapter = adapter

    def ask(self, url: str, **fields: str) -> Reply | BrokenBodyError:
        """One request; what cuts a connection is an answer, too."""
        call = make_call(url, {name.replace("_", "-"): value for name, value in fields.items()})
        try:
            if self._adapter == "wsgi":
                return call_wsgi(self.app, call)
            return call_asgi(self.app, call, self._adapter)
        except BrokenBodyError as error:
            return error


def descriptors(root: Path) -> list[str]:
    """What is open below a folder."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the listing's own
        if target.startswith(str(root)):
            found.append(target)
    return found


def require_nothing_left(root: Path) -> None:
    """Nothing is open, once what is kept open on purpose is closed and threads have let go."""
    close_kept()
    deadline = time.monotonic() + 60
    while left := descriptors(root):
        gc.collect()
        assert time.monotonic() < deadline, left
        time.sleep(0.005)


def threads_of_ours() -> int:
    """How many threads wait for the disk on our behalf."""
    return sum("whitenoise_async" in thread.name for thread in threading.enumerate())


class Counted:
    """An awaitable that does something at the n-th point at which another one waits."""

    def __init__(self, work: Awaitable[Any], number: int, act: Callable[[], object]) -> None:
        self._work = work
        self._left = number
        self._act = act
        self.happened = False

    def __await__(self) -> Generator[Any, Any, Any]:
        waiting: Any = self._work.__await__()
        step: Callable[[], Any] = lambda: next(waiting)  # noqa: E731
        while True:
            try:
                yielded = step()
            except StopIteration as done:
                return done.value
            self._left -= 1
            if not self._left:
                self.happened = True
                self._act()
            try:
                value = yield yielded
            except BaseException as error:
                thrown = error
                step = lambda: waiting.throw(thrown)  # noqa: B023, E731
            else:
                step = lambda: waiting.send(value)  # noqa: B023, E731
