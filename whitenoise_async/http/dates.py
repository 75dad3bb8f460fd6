"""HTTP-date (RFC 9110 §5.6.7): read in its three formats, written in the preferred one."""

from __future__ import annotations

import re
import time

# strftime uses the names of the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = [
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
]
_SHORT_DAY = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

# HTTP-date is case-sensitive. Like other servers, this one ignores a wrong day of the week.
# The re module compiles the patterns at their first use, and keeps them.
_FORMATS = (
    rf"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
    rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
    rf"{_SHORT_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})",
)


def format_http_date(seconds: float) -> str:
    """Return ``seconds`` since the epoch as an IMF-fixdate, the only format that may be sent."""
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    name, month_name = _DAYS[weekday], _MONTHS[month - 1]
    return f"{name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT"


def parse_http_date(text: str, now: float | None = None) -> int | None:
    """Parse an HTTP-date in any of its three formats.

    :param text: the header value, without surrounding white space.
    :param now: the current time in seconds since the epoch, which decides the century of a
        two-digit year; by default, the clock's.
    :returns: seconds since the epoch, or ``None`` if ``text`` is not an HTTP-date.
    """
    for pattern in _FORMATS:
        if found := re.fullmatch(pattern, text):
            return _seconds(found, now)
    return None


def _seconds(found: re.Match[str], now: float | None) -> int | None:
    from datetime import datetime, timedelta, timezone  # few requests have a date to parse

    year, month = int(found["year"]), _MONTHS.index(found["month"]) + 1
    rest = (month, *(int(found[name]) for name in ("day", "hour", "minute", "second")))
    if len(found["year"]) == 2:
        year = _full_year(year, rest, now)
    day, hour, minute, second = rest[1:]
    try:
        minute_began = datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
    except ValueError:
        return None
    # HTTP-date allows a leap second (60), and datetime does not.
    since_epoch = minute_began - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return since_epoch // timedelta(seconds=1) + second if second <= 60 else None


def _full_year(two_digits: int, rest: tuple[int, ...], now: float | None) -> int:
    """Return the year in this century, or in the last one if it is over 50 years ahead (§5.6.7)."""
    this_year, *this_moment = time.gmtime(now)[:6]
    year = this_year - this_year % 100 + two_digits
    return year - 100 if (year, *rest) > (this_year + 50, *this_moment) else year
