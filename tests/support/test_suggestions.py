"""Hints for messages about unknown names."""

from __future__ import annotations

import pytest

from whitenoise_async.support.suggestions import suggestion


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("maxage", "did you mean 'max_age'?"),
        ("MAX_AGE", "did you mean 'max_age'?"),
        ("root_folder", "the options are max_age, charset"),
    ],
)
def test_the_nearest_name_is_suggested_or_else_all(name: str, expected: str) -> None:
    assert suggestion(name, ["max_age", "charset"], "options") == expected
