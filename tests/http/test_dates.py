"""HTTP-date (RFC 9110 §5.6.7): three formats are read, one is written."""

from __future__ import annotations

import time
from calendar import timegm

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whitenoise_async.http.dates import format_http_date, parse_http_date

NOV_1994 = 784_111_777  # the RFC's own example
LAST_SECOND = 253_402_300_799  # of the year 9999

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def seconds(year: int, month: int, day: int) -> int:
    return timegm((year, month, day, 0, 0, 0))


NOW = seconds(2026, 1, 15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", NOV_1994),
        ("Sunday, 06-Nov-94 08:49:37 GMT", NOV_1994),
        ("Sun Nov  6 08:49:37 1994", NOV_1994),
        ("Sun Nov 06 08:49:37 1994", NOV_1994),
        ("Wed Nov 16 08:49:37 1994", NOV_1994 + 10 * 86400),
        ("Mon, 06 Nov 1994 08:49:37 GMT", NOV_1994),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LAST_SECOND),
        ("Thu, 29 Feb 2024 00:00:00 GMT", seconds(2024, 2, 29)),
        ("Tuesday, 29-Feb-00 00:00:00 GMT", seconds(2000, 2, 29)),
        ("Sat, 31 Dec 2016 23:59:60 GMT", seconds(2017, 1, 1)),
        ("Saturday, 31-Dec-16 23:59:60 GMT", seconds(2017, 1, 1)),
        ("Sat Dec 31 23:59:60 2016", seconds(2017, 1, 1)),
    ],
)
def test_a_date_is_read_in_each_of_three_formats(text: str, expected: int) -> None:
    read = parse_http_date(text, NOW)
    assert (read, type(read)) == (expected, int)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "0", "784111777", "yesterday", "*", '"Sun, 06 Nov 1994 08:49:37 GMT"',
        # Case matters.
        "sun, 06 nov 1994 08:49:37 gmt", "SUN, 06 NOV 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt", "sun Nov  6 08:49:37 1994",
        # Every character matters.
        "Sun, 06 Nov 1994 08:49:37 GMT; length=3", "Sun, 06 Nov 1994 08:49:37 GMT\n",
        " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun,06 Nov 1994 08:49:37 GMT", "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 November 1994 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  6 08:49:37 94", "Sun Nov 6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT",
        # Numbers have two or four digits, in ASCII.
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 19994 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1_94 08:49:37 GMT", "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        "Sun, 0\xb2 Nov 1994 08:49:37 GMT",
        # These moments do not exist.
        "Sat, 30 Feb 2019 00:00:00 GMT", "Fri, 29 Feb 2019 00:00:00 GMT",
        "Thursday, 30-Feb-20 00:00:00 GMT", "Sat Feb 30 00:00:00 2019",
        "Mon, 29 Feb 2100 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Sun Nov  0 08:49:37 1994",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 99:99:99 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        # Very long values.
        "Sun, " * 13_000, " " * 65_536, "9" * 5_000,
    ],
    ids=lambda text: ascii(text[:40]),
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    assert parse_http_date(text, NOW) is None


@pytest.mark.parametrize(
    ("today", "date", "year"),
    [
        ((2026, 1, 15), "01-Jan-26", 2026),
        ((2026, 1, 15), "31-Dec-26", 2026),
        ((2026, 1, 15), "01-Jan-00", 2000),
        ((2026, 1, 15), "01-Jan-75", 2075),
        ((2026, 1, 15), "14-Jan-76", 2076),
        ((2026, 1, 15), "15-Jan-76", 2076),
        ((2026, 1, 15), "16-Jan-76", 1976),
        ((2026, 1, 15), "31-Dec-76", 1976),
        ((2026, 1, 15), "01-Jan-77", 1977),
        ((2026, 1, 15), "31-Dec-99", 1999),
        ((2049, 6, 1), "01-Jan-99", 2099),
        ((2048, 6, 1), "01-Jan-99", 1999),
        ((1999, 12, 31), "31-Dec-99", 1999),
    ],
)
def test_a_two_digit_year_over_fifty_years_ahead_is_in_the_past(
    today: tuple[int, int, int], date: str, year: int
) -> None:
    """The whole timestamp decides: it must "be more than 50 years in the future"."""
    read = parse_http_date(f"Friday, {date} 00:00:00 GMT", seconds(*today))
    assert read is not None
    assert time.gmtime(read).tm_year == year


def test_by_default_the_clock_decides_the_century_of_a_two_digit_year() -> None:
    this_year = time.gmtime().tm_year
    read = parse_http_date(f"Monday, 01-Mar-{this_year % 100:02} 00:00:00 GMT")
    assert read == seconds(this_year, 3, 1)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOV_1994, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_600_000_000.25, "Sun, 13 Sep 2020 12:26:40 GMT"),
        (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (seconds(1, 1, 1), "Mon, 01 Jan 0001 00:00:00 GMT"),
        # Each month and each day of the week.
        (seconds(2019, 1, 1), "Tue, 01 Jan 2019 00:00:00 GMT"),
        (seconds(2019, 2, 1), "Fri, 01 Feb 2019 00:00:00 GMT"),
        (seconds(2019, 3, 1), "Fri, 01 Mar 2019 00:00:00 GMT"),
        (seconds(2019, 4, 1), "Mon, 01 Apr 2019 00:00:00 GMT"),
        (seconds(2019, 5, 1), "Wed, 01 May 2019 00:00:00 GMT"),
        (seconds(2019, 6, 1), "Sat, 01 Jun 2019 00:00:00 GMT"),
        (seconds(2019, 7, 1), "Mon, 01 Jul 2019 00:00:00 GMT"),
        (seconds(2019, 8, 1), "Thu, 01 Aug 2019 00:00:00 GMT"),
        (seconds(2019, 9, 1), "Sun, 01 Sep 2019 00:00:00 GMT"),
        (seconds(2019, 10, 1), "Tue, 01 Oct 2019 00:00:00 GMT"),
        (seconds(2019, 11, 1), "Fri, 01 Nov 2019 00:00:00 GMT"),
        (seconds(2019, 12, 1), "Sun, 01 Dec 2019 00:00:00 GMT"),
    ],
)
def test_a_date_is_written_as_imf_fixdate(moment: float, expected: str) -> None:
    assert format_http_date(moment) == expected


@given(st.integers(0, LAST_SECOND))
@example(0)
@example(LAST_SECOND)
def test_a_written_date_is_read_back(moment: int) -> None:
    assert parse_http_date(format_http_date(moment)) == moment


@given(st.integers(NOW - 49 * 31_556_952, NOW + 49 * 31_556_952))
def test_the_three_formats_of_one_moment_are_read_alike(moment: int) -> None:
    at = time.gmtime(moment)
    imf = format_http_date(moment)
    month, clock = imf[8:11], imf[17:25]
    rfc850 = f"{DAYS[at.tm_wday]}, {at.tm_mday:02}-{month}-{at.tm_year % 100:02} {clock} GMT"
    asctime = f"{imf[:3]} {month} {at.tm_mday:2} {clock} {at.tm_year:04}"
    assert {parse_http_date(text, NOW) for text in (imf, rfc850, asctime)} == {moment}


date_like = st.text(st.sampled_from("SunMoNvGMT 0123456789,:-\xb2\xa0\n"), max_size=40)


@given(st.text(st.characters(max_codepoint=0xFF)) | date_like)
def test_the_parser_never_raises(text: str) -> None:
    read = parse_http_date(text, NOW)
    assert read is None or parse_http_date(format_http_date(read)) == read
