"""Notes of the last `sync` on this machine: the entries that it refused, and the schedules that it kept.

No verdict depends on them. Without notes, as on a new runner, every entry counts as refused, and no schedule as kept.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from platformdirs import user_state_path

from tui.files import replace_file

SCHEMA: Final = "tenantpilot.sync_notes/1"

Pair = tuple[str, str]
"""A source's name and a tenant's external id."""


class Notes(NamedTuple):
    """Pairs of source and tenant: all entries, the refused ones, those with a schedule."""

    entries: frozenset[Pair] = frozenset()
    refused: frozenset[Pair] = frozenset()
    schedules: frozenset[Pair] = frozenset()


def notes_file(place: str) -> Path:
    """The notes file for a database. `place` identifies the database; the file's name is a hash of it."""
    name = sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return user_state_path("tenantpilot", appauthor=False) / "sync" / f"{name}.json"


def read_notes(file: Path) -> Notes | None:
    """The notes; None if there are none or the file is not valid."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return None
        return Notes(*(frozenset((str(one), str(two)) for one, two in document[name]) for name in Notes._fields))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_notes(file: Path, notes: Notes) -> None:
    """Write the notes, readable only by the owner. If that fails, the next sync has no notes."""
    document = {"schema": SCHEMA} | {name: sorted(pairs) for name, pairs in notes._asdict().items()}
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(file, json.dumps(document))
