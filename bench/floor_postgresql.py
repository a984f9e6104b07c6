"""The floor of the fleet's facts on PostgreSQL: the same facts by hand-written SQL through the bare psycopg.

The statements are those of `floor_sqlite.py`, which both engines take as they are; one statement of the fleet is all
that PostgreSQL gets wrong without help, so the session has what its documentation recommends for short index scans.
"""

from __future__ import annotations

import psycopg

from bench.floor_sqlite import BASIS, SCHEDULES, TENANTS, FloorFacts


class Floor:
    """A held connection that reads the fleet."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, options="-c jit=off -c enable_seqscan=off -c enable_hashjoin=off")
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def read(self) -> FloorFacts:
        """The facts of the whole fleet, in one snapshot."""
        run = self._connection.execute
        facts = FloorFacts(run(TENANTS).fetchall(), run(BASIS).fetchall(), run(SCHEDULES).fetchall())
        self._connection.commit()
        return facts
