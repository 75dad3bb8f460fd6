"""Resets objects in a forked child, where only the thread that forked still runs."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Protocol


class ResetsAfterFork(Protocol):
    """An object with locks, timers, or counts of what threads are doing."""

    def reset_after_fork(self) -> None:
        """Replace locks and clear counts: the threads that held them are not in this process."""


# Weak references, so that registering an object does not keep it alive.
_registered: weakref.WeakSet[ResetsAfterFork] = weakref.WeakSet()


def register_after_fork(target: ResetsAfterFork) -> None:
    """Call ``target.reset_after_fork()`` in each process that is forked while ``target`` exists."""
    _registered.add(target)


def reset_registered() -> None:
    """Reset every registered object. Runs in each forked child."""
    for target in list(_registered):
        target.reset_after_fork()


# Windows has no fork, and its os module no register_at_fork.
_register: Callable[..., None] = getattr(os, "register_at_fork", lambda **_: None)
_register(after_in_child=reset_registered)
