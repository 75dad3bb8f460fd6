"""Long work is forbidden in some threads, and nowhere else."""

from __future__ import annotations

import threading

import pytest

from whitenoise_async.serving.long_work import LongWorkError, require_allowed, without_long_work


def test_long_work_is_forbidden_inside_the_call_only() -> None:
    require_allowed(11, 10)
    assert without_long_work(lambda: require_allowed(10, 10)) is None
    with pytest.raises(LongWorkError):
        without_long_work(lambda: require_allowed(11, 10))
    require_allowed(11, 10)


def test_threads_have_rules_of_their_own() -> None:
    finished: list[bool] = []

    def work() -> None:
        require_allowed(11, 10)
        finished.append(True)

    def call_in_thread() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    without_long_work(call_in_thread)
    assert finished == [True]
