"""What `sync` did the last time on this machine: which entries it refused, and which schedules it kept.

No verdict comes from it. Without it, as on a fresh runner, every entry counts as refused, and no schedule as kept.
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
    """Entries by source and tenant: all that there were, those that were refused, those with a schedule."""

    entries: frozenset[Pair] = frozenset()
    refused: frozenset[Pair] = frozenset()
    schedules: frozenset[Pair] = frozenset()


def notes_file(place: str) -> Path:
    """The file for a database. `place` identifies it; the file's name does not reveal it."""
    name = sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return user_state_path("tenantpilot", appauthor=False) / "sync" / f"{name}.json"


def read_notes(file: Path) -> Notes | None:
    """What was noted; None where nothing was, or what is there are no notes."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return None
        return Notes(*(frozenset((str(one), str(two)) for one, two in document[name]) for name in Notes._fields))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_notes(file: Path, notes: Notes) -> None:
    """Note it, readable by the owner alone. Where it cannot be written, the next run has no notes."""
    document = {"schema": SCHEMA} | {name: sorted(pairs) for name, pairs in notes._asdict().items()}
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(file, json.dumps(document))
