"""What each column of a fact line may hold: converts a JSON value to the fact's value, or refuses it.

Bad facts are accepted, and the verdict reports them: an invalid cron, or a run that ended before it began. A value is
refused only if it cannot be stored, or would not mean what its writer intends (docs/facts.md, "The facts").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from health.sources.local_times import NoLocalTime, instants_of
from health.sources.storable import (
    MAX_COUNT,
    MAX_NAME_BYTES,
    JsonText,
    NotJson,
    is_storable_count,
    json_text,
    unstorable_character,
)

_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


class BadValue(ValueError):
    """A value that a column cannot hold. The message continues after the column's name: `must be ...`."""


def instant_of(value: object, zone: ZoneInfo | None = None) -> datetime:
    """An RFC 3339 instant, in UTC. Digits past the microsecond are cut off. Raises BadValue.

    Without an offset it is a local time in `zone`. If that time occurred twice, the earlier instant counts: an age must
    never look smaller than it may be.
    """
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadValue('must be an RFC 3339 instant with an offset, such as "2026-11-23T09:00:00Z"')
    day, time, fraction, offset = found.groups()
    microseconds = (fraction or "")[:6].ljust(6, "0")
    if offset is None:
        return _local(f"{day} {time}", zone) + timedelta(microseconds=int(microseconds))
    try:
        local = datetime.fromisoformat(f"{day}T{time}.{microseconds}{'+00:00' if offset in 'Zz' else offset}")
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue("must be a real date and time, in the years 1 to 9999 of UTC") from None


def _local(text: str, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        raise BadValue(
            "has no offset from UTC: name the time zone of the clock that showed it, such as --timezone Asia/Kolkata"
        )
    try:
        return instants_of(text, zone)[0]
    except NoLocalTime as error:
        raise BadValue(str(error)) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("must be a string")
    if character := unstorable_character(value):
        raise BadValue(f"holds {character}, which no database keeps in a text")
    return value


def _key(value: object) -> str:
    """Text for a column in an index: its length is limited."""
    text = _text(value)
    if len(text.encode()) > MAX_NAME_BYTES:
        raise BadValue(f"must not be longer than {MAX_NAME_BYTES} bytes")
    return text


def _name(value: object) -> str:
    """A name for people and programs: one line, not empty."""
    text = _key(value)
    if not text.strip():
        raise BadValue("must not be empty")
    for character in text:
        if unicodedata.category(character) == "Cc":
            raise BadValue(f"must not hold the control character U+{ord(character):04X}")
    return text


def _count(value: object) -> int:
    if not is_storable_count(value):
        raise BadValue(f"must be a whole number from 0 to {MAX_COUNT}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def _captured(value: object) -> JsonText:
    try:
        return json_text(value)
    except NotJson as error:
        raise BadValue(f"cannot be stored: {error}") from None


_READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "external_id": _name,
    "name": _name,
    "source": _name,
    "source_ref": _name,
    "schedule": _name,
    "policy_type": _key,
    "policy_identifier": _key,
    "payload_digest": _key,
    "is_enabled": _flag,
    "item_count": _count,
    "orphaned_assignments": _count,
    "assignments": _captured,
    "payload": _captured,
}


def reader_of(column: str, zone: ZoneInfo | None = None) -> Callable[[object], object]:
    """The function that reads a column. It is the same for every kind of line.

    A column whose name ends in `_at` is an instant; a column without its own rule is text. Null is handled elsewhere.
    Instants without an offset are local times of `zone`; without a zone they are refused.
    """
    if column.endswith("_at"):
        return partial(instant_of, zone=zone)
    return _READERS.get(column, _text)
