"""The settings of a run: valid values, defaults, and which files they select."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.compression.encoders import ENCODINGS
from whitenoise_async.compression.settings import Settings
from whitenoise_async.files.formats import DEFAULT_EXCLUDED

PATTERNS = "must be a list of patterns such as '*.map', got"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"include": "*.js"},
            TypeError,
            f"include {PATTERNS} '*.js'",
        ),
        (
            {"include": [b"*.js"]},
            TypeError,
            f"include {PATTERNS} [b'*.js",
        ),
        (
            {"exclude": "*.js"},
            TypeError,
            f"exclude {PATTERNS} '*.js'",
        ),
        (
            {"exclude": [1]},
            TypeError,
            f"exclude {PATTERNS} [1]",
        ),
        (
            {"skip_extensions": "jpg"},
            TypeError,
            "skip_extensions must be a list of extensions such as 'jpg', got 'jpg'",
        ),
        (
            {"skip_extensions": [None]},
            TypeError,
            "skip_extensions must be a list of extensions such as 'jpg', got [None]",
        ),
        (
            {"skip_extensions": ["jpg", ".tar.gz"]},
            ValueError,
            "skip_extensions must be extensions such as 'jpg', got '.tar.gz'",
        ),
        (
            {"skip_extensions": ["."]},
            ValueError,
            "skip_extensions must be extensions such as 'jpg', got '.'",
        ),
        (
            {"encodings": "gzip"},
            TypeError,
            "encodings must be a list such as ['gzip', 'br'], got 'gzip'",
        ),
        ({"encodings": 1}, TypeError, "encodings must be a list such as ['gzip', 'br'], got 1"),
        ({"levels": 9}, TypeError, "levels must be a dictionary such as {'gzip': 9}, got 9"),
        ({"min_size": -1}, ValueError, "min_size must be 0 or more, got -1"),
        ({"min_size": 1.5}, TypeError, "min_size must be a whole number, got 1.5"),
        ({"min_size": True}, TypeError, "min_size must be a whole number, got True"),
        ({"min_size": "100"}, TypeError, "min_size must be a whole number, got '100'"),
        ({"min_saving": -0.1}, ValueError, "min_saving must be from 0 to 100 percent, got -0.1"),
        ({"min_saving": 100.1}, ValueError, "min_saving must be from 0 to 100 percent, got 100.1"),
        ({"min_saving": float("nan")}, ValueError, "from 0 to 100 percent, got nan"),
        ({"min_saving": "5"}, TypeError, "min_saving must be a number of percent, got '5'"),
        ({"min_saving": False}, TypeError, "min_saving must be a number of percent, got False"),
        ({"jobs": 0}, ValueError, "jobs must be 1 or more, got 0"),
        ({"jobs": 2.0}, TypeError, "jobs must be a whole number, got 2.0"),
        ({"jobs": True}, TypeError, "jobs must be a whole number, got True"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_refused_with_the_expected_one(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        Settings(**options)
    assert message in str(caught.value)


def test_the_defaults_are_the_documented_ones() -> None:
    settings = Settings()
    assert tuple(encoder.token for encoder in settings.encoders) == ENCODINGS
    assert (settings.min_size, settings.min_saving) == (100, 5.0)
    assert (settings.include, settings.exclude, settings.left_out) == (None, None, ())


@pytest.mark.parametrize(
    ("affinity", "count", "expected"), [({0, 2, 5}, 8, 3), (None, 8, 8), (None, None, 1)]
)
def test_the_number_of_threads_is_that_of_available_cores(
    monkeypatch: pytest.MonkeyPatch, affinity: set[int] | None, count: int | None, expected: int
) -> None:
    """macOS and Windows do not report how many cores a process may use."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    if affinity is not None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: affinity, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert Settings().jobs == expected
    assert Settings(jobs=7).jobs == 7


NAMES = ["a.js", "js/a.css", "js/b.js", "img/a.png", "img/a.PNG", "a.svg", "png", ".png", "x.png/a"]
SELECTED = ["a.js", "js/a.css", "js/b.js", "a.svg", "png", ".png", "x.png/a"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ([], [], SELECTED),
        ([], ["*.js"], ["js/a.css", "a.svg", "png", ".png", "x.png/a"]),
        ([], ["js/*"], ["a.js", "a.svg", "png", ".png", "x.png/a"]),
        ([], ["*"], []),
        (["*.js"], [], ["a.js", "js/b.js"]),
        (["*.js", "*.css"], ["js/*"], ["a.js"]),
        (["*.png"], [], ["img/a.png", ".png"]),
        (["*"], [], NAMES),
        (["*"], ["*.png", "*.PNG"], ["a.js", "js/a.css", "js/b.js", "a.svg", "png"]),
        (["a.*"], ["a.*"], []),
    ],
)
def test_include_overrides_extensions_and_exclude_overrides_include(
    include: list[str], exclude: list[str], expected: list[str]
) -> None:
    settings = Settings(include=include, exclude=exclude)
    assert [name for name in NAMES if settings.selects(name)] == expected


@pytest.mark.parametrize("extension", sorted(DEFAULT_EXCLUDED))
def test_compressed_formats_are_left_out_in_upper_and_lower_case(extension: str) -> None:
    settings = Settings()
    assert not settings.selects(f"a.{extension}")
    assert not settings.selects(f"deep/a.min.{extension.upper()}")
    assert settings.selects(extension)
    assert settings.selects(f"a.{extension}.txt")


def test_given_extensions_replace_the_default_ones_in_upper_and_lower_case() -> None:
    settings = Settings(skip_extensions=["JS", ".Svg"])
    assert [name for name in NAMES if not settings.selects(name)] == ["a.js", "js/b.js", "a.svg"]
    assert not settings.selects("A.jS")
    assert all(map(Settings(skip_extensions=[]).selects, NAMES))


def test_given_extensions_are_left_out_of_included_files_too() -> None:
    settings = Settings(include=["a.*"], skip_extensions=["js"])
    assert not settings.selects("a.js")
    assert settings.selects("img/a.png")


def test_an_included_format_is_selected() -> None:
    assert Settings(include=["*.pdf"]).selects("a.pdf")


@pytest.mark.parametrize(
    ("original", "compressed", "min_size", "min_saving", "expected"),
    [
        (1000, 950, 0, 5.0, True),
        (1000, 951, 0, 5.0, False),
        (1000, 995, 0, 0.5, True),
        (1000, 996, 0, 0.5, False),
        (1000, 999, 0, 0.0, True),
        (1000, 1000, 0, 0.0, False),
        (1000, 1001, 0, 0.0, False),
        (1000, 0, 0, 100.0, True),
        (1000, 1, 0, 100.0, False),
        (100, 50, 100, 5.0, True),
        (99, 50, 100, 5.0, False),
        (0, 0, 0, 0.0, False),
    ],
)
def test_a_variant_saves_enough_from_the_minimum_size_and_the_minimum_saving_on(
    original: int, compressed: int, min_size: int, min_saving: float, expected: bool
) -> None:
    settings = Settings(min_size=min_size, min_saving=min_saving)
    assert settings.saves_enough(original, compressed) is expected


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.floats(0, 100), st.floats(0, 100))
def test_a_variant_that_saves_enough_also_does_with_a_lower_minimum(
    original: int, compressed: int, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    if Settings(min_saving=more).saves_enough(original, compressed):
        assert compressed < original
        assert Settings(min_saving=less).saves_enough(original, compressed)


def test_cleaning_selects_everything_unless_told_otherwise() -> None:
    assert all(map(Settings(skip_extensions=()).selects, NAMES))
    some = Settings(include=["*.js"], exclude=["js/*"], skip_extensions=())
    assert [name for name in NAMES if some.selects(name)] == ["a.js"]
