"""Which releases stay in a store. The clock may have been wrong in some runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .manifest import Release

# Seconds. If a longer time seems to have passed between two runs, the clock may have been wrong.
_JUMP = 90 * 86400


class Retention(NamedTuple):
    """A release is dropped only if both limits allow it."""

    keep: int  # the number of releases
    keep_for: float  # seconds since a newer release replaced it

    def kept(self, releases: Sequence[Release], now: float) -> tuple[Release, ...]:
        """The releases that stay.

        :param releases: the newest first.
        :param now: seconds since the epoch.
        """
        # Each release was replaced when the next newer one was published.
        times = [now, *(release.published for release in releases)]
        return tuple(
            release
            for index, release in enumerate(releases)
            if index < self.keep or _certain_age(times[: index + 1]) < self.keep_for
        )


def _certain_age(times: Sequence[float]) -> float:
    """Seconds between the first and the last time, without jumps that a wrong clock may explain.

    A jump back shows that the clock was wrong, so no jump counts then. Without one, the longest
    time between two runs may be such a jump or not, and does not count.

    :param times: of runs, the newest first.
    """
    steps = [later - earlier for later, earlier in pairwise(times)]
    jumps = [step for step in steps if abs(step) > _JUMP]
    is_wrong = min(jumps, default=0) < 0
    return sum(steps) - (sum(jumps) if is_wrong else max(jumps, default=0))
