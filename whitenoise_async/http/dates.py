"""HTTP-date, RFC 9110 §5.6.7: written in one form, read in all three."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Spelt out: strftime's names follow the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = [
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
]
_SHORT_DAY = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

# HTTP-date is case-sensitive. The day's name is not checked against the date: no other server does.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
        rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        rf"{_SHORT_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)


def format_http_date(seconds: float) -> str:
    """Write ``seconds`` since the epoch as an IMF-fixdate, the one form that is generated."""
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    name, month_name = _DAYS[weekday], _MONTHS[month - 1]
    return f"{name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT"


def parse_http_date(text: str, now: float | None = None) -> int | None:
    """Read an HTTP-date in any of its three forms.

    :param text: the field value, without white space around it.
    :param now: seconds since the epoch, by which a two-digit year is placed; the clock's if absent.
    :returns: seconds since the epoch, or ``None`` for what is not an HTTP-date.
    """
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _seconds(found, time.time() if now is None else now)
    return None


def _seconds(found: re.Match[str], now: float) -> int | None:
    year, month = int(found["year"]), _MONTHS.index(found["month"]) + 1
    rest = (month, *(int(found[name]) for name in ("day", "hour", "minute", "second")))
    if len(found["year"]) == 2:
        year = _full_year(year, rest, now)
    day, hour, minute, second = rest[1:]
    try:
        minutes = datetime(year, month, day, hour, minute, tzinfo=timezone.utc) - _EPOCH
    except ValueError:
        return None
    # A leap second (60) is valid, and datetime has no room for it.
    return minutes // timedelta(seconds=1) + second if second <= 60 else None


def _full_year(two_digits: int, rest: tuple[int, ...], now: float) -> int:
    """More than 50 years ahead means the past century (RFC 9110 §5.6.7)."""
    this_year, *this_moment = time.gmtime(now)[:6]
    year = this_year - this_year % 100 + two_digits
    return year - 100 if (year, *rest) > (this_year + 50, *this_moment) else year
