"""The scanner that finds comments, strings and other literals."""

from __future__ import annotations

import time

import pytest

from whitenoise_async.django.literals import css_literals, script_literals


def css(text: str) -> list[str]:
    return [text[each.start : each.end] for each in css_literals(text)]


def script(text: str) -> list[str]:
    return [text[each.start : each.end] for each in script_literals(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a { b: c }", []),
        ("/* a */ b /**/", ["/* a */", "/**/"]),
        ("a /* \" */ 'b' ", ['/* " */', "'b'"]),
        ("a /* b", ["/* b"]),
        ("""a 'b\\'c' "d" """, ["'b\\'c'", '"d"']),
        ("'a\nb", ["'a"]),
        ('"a', ['"a']),
        ("a\\'b /*c*/", ["/*c*/"]),
        ("url(a/*b) URL( //c/*'d ) 'e'", ["'e'"]),
        ("url('a') url( \"b\" )", ["'a'", '"b"']),
        ("url(a\\)/*b) /*c*/", ["/*c*/"]),
        ("url(a/*b", []),
        ("curl /*a*/", ["/*a*/"]),
    ],
)
def test_comments_and_strings_of_a_style_sheet(text: str, found: list[str]) -> None:
    assert css(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = b", []),
        ("// a\nb /* c\nd */ e", ["// a", "/* c\nd */"]),
        ("// a\u2028'b'", ["// a", "'b'"]),
        ("/* a", ["/* a"]),
        ("""'a\\'b' + "c" + '""", ["'a\\'b'", '"c"', "'"]),
        ("'a\\\nb'; 'c\nd", ["'a\\\nb'", "'c"]),
        ("`a 'b' // c`", ["`a 'b' // c`"]),
        ("`a\\`b`", ["`a\\`b`"]),
        ("`a $ $b ${c + {d: 'e'}} f`", ["`a $ $b ${", "'e'", "} f`"]),
        ("`a${`b${c}`}d`", ["`a${", "`b${", "}`", "}d`"]),
        ("`a", ["`a"]),
        ("}) `a`", ["`a`"]),
    ],
)
def test_comments_strings_and_templates_of_a_script(text: str, found: list[str]) -> None:
    assert script(text) == found


@pytest.mark.parametrize(
    "before",
    [
        *("", "a = ", "f(", "[", "a, ", "!", "a\n+ ", "{", "{}\n", "a => "),
        *(
            "return ",
            "typeof\n",
            "case/**/",
            "// a\n",
            "/* a */ // b\n",
            "if (a) ",
            "while (f(b)) ",
        ),
        *("else /* a */\n /* b */ ", "if /* a */ (b) ", "a ? b : "),
    ],
)
def test_a_slash_begins_a_regular_expression_where_a_value_is_expected(before: str) -> None:
    assert script(before + "/'[/']\\//gi.test(b)")[-1] == "/'[/']\\//gi"


@pytest.mark.parametrize(
    "before",
    [
        *("a ", "1", "a$ ", "é", ")", "f(a) ", "(if_(a)) ", "]", "a.if(b) ", "a.return ", "a++ "),
        *("a-- ", "'a'", "`a`", "a /* b */ ", "a // b\n", "myreturn "),
    ],
)
def test_a_slash_divides_after_a_value(before: str) -> None:
    assert script(before + "/'a'/ 2")[-1] == "'a'"


def test_a_slash_without_an_end_on_its_line_divides() -> None:
    assert script("= / a\n'b'/") == ["'b'"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["/", "(", "`${", "'", "a/", "/*", "if(", "}", "\\", "{`", " \n/"]
)
def test_the_time_grows_with_the_length_of_the_text(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    for find in (script_literals, css_literals):
        began = time.process_time()
        find(text)
        assert time.process_time() - began < 5
