"""What a forked process has to make anew: of all threads it has only the one that forked."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Protocol


class Renewed(Protocol):
    """What has locks, or counts what threads do."""

    def renew(self) -> None:
        """Begin anew: a thread that held a lock, or was counted, has not come along."""


# Weakly: this must not keep an application alive that nobody has any more.
_renewed: weakref.WeakSet[Renewed] = weakref.WeakSet()


def renew_at_fork(thing: Renewed) -> None:
    """Have ``thing`` renewed in every process that is forked from this one while it is there."""
    _renewed.add(thing)


def _renew_all() -> None:
    for thing in list(_renewed):
        thing.renew()


# Windows forks nothing.
_register: Callable[..., None] = getattr(os, "register_at_fork", lambda **_: None)
_register(after_in_child=_renew_all)
