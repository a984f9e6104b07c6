"""How long opening, a statement and a lock may take, in seconds (docs/reading.md, "Deadlines")."""

from __future__ import annotations

from typing import Final

CONNECT_SECONDS: Final = 5
SILENT_SECONDS: Final = 30
"""How long a reading statement may wait for a lock before PostgreSQL gives it up, and says so."""
STATEMENT_SECONDS: Final = 300
"""How long a whole reading statement may take, its answer over a slow link with it: PostgreSQL cancels it then."""
LOCK_SECONDS: Final = 5.0
"""SQLite waits for another program's lock that long."""
