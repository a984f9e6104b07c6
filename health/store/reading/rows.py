"""Rows from the driver -> facts. A value that cannot be read makes only its tenant unreadable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from sys import intern
from typing import Any, Final

from health.facts import BackupItem, BackupSchedule, BackupSet, ItemTally, Tenant, UnreadableEvidence
from health.store.columns import BACKUP_SCHEDULES, BACKUP_SETS, ITEMS_READ, TENANTS, Columns, Kind

SET_WIDTH: Final = len(BACKUP_SETS.names)
COUNTS_FROM: Final = SET_WIDTH + 2
"""The position of the first count in `fleet_statements.item_columns`: after the two unreadable items."""
# Like `_make`, but without counting the fields: a fleet has tens of thousands of rows.
_made: Final = tuple.__new__
_from_text: Final = datetime.fromisoformat
_CANONICAL_LENGTH: Final = len("2026-01-01 00:00:00.000000")
_NOT_AN_INSTANT: Final = "is not an instant"
_NOT_A_COUNT: Final = "is not a count of 0 or more"


class UnreadableRow(Exception):
    """A value that the verdict needs cannot be read; carries the evidence."""

    def __init__(self, evidence: UnreadableEvidence) -> None:
        super().__init__(evidence.message)
        self.evidence = evidence


ParseInstant = Callable[[Any], datetime]


def parse_sqlite_instant(value: Any) -> datetime:
    """The canonical text -> an aware datetime in UTC. Raises ValueError for anything else."""
    if (
        isinstance(value, str)
        and len(value) == _CANONICAL_LENGTH
        and value[4:20:3] == "-- ::."
        and value[11:13] != "24"  # later Pythons read it as the next day's midnight
    ):
        return _from_text(value + "+00:00")
    raise ValueError


def parse_postgresql_instant(value: Any) -> datetime:
    """PostgreSQL's text in a UTC session -> an aware datetime in UTC. Raises ValueError for infinity and BC."""
    if not isinstance(value, str) or not value.endswith("+00"):
        raise ValueError
    return _from_text(value)


def instant_parser(dialect: str) -> ParseInstant:
    """The function that parses the instants of a dialect ("sqlite" or "postgresql")."""
    return parse_sqlite_instant if dialect == "sqlite" else parse_postgresql_instant


def unreadable(table: str, column: str, row: int, value: object) -> UnreadableEvidence:
    """Evidence for a value that is missing or not an instant. The message quotes the value: it is text from outside."""
    return _evidence(table, column, row, _wrong(value, _NOT_AN_INSTANT))


def _evidence(table: str, column: str, row: int, found: str) -> UnreadableEvidence:
    return UnreadableEvidence(table, column, row, f"{table}.{column} of row {row} {found}")


def _wrong(value: object, what: str) -> str:
    """What is wrong with a value: it is missing, or `what`."""
    return "is missing" if value is None else f"{what}: {str(value)[:60]!r}"


def _required_text(value: Any, table: str, column: str, row: int) -> str:
    """Text that must be there, to sort and to show."""
    if value is None:
        raise UnreadableRow(unreadable(table, column, row, None))
    return as_text(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


_REPEATED: Final = ("name", "source", "status", "cron", "timezone", "last_run_status")
"""Text that many rows share: one object for all takes a sixth less memory."""


class _Places:
    """The positions of the values in a row that need a check, by the columns of its table."""

    def __init__(self, columns: Columns) -> None:
        self.table = columns.table
        self.names = columns.names
        self.width = len(columns.names)
        self.texts = columns.places(Kind.TEXT, required=True)
        self.repeated = tuple(place for place in columns.places(Kind.TEXT) if columns.names[place] in _REPEATED)
        self.counts = columns.places(Kind.COUNT)
        self.flags = columns.places(Kind.FLAG)
        self.instants = columns.places(Kind.INSTANT)
        self.required = columns.places(Kind.INSTANT, required=True)


_SETS: Final = _Places(BACKUP_SETS)
_SCHEDULES: Final = _Places(BACKUP_SCHEDULES)
_COMPARED: Final = ("status", "timezone")
"""Text that must be there and is compared as stored, so that bytes never equal one of our words."""

_ARCHIVED_AT: Final = TENANTS.place("archived_at")
_CREATED_AT: Final = TENANTS.place("created_at")


class RowReader:
    """Reads the rows of one dialect. Every method raises UnreadableRow at the first value that cannot be read."""

    def __init__(self, dialect: str) -> None:
        self._parse = instant_parser(dialect)

    def instant(self, value: Any, table: str, column: str, row: int) -> datetime:
        """An instant that must be there."""
        try:
            return self._parse(value)
        except ValueError:
            raise UnreadableRow(unreadable(table, column, row, value)) from None

    def tenant(self, row: Sequence[Any]) -> Tenant:
        """A tenant that is not archived. `archived_at` has a value only if it cannot be read."""
        if row[_ARCHIVED_AT] is not None:
            raise UnreadableRow(unreadable("tenants", "archived_at", row[0], row[_ARCHIVED_AT]))
        external_id, name = row[1], row[2]
        if not (type(external_id) is type(name) is str):
            _required_text(external_id, "tenants", "external_id", row[0])
            external_id = _external_id(external_id)
            name = _required_text(name, "tenants", "name", row[0])
        created_at = self.instant(row[_CREATED_AT], "tenants", "created_at", row[0])
        return _made(Tenant, (row[0], external_id, name, created_at))

    def backup_set(self, row: Sequence[Any]) -> BackupSet:
        """A set from its columns. Names become text; values that are compared stay as stored."""
        return _made(BackupSet, self._values(row, _SETS))

    def schedule(self, row: Sequence[Any]) -> BackupSchedule:
        """A schedule from its columns. Its name is text; the rest stays as it is stored.

        Only here we decide whether it is enabled: any value other than the two is unreadable.
        """
        return _made(BackupSchedule, self._values(row, _SCHEDULES))

    def _values(self, row: Sequence[Any], places: _Places) -> list[Any]:
        """The values of a row without the columns after them. It checks texts, then flags and counts, then instants."""
        values = list(row[: places.width])
        for place in places.texts:
            if type(values[place]) is not str:
                column = places.names[place]
                text = _required_text(values[place], places.table, column, row[0])
                values[place] = values[place] if column in _COMPARED else text
        for place in places.repeated:
            if type(values[place]) is str:
                values[place] = intern(values[place])
        for place in places.flags:
            if values[place] not in (0, 1):
                found = _wrong(values[place], "is neither 0 nor 1")
                raise UnreadableRow(_evidence(places.table, places.names[place], row[0], found))
            values[place] = bool(values[place])
        for place in places.counts:
            if values[place] is not None and not _is_count(values[place]):
                found = _wrong(values[place], _NOT_A_COUNT)
                raise UnreadableRow(_evidence(places.table, places.names[place], row[0], found))
        parse = self._parse
        for place in places.instants:
            if (value := values[place]) is not None or place in places.required:
                try:
                    values[place] = parse(value)
                except ValueError:
                    raise UnreadableRow(unreadable(places.table, places.names[place], row[0], value)) from None
        return values

    def item(self, row: Sequence[Any]) -> BackupItem:
        """An item that is not deleted; with evidence if one of its values cannot be read.

        The instant of its capture is shown and never judged, so one that cannot be read counts as not recorded.
        """
        values = dict(zip(ITEMS_READ.names, row, strict=True))
        evidence = _of_an_item(values)
        del values["deleted_at"]
        try:
            captured_at = None if values["captured_at"] is None else self._parse(values["captured_at"])
        except ValueError:
            captured_at = None
        orphans = values["orphaned_assignments"]
        values |= {name: shown_text(values[name]) for name in _ITEM_NAMES}
        values |= {
            "platform": None if values["platform"] is None else as_text(values["platform"]),
            "orphaned_assignments": orphans if _is_count(orphans) else 0,
            "captured_at": captured_at,
        }
        return BackupItem(**values, unreadable=evidence)


_ITEM_NAMES: Final = tuple(ITEMS_READ.names[place] for place in ITEMS_READ.places(Kind.TEXT, required=True))


def _of_an_item(values: Mapping[str, Any]) -> UnreadableEvidence | None:
    """The first value of an item that cannot be read, in the order in which a verdict looks for them."""
    if values["deleted_at"] is not None:
        return unreadable("backup_items", "deleted_at", values["id"], values["deleted_at"])
    if not _is_count(values["orphaned_assignments"]):
        found = _wrong(values["orphaned_assignments"], _NOT_A_COUNT)
        return _evidence("backup_items", "orphaned_assignments", values["id"], found)
    for name in _ITEM_NAMES:
        if values[name] is None:
            return unreadable("backup_items", name, values["id"], None)
    return None


def tenant_as_far_as_known(row: Sequence[Any]) -> Tenant:
    """A tenant whose row cannot be read, with names that differ from those of every other tenant."""
    external_id = f"(tenants row {row[0]})" if row[1] is None else _external_id(row[1])
    return Tenant(row[0], external_id, external_id if row[2] is None else as_text(row[2]), None)


def _external_id(value: Any) -> str:
    """An id to show. A blob is marked, so that it does not look like the tenant with the same text as its id."""
    return value if isinstance(value, str) else f"{as_text(value)} (a blob)"


def shown_text(value: Any) -> str:
    """Text only to show; empty if it is missing."""
    return "" if value is None else as_text(value)


def as_text(value: Any) -> str:
    """Text to sort and to show: SQLite lets a writer store bytes in a text column."""
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "backslashreplace")


def without_unreadable_items(row: Sequence[Any]) -> None:
    """Raise UnreadableRow if a set has an item that cannot be read, by the item columns of the row.

    An index found the item. It does not have the value, so the message cannot quote it.
    """
    if (item := row[SET_WIDTH]) is not None:
        raise UnreadableRow(_evidence("backup_items", "deleted_at", item, _NOT_AN_INSTANT))
    if (item := row[SET_WIDTH + 1]) is not None:
        raise UnreadableRow(_evidence("backup_items", "orphaned_assignments", item, _NOT_A_COUNT))


def tally(row: Sequence[Any]) -> ItemTally:
    """The counts of a set's items, from the item columns of the row. Raises UnreadableRow for an unreadable item."""
    if not row[SET_WIDTH] is row[SET_WIDTH + 1] is None:
        without_unreadable_items(row)
    return _made(ItemTally, (*row[COUNTS_FROM : COUNTS_FROM + 3], tuple(row[COUNTS_FROM + 3 :])))


def by_tenant(rows: Iterable[Any], place: int) -> dict[int, list[Any]]:
    """Rows grouped by the tenant id at a position, in their order."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row[place], []).append(row)
    return grouped
