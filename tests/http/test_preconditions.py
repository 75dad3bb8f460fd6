"""Conditional requests (RFC 9110 §13): the meaning of each header, and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.dates import format_http_date
from whitenoise_async.http.fields import RequestFields
from whitenoise_async.http.preconditions import (
    Outcome,
    evaluate,
    parse_entity_tags,
    range_applies,
)

ETAG = '"a,b"'
MODIFIED = 1_600_000_000
EARLIER, SAME, LATER = (format_http_date(MODIFIED + each) for each in (-1, 0, 1))
MAX_TAGS = 1000  # as documented
LONG = 65_536

PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED

NOT_A_DATE = [
    "", "yesterday", "1600000000", "*", ETAG, SAME.lower(), f"{SAME}; length=3", f"{SAME}, {SAME}",
    SAME.replace("13 Sep", "30 Feb"), SAME.replace("GMT", "UTC"), "\xb2", " " * LONG,
]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "value", "expected"),
    [
        ("8.8.3", '"a"', ['"a"']),
        ("8.8.3", '""', ['""']),
        ("8.8.3", 'W/"a"', ['W/"a"']),
        ("8.8.3", 'W/""', ['W/""']),
        ("8.8.3", '"a,b", ",", "W/"', ['"a,b"', '","', '"W/"']),
        ("8.8.3", '"\x21\x23\x7e\x80\xff\\"', ['"\x21\x23\x7e\x80\xff\\"']),
        ("5.6.1", '"a",W/"b" ,\t"c"', ['"a"', 'W/"b"', '"c"']),
        ("5.6.1.2", ',, \t,"a", ,"b",,', ['"a"', '"b"']),
        ("5.6.1.2", "", []),
        ("5.6.1.2", " , ,", []),
        ("5.6.1.2", "," * LONG, []),
        ("5.6.1.2", "," * LONG + '"a"', ['"a"']),
        ("5.6.3", " " * LONG + '"a"' + "\t" * LONG, ['"a"']),
        ("5.6.3", '"a"' + " " * LONG + "b", []),
        ("8.8.3", 'W/"' * LONG, []),
        ("8.8.3", '"' + "a" * LONG, []),
        ("8.8.3", '"' + "a" * LONG + '"', ['"' + "a" * LONG + '"']),
        ("5.6.1", ",".join(['"a"'] * MAX_TAGS), ['"a"'] * MAX_TAGS),
        ("5.6.1", ",".join(['"a"'] * MAX_TAGS + ['"b"']), ['"a"'] * MAX_TAGS),
        ("8.8.3", "*", []),
        ("8.8.3", "a", []),
        ("8.8.3", "'a'", []),
        ("8.8.3", '"a', []),
        ("8.8.3", 'a"', []),
        ("8.8.3", '"a b"', []),
        ("8.8.3", '"a\x7f"', []),
        ("8.8.3", '"a\0"', []),
        ("8.8.3", 'w/"a"', []),
        ("8.8.3", 'W /"a"', []),
        ("8.8.3", 'W/ "a"', []),
        ("8.8.3", 'W"a"', []),
        ("8.8.3", '"a" "b"', []),
        ("8.8.3", '"a""b"', []),
        ("8.8.3", '"a";"b"', []),
        ("5.6.3", '\xa0"a"', []),
        ("8.8.3", 'a, "b"', []),
        ("8.8.3", '*, "b"', []),
        ("8.8.3", '"a", b, "c"', ['"a"']),
        ("8.8.3", '"a", "b', ['"a"']),
    ],
    ids=lambda value: ascii(value[:30]) if isinstance(value, str) else "",
)
def test_entity_tags_are_parsed_up_to_the_first_malformed_member(
    section: str, value: str, expected: list[str]
) -> None:
    assert list(parse_entity_tags(value)) == expected, section


def fields_of(**fields: str) -> RequestFields:
    return RequestFields(**fields)


@pytest.mark.parametrize(
    ("section", "fields", "expected"),
    [
        ("13", fields_of(), PROCEED),
        ("13.1.1", fields_of(if_match=ETAG), PROCEED),
        ("13.1.1", fields_of(if_match=f'"x", {ETAG}'), PROCEED),
        ("13.1.1", fields_of(if_match="*"), PROCEED),
        ("13.1.1", fields_of(if_match='"x"'), FAILED),
        ("13.1.1", fields_of(if_match='"a", "b"'), FAILED),
        ("13.1.1", fields_of(if_match='"A,B"'), FAILED),
        ("13.1.1", fields_of(if_match="a,b"), FAILED),
        ("13.1.1", fields_of(if_match=""), FAILED),
        ("13.1.1", fields_of(if_match='"*"'), FAILED),
        ("13.1.1", fields_of(if_match="**"), FAILED),
        ("13.1.1", fields_of(if_match=f"x, {ETAG}"), FAILED),
        ("8.8.3.2", fields_of(if_match=f"W/{ETAG}"), FAILED),
        ("8.8.3.2", fields_of(if_match=f"W/{ETAG}, {ETAG}"), PROCEED),
        ("13.1.2", fields_of(if_none_match='"x"'), PROCEED),
        ("13.1.2", fields_of(if_none_match=ETAG), NOT_MODIFIED),
        ("13.1.2", fields_of(if_none_match=f'"x",{ETAG}'), NOT_MODIFIED),
        ("13.1.2", fields_of(if_none_match="*"), NOT_MODIFIED),
        ("13.1.2", fields_of(if_none_match='"*"'), PROCEED),
        ("13.1.2", fields_of(if_none_match=""), PROCEED),
        ("13.1.2", fields_of(if_none_match="a,b"), PROCEED),
        ("13.1.2", fields_of(if_none_match='"a", "b"'), PROCEED),
        ("13.1.2", fields_of(if_none_match=f"w/{ETAG}"), PROCEED),
        ("13.1.2", fields_of(if_none_match=f"x, {ETAG}"), PROCEED),
        ("13.1.2", fields_of(if_none_match=f"{ETAG}, x"), NOT_MODIFIED),
        ("8.8.3.2", fields_of(if_none_match=f"W/{ETAG}"), NOT_MODIFIED),
        ("13.1.3", fields_of(if_modified_since=EARLIER), PROCEED),
        ("13.1.3", fields_of(if_modified_since=SAME), NOT_MODIFIED),
        ("13.1.3", fields_of(if_modified_since=LATER), NOT_MODIFIED),
        ("5.6.7", fields_of(if_modified_since="Sunday, 13-Sep-20 12:26:40 GMT"), NOT_MODIFIED),
        ("5.6.7", fields_of(if_modified_since="Sunday, 13-Sep-20 12:26:39 GMT"), PROCEED),
        ("5.6.7", fields_of(if_modified_since="Sun Sep 13 12:26:40 2020"), NOT_MODIFIED),
        ("5.6.7", fields_of(if_modified_since="Sun Sep 13 12:26:39 2020"), PROCEED),
        *(("13.1.3", fields_of(if_modified_since=each), PROCEED) for each in NOT_A_DATE),
        ("13.1.4", fields_of(if_unmodified_since=EARLIER), FAILED),
        ("13.1.4", fields_of(if_unmodified_since=SAME), PROCEED),
        ("13.1.4", fields_of(if_unmodified_since=LATER), PROCEED),
        ("5.6.7", fields_of(if_unmodified_since="Sunday, 13-Sep-20 12:26:39 GMT"), FAILED),
        ("5.6.7", fields_of(if_unmodified_since="Sun Sep 13 12:26:39 2020"), FAILED),
        *(("13.1.4", fields_of(if_unmodified_since=each), PROCEED) for each in NOT_A_DATE),
        # If-Match replaces If-Unmodified-Since, and If-None-Match replaces If-Modified-Since.
        ("13.1.4", fields_of(if_match=ETAG, if_unmodified_since=EARLIER), PROCEED),
        ("13.1.4", fields_of(if_match='"x"', if_unmodified_since=SAME), FAILED),
        ("13.1.4", fields_of(if_match="", if_unmodified_since=SAME), FAILED),
        ("13.1.3", fields_of(if_none_match='"x"', if_modified_since=SAME), PROCEED),
        ("13.1.3", fields_of(if_none_match="", if_modified_since=SAME), PROCEED),
        ("13.1.3", fields_of(if_none_match=ETAG, if_modified_since=EARLIER), NOT_MODIFIED),
        # If-Match and If-Unmodified-Since come first.
        ("13.2.2", fields_of(if_match='"x"', if_none_match=ETAG), FAILED),
        ("13.2.2", fields_of(if_match=ETAG, if_none_match=ETAG), NOT_MODIFIED),
        ("13.2.2", fields_of(if_match=ETAG, if_none_match='"x"'), PROCEED),
        ("13.2.2", fields_of(if_match=ETAG, if_modified_since=SAME), NOT_MODIFIED),
        ("13.2.2", fields_of(if_unmodified_since=EARLIER, if_none_match=ETAG), FAILED),
        ("13.2.2", fields_of(if_unmodified_since=SAME, if_none_match=ETAG), NOT_MODIFIED),
        ("13.2.2", fields_of(if_unmodified_since=SAME, if_modified_since=SAME), NOT_MODIFIED),
        ("13.2.2", fields_of(if_unmodified_since="x", if_modified_since="x"), PROCEED),
    ],
    ids=lambda value: (
        ", ".join(f"{name}={text[:30]!a}" for name, text in value._asdict().items() if text)
        if isinstance(value, RequestFields)
        else None
    ),
)  # fmt: skip
def test_preconditions_are_evaluated_in_order(
    section: str, fields: RequestFields, expected: Outcome
) -> None:
    assert evaluate(fields, ETAG, MODIFIED) is expected, section


@pytest.mark.parametrize("date", [EARLIER, SAME, LATER, "yesterday"])
@pytest.mark.parametrize("field", ["if_modified_since", "if_unmodified_since"])
def test_without_a_modification_date_dates_are_ignored(field: str, date: str) -> None:
    """RFC 9110 §13.1.3 and §13.1.4."""
    assert evaluate(fields_of(**{field: date}), ETAG, None) is PROCEED


@pytest.mark.parametrize("field", ["if_match", "if_none_match"])
def test_a_weak_tag_of_the_representation_never_matches_strongly(field: str) -> None:
    """RFC 9110 §8.8.3.2: not even itself."""
    expected = FAILED if field == "if_match" else NOT_MODIFIED
    for tag in (ETAG, f"W/{ETAG}"):
        assert evaluate(fields_of(**{field: tag}), f"W/{ETAG}", MODIFIED) is expected


@pytest.mark.parametrize(
    ("section", "if_range", "last_modified", "expected"),
    [
        ("14.2", None, MODIFIED, True),
        ("13.1.5", ETAG, MODIFIED, True),
        ("13.1.5", ETAG, None, True),
        ("13.1.5", '"x"', MODIFIED, False),
        ("13.1.5", f"W/{ETAG}", MODIFIED, False),
        ("13.1.5", f"{ETAG}, {ETAG}", MODIFIED, False),
        ("13.1.5", "*", MODIFIED, False),
        ("13.1.5", "", MODIFIED, False),
        ("13.1.5", "a,b", MODIFIED, False),
        ("13.1.5", SAME, MODIFIED, True),
        ("13.1.5", EARLIER, MODIFIED, False),
        ("13.1.5", LATER, MODIFIED, False),
        ("13.1.5", SAME, None, False),
        ("13.1.5", "yesterday", MODIFIED, False),
        ("13.1.5", "yesterday", None, False),
        ("5.6.7", "Sunday, 13-Sep-20 12:26:40 GMT", MODIFIED, True),
        ("5.6.7", "Sun Sep 13 12:26:40 2020", MODIFIED, True),
        ("5.6.7", SAME.lower(), MODIFIED, False),
        ("8.8.3", 'W/"' * LONG, MODIFIED, False),
    ],
    ids=lambda value: ascii(value[:32]) if isinstance(value, str) else None,
)
def test_a_range_applies_to_the_representation_that_the_client_has(
    section: str, if_range: str | None, last_modified: int | None, expected: bool
) -> None:
    assert range_applies(if_range, ETAG, last_modified) is expected, section


def test_a_range_never_applies_to_a_weak_tag() -> None:
    """RFC 9110 §13.1.5."""
    assert not range_applies(f"W/{ETAG}", f"W/{ETAG}", MODIFIED)


@pytest.mark.parametrize(
    ("after", "expected"), [(-3600, False), (0, False), (0.99, False), (1, True), (3600, True)]
)
def test_a_range_applies_to_a_date_once_its_second_has_passed(after: float, expected: bool) -> None:
    """RFC 9110 §8.8.2.2: until then, the file may change again."""
    assert range_applies(SAME, ETAG, MODIFIED, MODIFIED + after) is expected
    assert range_applies(ETAG, ETAG, MODIFIED, MODIFIED + after)


etag_characters = st.characters(
    max_codepoint=0xFF, exclude_categories=["Cc"], exclude_characters=' "'
)
tags = st.builds('{}"{}"'.format, st.sampled_from(["", "W/"]), st.text(etag_characters))
separators = st.text(st.sampled_from(" \t,"), max_size=4).map("{},".format)
latin_1 = st.text(st.characters(max_codepoint=0xFF))
noise = st.text(st.sampled_from('W/"*, a\xe9'), max_size=30)


@given(st.lists(tags), separators)
def test_every_tag_of_a_well_formed_list_is_parsed(listed: list[str], separator: str) -> None:
    assert list(parse_entity_tags(separator.join(listed))) == listed


@given(latin_1 | noise)
def test_each_parsed_tag_is_part_of_the_value(value: str) -> None:
    for tag in parse_entity_tags(value):
        assert tag in value
        assert list(parse_entity_tags(tag)) == [tag]


values = st.none() | latin_1 | noise | st.sampled_from([ETAG, f"W/{ETAG}", EARLIER, SAME, LATER])


@given(st.builds(RequestFields, *[values] * 7), st.sampled_from([None, 0, MODIFIED]))
def test_the_evaluation_never_raises(fields: RequestFields, last_modified: int | None) -> None:
    outcome = evaluate(fields, ETAG, last_modified)
    if fields.if_match is None and fields.if_unmodified_since is None:
        assert outcome is not FAILED
    if fields.if_none_match is None and fields.if_modified_since is None:
        assert outcome is not NOT_MODIFIED
    if range_applies(fields.if_range, ETAG, last_modified) and fields.if_range is not None:
        assert fields.if_range == ETAG or last_modified is not None
