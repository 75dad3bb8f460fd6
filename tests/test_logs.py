"""What is logged, and how often."""

from __future__ import annotations

import logging

import pytest

from whitenoise_async import logs
from whitenoise_async.logs import error_now_and_then, warn_once


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(logs, "monotonic", clock)
    return clock


def test_a_warning_is_given_once(caplog: pytest.LogCaptureFixture) -> None:
    for message in ("a", "b", "a", "a"):
        warn_once(message)
    assert caplog.record_tuples == [
        ("whitenoise_async", logging.WARNING, "a"),
        ("whitenoise_async", logging.WARNING, "b"),
    ]


def test_an_error_is_named_again_after_a_minute(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    for seconds, message in [(0, "a"), (1, "a"), (58, "b"), (0.9, "a"), (0.2, "a"), (59.9, "a")]:
        clock.now += seconds
        error_now_and_then(message)
    assert caplog.record_tuples == [
        ("whitenoise_async", logging.ERROR, "a"),
        ("whitenoise_async", logging.ERROR, "b"),
        ("whitenoise_async", logging.ERROR, "a"),
    ]


def test_what_is_remembered_has_a_bound(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    for number in range(3000):
        error_now_and_then(f"{number}")
        error_now_and_then("always")
    assert logs._last_said.cache_info().currsize == logs._REMEMBERED
    assert caplog.messages.count("always") == 1  # the latest are remembered
    assert len(caplog.messages) == 3001


def test_a_percent_sign_in_a_path_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    warn_once("/srv/100%s.txt")
    error_now_and_then("/srv/100%d.txt")
    assert caplog.messages == ["/srv/100%s.txt", "/srv/100%d.txt"]
