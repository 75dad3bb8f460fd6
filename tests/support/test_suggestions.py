"""Hints for messages about unknown names."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from whitenoise_async.support.suggestions import nearest_path, suggestion


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


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("site.css", "css/site.css"),  # a file of that name elsewhere
        ("js/site.css", "css/site.css"),
        ("admin/base.css", "static/admin/base.css"),  # the most similar of several
        ("css/sit.css", "css/site.css"),
        ("css/site.js", "css/site.css"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_path_has_the_same_name_or_a_similar_one(
    path: str, expected: str | None
) -> None:
    known = ["css/site.css", "base.css", "static/admin/base.css", "img/x.png"]
    assert nearest_path(path, known) == expected
    assert nearest_path(path, []) is None


def test_few_of_many_paths_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def record(path: str, known: list[str], *args: Any, **kwargs: Any) -> list[str]:
        compared.append(len(known))
        return list(known[:1])

    monkeypatch.setattr(difflib, "get_close_matches", record)
    nearest_path("index.html", [f"{number}/index.html" for number in range(9000)])
    nearest_path("a.css", [f"{number}.css" for number in range(9000)])
    assert max(compared) <= 2000
