"""Style sheets are decoded as browsers do, and encoded again to the same bytes."""

from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
import tinycss2.bytes
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.assets.stylesheets import (
    StyleSheetError,
    decode,
    encode,
    find_references,
    replace_references,
)

RULE = "@import 'é.css';"


@pytest.mark.parametrize(
    "content, text, encoding",
    [
        (b"", "", "utf-8"),
        (RULE.encode(), RULE, "utf-8"),
        (codecs.BOM_UTF8 + RULE.encode(), "\ufeff" + RULE, "utf-8"),
        (codecs.BOM_UTF16_LE + RULE.encode("utf-16-le"), "\ufeff" + RULE, "utf-16-le"),
        (codecs.BOM_UTF16_BE + RULE.encode("utf-16-be"), "\ufeff" + RULE, "utf-16-be"),
        (b'@charset "latin1";\xe9', '@charset "latin1";é', "cp1252"),
        (b'@charset "UTF-16";\xc3\xa9', '@charset "UTF-16";é', "utf-8"),
        (b'@charset "utf-16be";\xc3\xa9', '@charset "utf-16be";é', "utf-8"),
        (b'@charset "latin1";a{b:"";}', '@charset "latin1";a{b:"";}', "cp1252"),
        (b'@charset "latin1', '@charset "latin1', "utf-8"),
        (b'/*charset*latin1";', '/*charset*latin1";', "utf-8"),
        (b'@charset "koi8-r";\xe9', '@charset "koi8-r";И', "koi8-r"),
        # Browsers read only the exact form.
        (b"@charset 'latin1';\xc3\xa9", "@charset 'latin1';é", "utf-8"),
        (b'@charset  "latin1";\xc3\xa9', '@charset  "latin1";é', "utf-8"),
        (b' @charset "latin1";\xc3\xa9', ' @charset "latin1";é', "utf-8"),
        (b'@charset "latin1"\xc3\xa9', '@charset "latin1"é', "utf-8"),
        (b'@charset "unheard";\xc3\xa9', '@charset "unheard";é', "utf-8"),
        (b'@charset "x-user-defined";\xc3\xa9', '@charset "x-user-defined";é', "utf-8"),
        (codecs.BOM_UTF8 + b'@charset "latin1";', '\ufeff@charset "latin1";', "utf-8"),
        (b"\xff\xe9'", "\udcff\udce9'", "utf-8"),
        (b'@charset "latin1";\x81', '@charset "latin1";\udc81', "cp1252"),
    ],
)
def test_a_sheet_is_decoded_as_browsers_do(content: bytes, text: str, encoding: str) -> None:
    assert decode(content) == (text, encoding)
    assert encode(text, encoding) == content
    by_tinycss2, _ = tinycss2.bytes.decode_stylesheet_bytes(content)
    if not any("\udc80" <= character <= "\udcff" for character in text):
        assert text.removeprefix("\ufeff") == by_tinycss2 or "x-user-defined" in text


def test_the_end_of_a_declaration_is_searched_for_in_the_first_kilobyte() -> None:
    declaration = b'@charset "%slatin1";'
    spaces = 1024 - len(declaration % b"")
    assert decode(declaration % (b" " * spaces) + b"/**/")[1] == "cp1252"
    assert decode(declaration % (b" " * (spaces + 1)) + b"/**/")[1] == "utf-8"


def test_the_charset_of_the_response_comes_before_the_declared_one() -> None:
    content = b'@charset "latin1";\xc3\xa9'
    assert decode(content, "utf-8") == ('@charset "latin1";é', "utf-8")
    assert decode(content, "Latin1")[1] == "cp1252"
    assert decode(content, "unheard")[1] == "cp1252"
    assert decode(codecs.BOM_UTF8, "latin1")[1] == "utf-8"


@pytest.mark.parametrize(
    "content, message",
    [
        (codecs.BOM_UTF16_LE + b"a", "it is not valid utf-16-le: "),
        (codecs.BOM_UTF16_BE + b"\xd8\x00", "it is not valid utf-16-be: "),
        # The character set is selected twice.
        (
            b'@charset "iso-2022-jp";\x1b(B\x1b(B',
            "^it has more than one iso2022_jp form, and would change$",
        ),
    ],
)
def test_a_sheet_that_would_change_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(StyleSheetError, match=message):
        decode(content)


@pytest.mark.parametrize("charset", ["utf-8", "latin1", "shift_jis", "koi8-r"])
def test_everything_but_the_new_url_keeps_its_bytes(charset: str) -> None:
    content = b"/*\xff\xe9*/\r\n@import 'a.css';\x81\x8f\0\f"
    text, encoding = decode(content, charset)
    replaced = replace_references(text, dict.fromkeys(find_references(text), "\u20ac"))
    assert encode(replaced, encoding) == content.replace(b"a.css", rb"\20ac ")


BEGINNINGS = [
    *[
        b"",
        codecs.BOM_UTF8,
        codecs.BOM_UTF16_BE,
        codecs.BOM_UTF16_LE,
        b'@charset "',
        b"@import 'a'",
    ],
    *(f'@charset "{label}";'.encode() for label in ["latin1", "gbk", "big5", "iso-2022-jp", "hz"]),
    *(f'@charset "{label}";'.encode() for label in ["sjis", "euc-kr", "replacement", "\x00", "é"]),
]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=40))
def test_any_bytes_are_kept_or_refused(beginning: bytes, others: bytes) -> None:
    content = beginning + others
    with suppress(StyleSheetError):
        assert encode(*decode(content)) == content
