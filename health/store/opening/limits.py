"""How long opening, a statement and a lock may take, in seconds (docs/reading.md, "Deadlines")."""

from __future__ import annotations

from typing import Final

CONNECT_SECONDS: Final = 5
SILENT_SECONDS: Final = 30
"""How long a reading statement may wait for a lock. Then PostgreSQL cancels it with an error."""
STATEMENT_SECONDS: Final = 300
"""How long a reading statement may take, including its answer over a slow link. Then PostgreSQL cancels it."""
NODES_SECONDS: Final = 4
"""The part of a deadline that is reserved for finding out which node of a cluster is silent."""
LOCK_SECONDS: Final = 5.0
"""How long SQLite waits for another program's lock."""
