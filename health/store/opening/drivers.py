"""The drivers' own connections for reading, which cannot write; without SQLAlchemy, which takes too long to import.

Everything that reads opens its connections here: the engines of `engines.py`, and the process that reads ahead.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from health.store.opening.errors import DatabaseMissing

if TYPE_CHECKING:
    from health.store.opening.deadline import DeadlineConnection
    from health.store.opening.urls import DatabaseAddress

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 30
LOCK_SECONDS: Final = 5.0

# Session settings of a reading connection. Instants come as UTC text in one style, which `rows.py` parses. Joins are
# nested loops over indexes, whatever the statistics say: a hash join would scan the history of every tenant. JIT costs
# more than it saves on statements of this size.
POSTGRESQL_READING: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "datestyle": "ISO",
    "jit": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
}
_KEEPALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def open_sqlite_reading(file: Path) -> sqlite3.Connection:
    """Open a SQLite file that is there. Raises DatabaseMissing where it is not, and what the driver raises."""
    require_file(file)
    uri = f"file:{quote(str(file.resolve()))}?mode=ro"
    connection = sqlite3.connect(
        uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA query_only = ON")
    # Read-only still lets ATTACH create another file.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    return connection


def require_file(file: Path) -> None:
    """Pass iff there is a file; else raise DatabaseMissing with what to do."""
    if not file.exists():
        raise DatabaseMissing(
            f"There is no database at {file}: restore it if there was one; for a new one run 'tenantpilot db init' and"
            " 'tenantpilot import', or 'tenantpilot demo' to look around."
        )
    if not file.is_file():
        raise DatabaseMissing(f"{file} is not a file: name the database file with --database sqlite:///PATH.")


def open_postgresql_reading(address: DatabaseAddress) -> DeadlineConnection:
    """Open a connection whose transactions are one read-only snapshot each, and that waits for nothing past a deadline.

    Raises what the driver raises.
    """
    from psycopg import IsolationLevel

    from health.store.opening.deadline import DeadlineConnection

    connection = DeadlineConnection.connect(**postgresql_arguments(address, POSTGRESQL_READING))
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    read_instants_as_text(connection)
    return connection


def postgresql_arguments(address: DatabaseAddress, settings: dict[str, str]) -> dict[str, Any]:
    """What to connect with: the address, what every connection of ours has, and settings of the session.

    Ours come last, so that no URL switches the read-only session off.
    """
    given = address.libpq_parameters()
    options = " ".join([given.get("options", ""), *(f"-c {name}={value}" for name, value in settings.items())]).strip()
    own = {"application_name": "tenantpilot", "connect_timeout": CONNECT_SECONDS, "options": options}
    return {**given, **own, **_KEEPALIVE}


def read_instants_as_text(connection: Any) -> None:
    """Instants as text: `infinity`, BC and the year 20000 would raise in the driver and cost the fleet its read."""
    from psycopg.types.string import TextLoader

    connection.adapters.register_loader("timestamptz", TextLoader)
