"""The docstrings that describe each option."""

from __future__ import annotations

import inspect
import pydoc
from typing import Any

import pytest

from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.options import OptionKeywords, Options
from whitenoise_async.options.documentation import describe_options, option_meanings


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
def test_help_shows_every_option_with_its_default_and_its_meaning(kind: Any) -> None:
    text = pydoc.plain(pydoc.render_doc(kind))
    assert "serves its static files." in text
    for name in OptionKeywords.__annotations__:
        assert f"``{name}`` = ``{inspect.getattr_static(Options, name)!r}``" in text
        _, meaning = option_meanings()[name]
        for line in meaning.splitlines():
            assert line.strip() in text
    assert kind(None).__doc__ == kind.__doc__


def test_every_option_has_a_meaning_and_nothing_else_has() -> None:
    meanings = option_meanings()
    assert set(meanings) == set(OptionKeywords.__annotations__)
    assert meanings["charset"] == (
        "'utf-8'",
        "The charset that ``Content-Type`` declares for text and scripts. Files are not converted."
        "\n    ``None`` declares none.",
    )
    assert all(meaning.endswith(".") for _, meaning in meanings.values())


def test_without_the_source_the_introduction_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    def getsource(_: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr("inspect.getsource", getsource)
    assert option_meanings() == {}
    assert "static files" in (WhiteNoise.__doc__ or "")


def test_a_class_without_a_docstring_may_be_described() -> None:
    class Mine(Options):
        pass

    Mine.__doc__ = None
    assert "``max_age`` = ``60``" in (describe_options(Mine).__doc__ or "")


def test_a_subclass_has_its_own_docstring() -> None:
    class Mine(WhiteNoise):
        """Mine."""

    assert Mine.__doc__ == "Mine."
