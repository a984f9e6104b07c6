"""How long opening, a statement and a lock may take, in seconds (docs/reading.md, "Deadlines")."""

from __future__ import annotations

from typing import Final

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 30
"""PostgreSQL cancels a reading statement after that time, and says so."""
LOCK_SECONDS: Final = 5.0
"""SQLite waits for another program's lock that long."""
