"""Rows as they come from the driver -> facts; a value that cannot be read costs its tenant the verdict, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from health.facts import BackupItem, BackupSchedule, BackupSet, ItemTally, Tenant, UnreadableEvidence

SET_WIDTH: Final = len(BackupSet._fields)
COUNTS_FROM: Final = SET_WIDTH + 2
"""Where the counts of `fleet_statements.item_columns` begin: behind the two items that cannot be read."""
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
    """Evidence of a value that is missing, or is no instant. The message quotes it, so it is text from outside."""
    return _evidence(table, column, row, "is missing" if value is None else f"is no instant: {str(value)[:60]!r}")


def _evidence(table: str, column: str, row: int, found: str) -> UnreadableEvidence:
    return UnreadableEvidence(table, column, row, f"{table}.{column} of row {row} {found}")


def _required_text(value: Any, table: str, column: str, row: int) -> str:
    """Text that must be there, to sort and to show."""
    if value is None:
        raise UnreadableRow(unreadable(table, column, row, None))
    return as_text(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


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
        external_id, name = row[1], row[2]
        if not (type(external_id) is type(name) is str):
            _required_text(external_id, "tenants", "external_id", row[0])
            external_id = _external_id(external_id)
            name = _required_text(name, "tenants", "name", row[0])
        return _made(Tenant, (row[0], external_id, name, self.instant(row[3], "tenants", "created_at", row[0])))

    def backup_set(self, row: Sequence[Any]) -> BackupSet:
        """A set from its columns in the order of the table. Names are text; what is compared stays as it is stored."""
        if not (type(row[3]) is type(row[4]) is type(row[6]) is str):
            row = self._with_text(row)
        if (item_count := row[7]) is not None and not _is_count(item_count):
            raise UnreadableRow(_evidence("backup_sets", "item_count", row[0], _no_count(item_count)))
        started_at, completed_at, created_at, deleted_at = row[9:SET_WIDTH]
        parse = self._parse
        try:
            return _made(
                BackupSet,
                (
                    *row[:9],
                    None if started_at is None else parse(started_at),
                    None if completed_at is None else parse(completed_at),
                    parse(created_at),
                    None if deleted_at is None else parse(deleted_at),
                ),
            )
        except ValueError:
            raise UnreadableRow(self._no_instant("backup_sets", BackupSet._fields, row)) from None

    @staticmethod
    def _with_text(row: Sequence[Any]) -> Sequence[Any]:
        """The columns of a set whose names, or whose status, are no text; looked at only where there is one."""
        name, source = (_required_text(row[place], "backup_sets", BackupSet._fields[place], row[0]) for place in (3, 4))
        _required_text(row[6], "backup_sets", "status", row[0])
        return [*row[:3], name, source, *row[5:]]

    def schedule(self, row: Sequence[Any]) -> BackupSchedule:
        """A schedule from its columns in the order of the table. Its name is text; the rest stays as it is stored.

        Whether it is enabled is decided here and nowhere else: a flag that is neither of the two is no flag.
        """
        if not (type(row[2]) is type(row[5]) is str):
            _required_text(row[5], "backup_schedules", "timezone", row[0])
            row = [*row[:2], _required_text(row[2], "backup_schedules", "name", row[0]), *row[3:]]
        if row[3] not in (0, 1):
            found = "is missing" if row[3] is None else f"is no flag: {str(row[3])[:60]!r}"
            raise UnreadableRow(_evidence("backup_schedules", "is_enabled", row[0], found))
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
        """An item that is not deleted, with the evidence where a value of it cannot be read.

        The instant of its capture is shown and never judged, so one that is none counts as not recorded.
        """
        try:
            captured_at = None if row[9] is None else self._parse(row[9])
        except ValueError:
            captured_at = None
        return BackupItem(
            id=row[0],
            policy_type=shown_text(row[1]),
            policy_identifier=shown_text(row[2]),
            display_name=shown_text(row[3]),
            platform=None if row[4] is None else as_text(row[4]),
            capture_mode=row[5],
            assignments_state=row[6],
            orphaned_assignments=row[7] if _is_count(row[7]) else 0,
            integrity_warning=row[8],
            captured_at=captured_at,
            unreadable=_of_an_item(row),
        )


def _of_an_item(row: Sequence[Any]) -> UnreadableEvidence | None:
    """The first value of an item that cannot be read, in the order in which a verdict looks for them."""
    if row[10] is not None:
        return unreadable("backup_items", "deleted_at", row[0], row[10])
    if not _is_count(row[7]):
        return _evidence("backup_items", "orphaned_assignments", row[0], _no_count(row[7]))
    for place, column in enumerate(BackupItem._fields[1:4], 1):
        if row[place] is None:
            return unreadable("backup_items", column, row[0], None)
    return None


def _no_count(value: object) -> str:
    return "is missing" if value is None else f"is no count: {str(value)[:60]!r}"


def tenant_as_far_as_known(row: Sequence[Any]) -> Tenant:
    """A tenant whose row cannot be read, under names that tell it from every other one."""
    external_id = f"(tenants row {row[0]})" if row[1] is None else _external_id(row[1])
    return Tenant(row[0], external_id, external_id if row[2] is None else as_text(row[2]), None)


def _external_id(value: Any) -> str:
    """An id to show. A blob is found by no text, and must not pass for the tenant whose id is that text."""
    return value if isinstance(value, str) else f"{as_text(value)} (a blob)"


def shown_text(value: Any) -> str:
    """Text to show only: nothing, where it is missing."""
    return "" if value is None else as_text(value)


def as_text(value: Any) -> str:
    """Text to sort and to show: SQLite lets a writer store bytes in a text column."""
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "backslashreplace")


def without_unreadable_items(row: Sequence[Any]) -> None:
    """Pass unless a set has an item that cannot be read, by its columns behind those of the set. Raises UnreadableRow.

    An index has found it, which does not hold the value.
    """
    if (item := row[SET_WIDTH]) is not None:
        raise UnreadableRow(_evidence("backup_items", "deleted_at", item, "is no instant"))
    if (item := row[SET_WIDTH + 1]) is not None:
        raise UnreadableRow(_evidence("backup_items", "orphaned_assignments", item, "is no count"))


def tally(row: Sequence[Any]) -> ItemTally:
    """The counts of a set's items, behind the set's columns. Raises UnreadableRow where an item cannot be read."""
    if not row[SET_WIDTH] is row[SET_WIDTH + 1] is None:
        without_unreadable_items(row)
    return _made(ItemTally, (*row[COUNTS_FROM : COUNTS_FROM + 3], tuple(row[COUNTS_FROM + 3 :])))


def by_tenant(rows: Iterable[Any], place: int) -> dict[int, list[Any]]:
    """Rows grouped by the tenant id at a place in them, their order kept."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row[place], []).append(row)
    return grouped
