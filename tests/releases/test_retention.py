"""Which releases stay: by number, by age, and if the clock is wrong."""

from __future__ import annotations

import pytest

from whitenoise_async.releases.manifest import Release
from whitenoise_async.releases.retention import Retention

DAY = 86400
WEEK = Retention(1, 7 * DAY)
NOW = 20_000 * DAY
YEARS = 3650 * DAY
DECADE_AHEAD, DECADE_BACK = NOW + YEARS, NOW - YEARS


class History:
    """A store in which runs publish releases, with the clock that each run has."""

    def __init__(self) -> None:
        self.releases: tuple[Release, ...] = ()
        self.number = 0

    def publish(self, *times: int, retention: Retention = WEEK) -> list[int]:
        """Publish at each of these times; returns the releases that stay."""
        for time in times:
            self.number += 1
            new = Release(self.number, time)
            self.releases = retention.kept((new, *self.releases), time)
        return [each.number for each in self.releases]


@pytest.fixture
def history() -> History:
    return History()


def test_both_limits_must_allow_it(history: History) -> None:
    times = [NOW + day * DAY for day in range(6)]
    assert history.publish(*times) == [6, 5, 4, 3, 2, 1]
    assert history.publish(NOW + 8 * DAY) == [7, 6, 5, 4, 3, 2]
    few = Retention(3, 0)
    assert history.publish(NOW + 8 * DAY, retention=few) == [8, 7, 6]


@pytest.mark.parametrize("wrong", [DECADE_AHEAD, DECADE_BACK, 0, 2**31 - 1])
def test_a_run_with_a_wrong_clock_drops_nothing(history: History, wrong: int) -> None:
    """Nor does a run after it, if the clock is right again."""
    before = history.publish(NOW, NOW + 60, NOW + 120)
    assert history.publish(wrong) == [4, *before]
    assert history.publish(NOW + 180) == [5, 4, *before]


@pytest.mark.parametrize("wrong", [DECADE_AHEAD, DECADE_BACK])
def test_a_clock_that_stays_wrong_drops_nothing_too_early(history: History, wrong: int) -> None:
    before = history.publish(NOW, NOW + 60)
    assert history.publish(wrong, wrong + 60, wrong + 120) == [5, 4, 3, *before]


def test_two_machines_whose_clocks_differ_drop_nothing_too_early(history: History) -> None:
    times = [NOW + hour * 3600 + YEARS * (hour % 2) for hour in range(8)]
    assert history.publish(*times) == [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("wrong", [DECADE_AHEAD, DECADE_BACK])
def test_releases_are_dropped_again_after_the_clock_was_set_right(
    history: History, wrong: int
) -> None:
    history.publish(NOW, wrong, NOW + DAY, NOW + 2 * DAY)
    assert history.publish(NOW + 10 * DAY) == [5, 4]


def test_rare_releases_are_dropped_too(history: History) -> None:
    """A long time between two runs is no proof of a wrong clock, so only one does not count."""
    times = [NOW + number * 365 * DAY for number in range(6)]
    assert history.publish(*times) == [6, 5, 4]
