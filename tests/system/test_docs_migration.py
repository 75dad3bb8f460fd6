"""The pages for projects that come from another package agree with the code."""

from __future__ import annotations

import re

import pytest

from tests.helpers.docs_pages import DOCS, rows_of
from whitenoise_async.http.media_types import MediaTypes

PAGE = DOCS / "coming-from.md"


def listed(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


TYPES = [
    (extension, types[0] if len(types) == 1 else types[position], outcome)
    for names, given, outcome in rows_of(PAGE, 3)
    if outcome in ("works", "blocked")
    for types in [listed(given)]
    for position, extension in enumerate(listed(names))
]


@pytest.mark.parametrize(("extension", "media_type", "outcome"), TYPES)
def test_the_types_of_scripts_and_style_sheets_are_those_of_the_table(
    extension: str, media_type: str, outcome: str
) -> None:
    assert MediaTypes(None).media_type(f"app{extension}") == media_type
    works = media_type in ("text/javascript", "text/css", "application/wasm")
    assert works is (outcome == "works")


def test_there_are_types_on_the_page() -> None:
    assert len(TYPES) > 8
