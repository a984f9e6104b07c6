"""The four tables as the statements see them. Their keys, checks and indexes are in the migrations.

(docs/facts.md, "The facts")
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata: Final = MetaData()


def sqlite_text(instant: datetime) -> str:
    """The canonical text of an instant in SQLite: UTC, microseconds, in an order that is time order."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")


class Instant(TypeDecorator[Any]):
    """An instant: bound as an aware datetime, read as the raw text that `rows.py` parses.

    Read raw, because one value that is no instant must cost one tenant its verdict and not the fleet its read.
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
    """Captured JSON, bound and read as its text: nothing in a fleet's reading path parses it."""

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


tenants: Final = Table(
    "tenants",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("external_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
)

backup_schedules: Final = Table(
    "backup_schedules",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("cron", Text),
    Column("timezone", Text, nullable=False),
    Column("last_run_at", Instant),
    Column("last_run_status", Text),
    Column("next_run_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("enabled_at", Instant),
    Column("deleted_at", Instant),
)

backup_sets: Final = Table(
    "backup_sets",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("schedule_id", BigInteger),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_ref", Text),
    Column("status", Text, nullable=False),
    Column("item_count", Integer),
    Column("error", Text),
    Column("started_at", Instant),
    Column("completed_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
)

backup_items: Final = Table(
    "backup_items",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("backup_set_id", BigInteger, nullable=False),
    Column("policy_type", Text, nullable=False),
    Column("policy_identifier", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("platform", Text),
    Column("capture_mode", Text),
    Column("assignments_state", Text),
    Column("orphaned_assignments", Integer, nullable=False),
    Column("integrity_warning", Text),
    Column("captured_at", Instant),
    Column("deleted_at", Instant),
    Column("assignments", JsonText),
    Column("payload", JsonText),
)
