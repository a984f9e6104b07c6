"""The token after a crash. Elsewhere: a standby's (test_standby.py), foreign tables (test_one_schema.py).

Modules: health.store.reading.
"""

from __future__ import annotations

import os
import signal

import psycopg

from health.store.reading.token import CHANGES
from tests.servers import own_server
from tests.waiting import until


def test_a_server_that_recovered_from_a_crash_has_another_token() -> None:
    """Commits that did not wait for the disk may be lost, and their transaction numbers given again."""
    with own_server("fsync", "autovacuum") as server:

        def token() -> str | None:
            with psycopg.connect(server.url, autocommit=True) as connection:
                row = connection.execute(CHANGES["postgresql"].encode()).fetchone()
                return None if row is None else row[0]

        def has_another_token() -> bool:
            try:
                return token() not in (None, before)
            except psycopg.OperationalError:
                return False  # it recovers

        before, started = token(), server.execute("SELECT pg_postmaster_start_time()").fetchone()
        assert before is not None
        with psycopg.connect(server.url) as crashing:
            os.kill(crashing.info.backend_pid, signal.SIGKILL)
        until(has_another_token, "another token")
        assert server.execute("SELECT pg_postmaster_start_time()").fetchone() == started
