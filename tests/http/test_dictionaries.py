"""Compression Dictionary Transport (RFC 9842)."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whitenoise_async.http.dictionaries import (
    AVAILABLE_DICTIONARY,
    parse_available_dictionary,
    usable_dictionary,
    use_as_dictionary,
)

DIGEST = hashlib.sha256(b"dictionary").digest()
ENCODED = base64.b64encode(DIGEST).decode()
VALUE = f":{ENCODED}:"
UNPADDED = f":{ENCODED.rstrip('=')}:"


def test_the_header_has_the_name_of_the_specification() -> None:
    """RFC 9842 §2.2."""
    assert AVAILABLE_DICTIONARY == "Available-Dictionary"


@pytest.mark.parametrize(
    "value",
    [
        VALUE,
        f"  {VALUE} ",
        UNPADDED,  # RFC 8941 §4.2.7: the padding may be missing
        f"{VALUE};a",
        f"{UNPADDED};a",
        f'{VALUE}; a=1;*b="x\\"y"',
        f'{VALUE};  m5_.*-=string;z="~ !#5A[]z\\\\"',
    ],
)
def test_a_byte_sequence_of_32_bytes_is_the_digest_of_a_dictionary(value: str) -> None:
    assert parse_available_dictionary(value) == DIGEST.hex()


@pytest.mark.parametrize(
    "value",
    [
        "",
        ENCODED,
        f":{ENCODED}",
        f"::{ENCODED}::",
        f"{VALUE}, {VALUE}",
        f"{VALUE} x",
        f"{VALUE};",
        f"{VALUE};A",
        f"{VALUE};aA",
        f"{VALUE};a=b;",
        f"{VALUE};a=b,c",
        f"{VALUE};a=b\tc",
        f'{VALUE};a="',
        f'{VALUE};a="b"c"',
        f'{VALUE};a="\\"',
        f"\t{VALUE}",
        '"text"',
        "::",
        ":A:",  # a length that no base64 text has
        ":" + base64.b64encode(DIGEST[:31]).decode() + ":",
        ":" + base64.b64encode(DIGEST + b"x").decode() + ":",
        f":{ENCODED[:-2]}-=:",
        VALUE.replace(":", "："),
    ],
)
def test_a_malformed_value_is_ignored(value: str) -> None:
    assert parse_available_dictionary(value) is None


@given(st.text())
def test_any_value_is_parsed(value: str) -> None:
    found = parse_available_dictionary(value)
    assert found is None or len(found) == 64


@given(st.binary(max_size=64))
@example(b"\xff" * 32)
@example(b"\xfb\xef\xbe" * 11)
@example(b"\xfb\xef\xbe" * 10 + b"\xfb\xef")
def test_only_a_digest_of_sha_256_is_accepted(digest: bytes) -> None:
    found = parse_available_dictionary(f":{base64.b64encode(digest).decode()}:")
    assert found == (digest.hex() if len(digest) == 32 else None)


@pytest.mark.parametrize(
    ("accepted", "is_usable"),
    [
        ("dcz", True),
        ("gzip, br, zstd, dcb, dcz", True),
        ("DCZ", True),
        ("dcz;q=0.001", True),
        ("dcz;q=0", False),
        ("dcz;q=0, *", False),
        ("dcz, dcz;q=0", False),
        ("*", False),
        ("dcb", False),
        ("zstd", False),
        ("", False),
        (None, False),
    ],
)
def test_a_delta_is_usable_only_if_its_coding_is_named(
    accepted: str | None, is_usable: bool
) -> None:
    assert usable_dictionary(accepted, VALUE) == (DIGEST.hex() if is_usable else None)


def test_a_delta_is_usable_only_with_a_dictionary() -> None:
    assert usable_dictionary("dcz", ":malformed:") is None


@pytest.mark.parametrize(
    ("before", "after", "match"),
    [
        ("/folder/name.", ".js", "../folder/name.*.js"),
        ("/name.", ".js", "name.*.js"),
        ("/a/b/c/name-", ".min.js", "../../../a/b/c/name-*.min.js"),
        ("/LICENSE.", "", "LICENSE.*"),
        ("/ü x/50%?#.", ".js", "../%C3%BC%20x/50%25%3F%23.*.js"),
        ('/{a}/"\\.', ".js", "../%7Ba%7D/%22%5C.*.js"),
        # Some programs encode these characters in URLs, others do not.
        ("/(group)/[slug]+:page*.", ".js", "../*group*/*slug*page*.*.js"),
        ("/a/b*", "*.js", "../a/b*.js"),
    ],
)
def test_the_pattern_of_a_dictionary_is_relative_and_has_no_groups(
    before: str, after: str, match: str
) -> None:
    assert use_as_dictionary(before, after) == f'match="{match}"'


@pytest.mark.parametrize("character", "!$&'()*+,:;=@[]|^`~")
def test_a_character_that_may_be_encoded_or_not_matches_both(character: str) -> None:
    assert use_as_dictionary(f"/a{character}b.", ".js") == 'match="a*b.*.js"'


def test_the_same_name_in_other_folders_has_another_pattern() -> None:
    """Browsers compare the text of the pattern, not the URLs that it matches."""
    folders = ("/", "/a/", "/a/b/", "/b/", "/b/b/")
    assert len({use_as_dictionary(f"{folder}app.", ".js") for folder in folders}) == 5


@given(st.text().map("/{}".format), st.text())
def test_a_pattern_is_a_structured_string(before: str, after: str) -> None:
    """RFC 8941 §3.3.3: ASCII, in which nothing has to be escaped. A pattern with groups has "("."""
    try:
        (before + after).encode()
    except UnicodeEncodeError:
        return
    value = use_as_dictionary(before, after)
    text = value.removeprefix('match="').removesuffix('"')
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set('"\\(){}:?+#')
    assert "**" not in text
