"""A database's URL: parsed once, checked, and named without its secrets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from health.store.errors import BadDatabaseUrl

_FORMS: Final = "write sqlite:///PATH or postgresql://USER@HOST/NAME"
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SQLITE: Final = frozenset({"sqlite", "sqlite+pysqlite"})
_THIS_MACHINE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})


class DatabaseAddress(NamedTuple):
    """Where a fleet is kept. `file` is there iff it is a SQLite database; `label` may be shown to anybody."""

    url: URL
    file: Path | None
    label: str


def parse_database_url(text: str) -> DatabaseAddress:
    """Parse a URL. Raises BadDatabaseUrl with one sentence that never repeats what could be a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BadDatabaseUrl(f"The database URL cannot be parsed: {_FORMS}.") from None
    if url.drivername in _SQLITE:
        return _sqlite_address(url)
    if url.drivername in _POSTGRESQL:
        return _postgresql_address(url)
    raise BadDatabaseUrl(f"The database URL names a kind of database that is not supported: {_FORMS}.")


def _sqlite_address(url: URL) -> DatabaseAddress:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise BadDatabaseUrl(
            "The SQLite URL names no file: write sqlite:///PATH, with four slashes for an absolute path."
        )
    if url.query or url.host or url.username:
        raise BadDatabaseUrl("The SQLite URL has more than a path: write sqlite:///PATH without a host or parameters.")
    file = Path(url.database).expanduser()
    return DatabaseAddress(url.set(drivername="sqlite+pysqlite"), file, file.name)


def _postgresql_address(url: URL) -> DatabaseAddress:
    url = url.set(drivername="postgresql+psycopg")
    host = _host_of(url)
    if (
        host not in _THIS_MACHINE
        and not host.startswith("/")
        and "sslmode" not in url.query
        and "PGSSLMODE" not in os.environ
    ):
        url = url.update_query_dict({"sslmode": "verify-full"})
        if (
            "sslrootcert" not in url.query
            and "PGSSLROOTCERT" not in os.environ
            and not _OWN_ROOTS.expanduser().exists()
        ):
            url = url.update_query_dict({"sslrootcert": "system"})
    name = url.database or url.username or "postgres"
    return DatabaseAddress(url, None, f"{name}@{host if host and not host.startswith('/') else 'localhost'}")


_OWN_ROOTS: Final = Path("~/.postgresql/root.crt")


def _host_of(url: URL) -> str:
    named = url.host or url.query.get("host") or os.environ.get("PGHOST", "")
    return named if isinstance(named, str) else named[0]
