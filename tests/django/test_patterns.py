"""The pattern of ``url()`` in style sheets."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles.storage import HashedFilesMixin

from whitenoise_async.django.patterns import with_spaces_around_urls


def urls(text: str) -> list[str]:
    ((names, (pattern, *others)), *further) = with_spaces_around_urls(HashedFilesMixin.patterns)
    (names_before, (_, *others_before)), *further_before = HashedFilesMixin.patterns
    assert (names, others, further) == (names_before, others_before, further_before)
    return [match["url"] for match in re.finditer(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("url(a.png)", ["a.png"]),
        ("URL( a.png )", ["a.png"]),
        ("url('a.png')", ["a.png"]),
        ('url( "a.png"\t)', ["a.png"]),
        ("url(\n'a.png'\n)", ["a.png"]),
        ("url(' a.png ')", ["a.png"]),
        ("url('a(1).png') url(\"it's.png\")", ["a(1).png", "it's.png"]),
        ("url(a.eot?#iefix) url('a.svg#b')", ["a.eot?#iefix", "a.svg#b"]),
        ("url() url( )", []),
        ("url('')", [""]),
        ("url('a.png)", []),
        ("url(data:image/png;base64,x==)", ["data:image/png;base64,x=="]),
    ],
)
def test_the_url_is_read_without_quotes_and_spaces(text: str, found: list[str]) -> None:
    assert urls(text) == found
