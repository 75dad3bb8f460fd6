"""The docstring that describes each setting."""

from __future__ import annotations

import pydoc

import pytest

from tests.helpers.docs_pages import DOCS, code, rows_of
from whitenoise_async.django import WhiteNoiseMiddleware
from whitenoise_async.django.documentation import setting_meanings
from whitenoise_async.django.settings import SETTINGS


def test_help_shows_every_setting_with_its_default_and_its_meaning() -> None:
    text = pydoc.plain(pydoc.render_doc(WhiteNoiseMiddleware))
    assert "right after ``SecurityMiddleware``." in text
    assert list(setting_meanings()) == list(SETTINGS)
    for name, (default, meaning) in setting_meanings().items():
        assert f"``{name}`` = ``{default}``" in text
        assert meaning.endswith(".")
        for line in meaning.splitlines():
            assert line.strip() in text


@pytest.mark.parametrize("debug", [True, False])
def test_the_defaults_are_those_of_the_table_of_settings(debug: bool) -> None:
    documented = {
        name: eval(default, {"DEBUG": debug})
        for setting, _, given, _ in rows_of(DOCS / "django.md", 4)
        if (name := code(setting)) and (default := code(given))
    }
    shown = {
        name: eval(default, {"DEBUG": debug}) for name, (default, _) in setting_meanings().items()
    }
    assert shown == documented


def test_a_meaning_names_settings_and_what_differs_in_django() -> None:
    meanings = setting_meanings()
    assert "``WHITENOISE_MAX_AGE`` defaults to 0" in meanings["WHITENOISE_AUTOREFRESH"][1]
    assert meanings["WHITENOISE_FALLBACK"][1].endswith("below ``WHITENOISE_ROOT``.")
    assert "the storage has hashed" in meanings["WHITENOISE_IMMUTABLE_FILE_TEST"][1]


def test_without_the_source_of_the_options_the_other_settings_remain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def getsource(_: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr("inspect.getsource", getsource)
    assert "WHITENOISE_ROOT" in setting_meanings()
    assert "WHITENOISE_MAX_AGE" not in setting_meanings()
