"""The tables for SQLAlchemy's statements. Their keys, checks and indexes are in the migrations.

(docs/facts.md, "The facts")
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from health.store import columns
from health.store.columns import Columns, Kind
from health.store.opening.statements import sqlite_text

metadata: Final = MetaData()


class Instant(TypeDecorator[Any]):
    """An instant: bound as an aware datetime, read as the raw text that `rows.py` parses.

    It is read raw, so that one bad instant makes one tenant unreadable, and not the whole fleet.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP  # here, because SQLite can do without its import

            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | str | None, dialect: Dialect) -> datetime | str | None:
        if isinstance(value, datetime) and dialect.name == "sqlite":
            return sqlite_text(value)
        return value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return None


class JsonText(TypeDecorator[Any]):
    """Captured JSON, bound and read as text: reading a fleet never parses it."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return None


_TYPES: Final[dict[Kind, Any]] = {
    Kind.KEY: BigInteger,
    Kind.TEXT: Text,
    Kind.FLAG: Boolean,
    Kind.COUNT: Integer,
    Kind.INSTANT: Instant,
    Kind.JSON: JsonText,
}


def _table(described: Columns) -> Table:
    return Table(
        described.table,
        metadata,
        *(
            Column(each.name, _TYPES[each.kind], primary_key=each.name == "id", nullable=not each.required)
            for each in described.columns
        ),
    )


tenants: Final = _table(columns.TENANTS)
backup_schedules: Final = _table(columns.BACKUP_SCHEDULES)
backup_sets: Final = _table(columns.BACKUP_SETS)
backup_items: Final = _table(columns.BACKUP_ITEMS)
captured_payloads: Final = _table(columns.CAPTURED_PAYLOADS)
