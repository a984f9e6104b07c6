"""Create, upgrade and inspect a database's schema (`tenantpilot db`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from health.instants import EARLIEST
from health.store.opening.errors import SchemaProblem, StoreConflict
from health.store.opening.nodes import misplaced
from health.store.opening.reading import looking
from health.store.opening.revision import SchemaState, schema_state
from health.store.opening.statements import Statements, sqlite_text
from health.store.opening.urls import DatabaseAddress
from health.store.reading import distributed_statements, history_statements, statements
from health.store.reading.snapshot import Snapshot
from health.store.writing.tables import metadata
from health.store.writing.transactions import statements_of, transaction, writing

_LOCK: Final = int.from_bytes(b"tenants", "big")
"""The number of the advisory lock: any number that no other program uses."""


def initialise(address: DatabaseAddress) -> bool:
    """Create the tables in an empty database, and the SQLite file with its folder. False: they exist already.

    Raises SchemaProblem for an older or newer schema and for another program's tables, and StoreError.
    """
    from health.store.migrations.upgrade import upgrade_schema

    if address.file is not None:
        address.file.parent.mkdir(parents=True, exist_ok=True)
        if not address.file.exists():
            address.file.touch(mode=0o600)
    with transaction(address, create=True) as connection:
        _wait_for_others(connection)
        match schema_state(statements_of(connection), address.label):
            case SchemaState.ABSENT:
                upgrade_schema(connection)
                return True
            case SchemaState.CURRENT:
                return False
            case SchemaState.OLDER:
                raise SchemaProblem(f"{address.label} has an older schema already: run 'tenantpilot db upgrade'.")
            case SchemaState.NEWER:
                raise SchemaProblem(f"{address.label} has a newer schema already: install a newer TenantPilot.")
            case SchemaState.UNKNOWN:
                raise SchemaProblem(f"{address.label} has an unknown schema version already: name an empty database.")
            case SchemaState.FOREIGN:
                raise SchemaProblem(f"{address.label} holds another program's tables: name an empty database.")


def upgrade(address: DatabaseAddress, progress: Callable[[int, int], None] | None = None) -> SchemaState:
    """Upgrade an older schema. Returns the state that was found. Raises SchemaProblem and StoreError.

    `progress` is called with the done part of a long version and the whole.
    """
    from health.store.migrations.upgrade import upgrade_schema

    with transaction(address, keys=False) as connection:
        _wait_for_others(connection)
        found = schema_state(statements_of(connection), address.label)
        if found is SchemaState.OLDER:
            upgrade_schema(connection, progress)
        elif found is SchemaState.ABSENT:
            raise SchemaProblem(f"{address.label} has no tables yet: run 'tenantpilot db init'.")
        elif found is SchemaState.NEWER:
            raise SchemaProblem(f"{address.label} has a newer schema already: install a newer TenantPilot.")
        elif found is SchemaState.UNKNOWN:
            raise SchemaProblem(f"{address.label} has an unknown schema version: nothing was changed.")
        elif found is SchemaState.FOREIGN:
            raise SchemaProblem(f"{address.label} holds another program's tables: nothing was changed.")
        return found


def _wait_for_others(connection: Connection) -> None:
    """Wait for another `db init` or `db upgrade` of this database; the lock lasts until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def take_statistics(address: DatabaseAddress) -> None:
    """Give the planner statistics of the tables. Raises SchemaProblem and StoreError, and StoreConflict if the role may
    not: PostgreSQL itself only warns and goes on.
    """
    with writing(address) as connection:
        warnings: list[str] = []
        if connection.dialect.name == "postgresql":
            connection.connection.driver_connection.add_notice_handler(  # type: ignore[union-attr]
                lambda notice: warnings.append(notice.message_primary or "")
            )
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"ANALYZE {table.name}")
        if warnings:
            raise StoreConflict(f"{address.label} takes no statistics from this role ({warnings[0]}): ask the owner.")


class SchemaFound(NamedTuple):
    """The state of the schema, and in PostgreSQL the schema's name."""

    state: SchemaState
    schema: str | None
    misplaced: Sequence[str] | None = None
    """On Citus the tables that are not placed right, each as a clause; None if no table is on the nodes."""


def look(address: DatabaseAddress) -> SchemaFound:
    """The database's schema. Raises StoreError if it cannot be opened, or if reading fails."""
    with looking(address) as found_there:
        state = schema_state(found_there, address.label)
        wrong = misplaced(found_there) if state is SchemaState.CURRENT and found_there.distributed else None
        if state is SchemaState.CURRENT and not wrong:
            _try_reading(found_there)
        of_postgresql = found_there.dialect == "postgresql"
        schema = found_there.rows("SELECT current_schema()")[0][0] if of_postgresql else None
        return SchemaFound(state, schema, wrong)


def _try_reading(connection: Statements) -> None:
    """Run every reading statement once: the fleet's, and the screens' with a tenant that does not exist."""
    Snapshot(connection).facts()
    dialect = connection.dialect
    parameters = {
        "tenant_id": 0, "most": 1, "happened_at": sqlite_text(EARLIEST), "set_id": 0, "item_id": 0,
        "begin": EARLIEST, "end": EARLIEST,
    }  # fmt: skip
    first_sets = history_statements.first_sets(dialect, narrowed=False)
    if connection.distributed:
        first_sets = distributed_statements.first_sets(narrowed=False)
    for statement in (
        statements.sets_page(dialect, after_a_key=False),
        statements.sets_page(dialect, after_a_key=True),
        first_sets,
        history_statements.sets_of_a_period(dialect, narrowed=False),
        statements.one_set(dialect),
        statements.items_of(dialect),
        statements.CAPTURED_JSON,
        statements.all_schedules(dialect),
    ):
        connection.rows(statement, parameters)
