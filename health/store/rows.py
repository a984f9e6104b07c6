"""Rows as they come from the driver -> facts; a value that cannot be read costs its tenant the verdict, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from health.facts import BackupItem, BackupSchedule, BackupSet, ItemTally, Tenant, UnreadableEvidence

SET_WIDTH: Final = len(BackupSet._fields)
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
        not isinstance(value, str)
        or len(value) != _CANONICAL_LENGTH
        or not value[4] == value[7] == "-"
        or value[10] != " "
        or value[19] != "."
        or value[11:13] == "24"  # later Pythons read it as the next day's midnight
    ):
        raise ValueError
    return datetime.fromisoformat(value + "+00:00")


def parse_postgresql_instant(value: Any) -> datetime:
    """PostgreSQL's text in a UTC session -> an aware datetime in UTC. Raises ValueError for infinity and BC."""
    if not isinstance(value, str) or not value.endswith("+00"):
        raise ValueError
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


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

    def _maybe(self, value: Any, table: str, column: str, row: int) -> datetime | None:
        return None if value is None else self.instant(value, table, column, row)

    def tenant(self, row: Sequence[Any]) -> Tenant:
        """A tenant that is not archived; `archived_at`, the last column, is there only where it is no instant."""
        if row[4] is not None:
            raise UnreadableRow(unreadable("tenants", "archived_at", row[0], row[4]))
        return Tenant(row[0], as_text(row[1]), as_text(row[2]), self.instant(row[3], "tenants", "created_at", row[0]))

    def backup_set(self, row: Sequence[Any]) -> BackupSet:
        """A set from its columns in the order of the table."""
        set_id, table = row[0], "backup_sets"
        item_count = row[7]
        if item_count is not None and not isinstance(item_count, int):
            message = f"backup_sets.item_count of row {set_id} is no number"
            raise UnreadableRow(UnreadableEvidence(table, "item_count", set_id, message))
        return BackupSet._make(
            (
                *row[:9],
                self._maybe(row[9], table, "started_at", set_id),
                self._maybe(row[10], table, "completed_at", set_id),
                self.instant(row[11], table, "created_at", set_id),
                self._maybe(row[12], table, "deleted_at", set_id),
            )
        )

    def schedule(self, row: Sequence[Any]) -> BackupSchedule:
        """A schedule from its columns in the order of the table."""
        schedule_id, table = row[0], "backup_schedules"
        return BackupSchedule._make(
            (
                *row[:6],
                self._maybe(row[6], table, "last_run_at", schedule_id),
                row[7],
                self._maybe(row[8], table, "next_run_at", schedule_id),
                self.instant(row[9], table, "created_at", schedule_id),
                self._maybe(row[10], table, "enabled_at", schedule_id),
                self._maybe(row[11], table, "deleted_at", schedule_id),
            )
        )

    def item(self, row: Sequence[Any]) -> BackupItem:
        """An item; the instant of its capture is shown and never judged, so one that is none counts as not recorded."""
        try:
            captured_at = None if row[9] is None else self._parse(row[9])
        except ValueError:
            captured_at = None
        return BackupItem._make((*row[:9], captured_at))


def as_text(value: Any) -> str:
    """Text that is needed for sorting: SQLite lets a writer store bytes in a text column."""
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "backslashreplace")


def tally(counts: Sequence[int]) -> ItemTally:
    """The counts as `statements.tally_columns` lists them."""
    return ItemTally(counts[0], counts[1], counts[2], tuple(counts[3:]))


def by_tenant(rows: Iterable[Any], place: int) -> dict[int, list[Any]]:
    """Rows grouped by the tenant id at a place in them, their order kept."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row[place], []).append(row)
    return grouped
