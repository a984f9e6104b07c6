"""Rows as they come from the driver -> facts; a value that cannot be read costs its tenant the verdict, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from health.facts import BackupItem, BackupSchedule, BackupSet, ItemTally, Tenant, UnreadableEvidence

SET_WIDTH: Final = len(BackupSet._fields)
# A fleet is tens of thousands of these: what `_make` does, without counting the fields of each again.
_made: Final = tuple.__new__
_from_text: Final = datetime.fromisoformat
_CANONICAL_LENGTH: Final = len("2026-01-01 00:00:00.000000")


class UnreadableRow(Exception):
    """A value in a row that a verdict needs is none; carries the evidence."""

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
    """How the instants of a dialect ("sqlite" or "postgresql") are parsed."""
    return parse_sqlite_instant if dialect == "sqlite" else parse_postgresql_instant


def unreadable(table: str, column: str, row: int, value: object) -> UnreadableEvidence:
    """Evidence that a column of a row holds no instant. The message quotes the value, so it is text from outside."""
    found = "is missing" if value is None else f"is no instant: {str(value)[:60]!r}"
    return UnreadableEvidence(table, column, row, f"{table}.{column} of row {row} {found}")


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
        """A tenant that is not archived; `archived_at`, the last column, is there only where it is no instant."""
        if row[4] is not None:
            raise UnreadableRow(unreadable("tenants", "archived_at", row[0], row[4]))
        return Tenant(row[0], as_text(row[1]), as_text(row[2]), self.instant(row[3], "tenants", "created_at", row[0]))

    def backup_set(self, row: Sequence[Any]) -> BackupSet:
        """A set from its columns in the order of the table. Names are text; what is compared stays as it is stored."""
        if bytes in (type(row[3]), type(row[4])):
            row = [*row[:3], as_text(row[3]), as_text(row[4]), *row[5:]]
        *others, started_at, completed_at, created_at, deleted_at = row[:SET_WIDTH]
        if others[7] is not None and not isinstance(others[7], int):
            message = f"backup_sets.item_count of row {row[0]} is no number"
            raise UnreadableRow(UnreadableEvidence("backup_sets", "item_count", row[0], message))
        parse = self._parse
        try:
            return _made(
                BackupSet,
                (
                    *others,
                    None if started_at is None else parse(started_at),
                    None if completed_at is None else parse(completed_at),
                    parse(created_at),
                    None if deleted_at is None else parse(deleted_at),
                ),
            )
        except ValueError:
            raise UnreadableRow(self._no_instant("backup_sets", BackupSet._fields, row)) from None

    def schedule(self, row: Sequence[Any]) -> BackupSchedule:
        """A schedule from its columns in the order of the table. Its name is text; the rest stays as it is stored."""
        if type(row[2]) is bytes:
            row = [*row[:2], as_text(row[2]), *row[3:]]
        last_run_at, next_run_at, created_at, enabled_at, deleted_at = row[6], row[8], row[9], row[10], row[11]
        parse = self._parse
        try:
            return _made(
                BackupSchedule,
                (
                    *row[:3],
                    bool(row[3]),
                    *row[4:6],
                    None if last_run_at is None else parse(last_run_at),
                    row[7],
                    None if next_run_at is None else parse(next_run_at),
                    parse(created_at),
                    None if enabled_at is None else parse(enabled_at),
                    None if deleted_at is None else parse(deleted_at),
                ),
            )
        except ValueError:
            raise UnreadableRow(self._no_instant("backup_schedules", BackupSchedule._fields, row)) from None

    def _no_instant(self, table: str, columns: Sequence[str], row: Sequence[Any]) -> UnreadableEvidence:
        """The first value of a row that is no instant, looked for only where there is one."""
        for column, value in zip(columns, row, strict=False):
            if column == "created_at" or (column.endswith("_at") and value is not None):
                try:
                    self._parse(value)
                except ValueError:
                    return unreadable(table, column, row[0], value)
        raise AssertionError(f"every instant of row {row[0]} of {table} can be read")

    def item(self, row: Sequence[Any]) -> BackupItem:
        """An item; the instant of its capture is shown and never judged, so one that is none counts as not recorded."""
        try:
            captured_at = None if row[9] is None else self._parse(row[9])
        except ValueError:
            captured_at = None
        names = (value if value is None else as_text(value) for value in row[1:5])
        return BackupItem._make((row[0], *names, *row[5:9], captured_at))


def as_text(value: Any) -> str:
    """Text to sort and to show: SQLite lets a writer store bytes in a text column."""
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "backslashreplace")


def tally(counts: Sequence[int]) -> ItemTally:
    """The counts as `statements.tally_columns` lists them."""
    return _made(ItemTally, (*counts[:3], tuple(counts[3:])))


def by_tenant(rows: Iterable[Any], place: int) -> dict[int, list[Any]]:
    """Rows grouped by the tenant id at a place in them, their order kept."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row[place], []).append(row)
    return grouped
