"""Durations as people write and read them, `24h` in settings and `3d 4h` on screens, and instants to the minute."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

LONGEST: Final = timedelta(days=3650)
"""Ten years: a longer setting or option is a typing mistake."""

# Possessive blanks (`*+`): a long run of them is refused in linear time.
_WRITTEN: Final = re.compile(
    r"(?:([0-9]{1,20}) *+d)? *+(?:([0-9]{1,20}) *+h)? *+(?:([0-9]{1,20}) *+m)? *+(?:([0-9]{1,20}) *+s)?"
)
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))

NEWEST_FILE: Final = "newest-file"
"""In the place of an instant: the date of the newest file in a folder."""


def parse_duration(text: str) -> timedelta:
    """The duration that a text such as `24h`, `60m`, `1h30m`, `90s`, `2d` or `0` means: whole seconds, never negative.

    Days, hours, minutes and seconds, biggest unit first, each at most once. Blanks between them do not matter, because
    a user may type what `format_span` shows. Raises ValueError for anything else and for more than `LONGEST`. The
    message never repeats the text: it may be a secret in the wrong place.
    """
    text = text.strip(" ")
    if text == "0":
        return timedelta(0)
    match = _WRITTEN.fullmatch(text)
    if match is None or match.lastindex is None:
        raise ValueError("a duration is whole numbers with units, the biggest first, such as 2d, 24h, 1h30m or 90s")
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    # Compared as whole numbers: a timedelta of this many days would overflow before it could be refused.
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if total > LONGEST.total_seconds():
        raise ValueError(f"a duration is at most {format_duration(LONGEST)}")
    return timedelta(seconds=total)


def format_duration(duration: timedelta) -> str:
    """A duration as a setting has it: `parse_duration` returns exactly the same duration. `0` is zero.

    It uses one unit if that is readable: the biggest that gives a number from 2 to 99 (`24h`, `60m`, `90s`). Otherwise
    it uses all units that are needed (`1h1m1s`, `1s`, `365d`). Raises ValueError for a negative duration and for a
    fraction of a second.
    """
    if duration < timedelta(0) or duration.microseconds:
        raise ValueError("a duration that can be written is whole seconds and not negative")
    rest = duration.days * 86_400 + duration.seconds
    if rest == 0:
        return "0"
    for unit, size in _UNITS:
        if rest % size == 0 and 2 <= rest // size <= 99:
            return f"{rest // size}{unit}"
    written = ""
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            written += f"{count}{unit}"
    return written


def format_span(span: timedelta) -> str:
    """A span of time in words for a reader: its biggest unit and the next smaller one, rounded down towards zero.

    `3d 4h`, `5h 10m`, `5m`, `12s`; the smaller unit is left out if it is zero (`2h`). Seconds are shown only below a
    minute, so that a screen repaints an age only once a minute. Below a second it is `0s`. A negative span has a minus
    sign before the same words.
    """
    days, seconds = span.days, span.seconds
    if days < 0:
        words = format_span(-span)
        return words if words == "0s" else f"-{words}"
    if days:
        hours = seconds // 3_600
        return f"{days}d {hours}h" if hours else f"{days}d"
    if seconds >= 3_600:
        minutes = seconds % 3_600 // 60
        return f"{seconds // 3_600}h {minutes}m" if minutes else f"{seconds // 3_600}h"
    return f"{seconds // 60}m" if seconds >= 60 else f"{seconds}s"


def format_minute(instant: datetime) -> str:
    """A UTC instant to the minute, as people read it: `2026-10-31 03:13 UTC`."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
