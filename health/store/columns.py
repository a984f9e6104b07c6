"""The columns of the tables, each described once: statements, loading and parsing are made from this.

The fields of the facts are columns: their names, their order, and the types that say how to read them. This module adds
a table's other columns. Keys, checks and indexes are in the migrations, which are frozen.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import cached_property
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from health.facts import BackupItem, BackupSchedule, BackupSet, Tenant


class Kind(Enum):
    """How a column is stored and read."""

    KEY = "key"
    TEXT = "text"
    FLAG = "flag"
    COUNT = "count"
    INSTANT = "instant"
    JSON = "json"


class Column:
    """One column. `required` means NOT NULL."""

    def __init__(self, name: str, kind: Kind, *, required: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.required = required


class Columns:
    """The columns of one table, in the order in which statements select them."""

    def __init__(self, table: str, *columns: Column) -> None:
        self.table = table
        self.columns = columns

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def selected(self) -> str:
        """The column list of a SELECT in this order."""
        return ", ".join(f"{self.table}.{name}" for name in self.names)

    def place(self, name: str) -> int:
        """The position of a column in a row, from 0."""
        return self.names.index(name)

    def places(self, kind: Kind, *, required: bool | None = None) -> tuple[int, ...]:
        """The positions of the columns of a kind; with `required`, only of those that are (or are not) required."""
        return tuple(
            place
            for place, column in enumerate(self.columns)
            if column.kind is kind and required in (None, column.required)
        )


def _of_facts(facts: type, *without: str) -> tuple[Column, ...]:
    """The columns of the fields of `facts`, except the fields `without`."""
    hints = get_type_hints(facts)
    return tuple(_column(name, hint) for name, hint in hints.items() if name not in without)


def _column(name: str, hint: Any) -> Column:
    types = get_args(hint) or (hint,)
    (kept,) = (each for each in types if each is not NoneType)
    if kept is int:
        kind = Kind.KEY if name == "id" or name.endswith("_id") else Kind.COUNT
    else:
        kind = {str: Kind.TEXT, bool: Kind.FLAG, datetime: Kind.INSTANT}[kept]
    return Column(name, kind, required=NoneType not in types)


TENANTS: Final = Columns(
    "tenants",
    # A fact has None if the instant could not be read; in the table it is NOT NULL.
    *_of_facts(Tenant, "created_at"),
    Column("created_at", Kind.INSTANT, required=True),
    Column("archived_at", Kind.INSTANT),
)
BACKUP_SCHEDULES: Final = Columns("backup_schedules", *_of_facts(BackupSchedule))
BACKUP_SETS: Final = Columns("backup_sets", *_of_facts(BackupSet))
ITEMS_READ: Final = Columns("backup_items", *_of_facts(BackupItem, "unreadable"), Column("deleted_at", Kind.INSTANT))
"""The columns that are read of every item of a set: all but its content."""
BACKUP_ITEMS: Final = Columns(
    "backup_items",
    Column("id", Kind.KEY, required=True),
    Column("tenant_id", Kind.KEY, required=True),
    Column("backup_set_id", Kind.KEY, required=True),
    *ITEMS_READ.columns[1:],
    Column("assignments", Kind.JSON),
    Column("payload", Kind.JSON),
)
CAPTURED_PAYLOADS: Final = Columns(
    "captured_payloads",
    Column("tenant_id", Kind.KEY, required=True),
    Column("digest", Kind.TEXT, required=True),
    Column("payload", Kind.JSON, required=True),
)
