"""What this user saw last: the state of each tenant, kept as one small file for each database.

It is only used for comparison: no verdict depends on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from health.answers import FleetAnswer
from health.posture import TenantBackupHealth
from health.report import rfc3339
from tui.files import replace_file
from tui.words.wording import State, ago, counted, state_of

SCHEMA: Final = "tenantpilot.visit/1"
NEW: Final = "new"
"""The recorded state of a tenant that did not exist at the last visit."""
_MOST_BYTES: Final = 64_000_000
_STATES: Final = frozenset(state.word for state in State)


class LastVisit(NamedTuple):
    """When this user last looked (UTC), and the word of each tenant's state then, by its external id."""

    seen_at: datetime
    states: Mapping[str, str]


class VisitUnreadable(Exception):
    """The file exists but does not hold a visit; the message is a sentence for people."""


def read_visit(file: Path) -> LastVisit | None:
    """The last visit; None if there was none. Raises VisitUnreadable."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            return _visit(json.loads(opened.read(_MOST_BYTES)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise VisitUnreadable(f"The record of your last visit cannot be read and is ignored: {file}") from None


def _visit(document: object) -> LastVisit:
    if not isinstance(document, dict) or document["schema"] != SCHEMA or not isinstance(document["states"], dict):
        raise ValueError
    seen_at = datetime.fromisoformat(document["seen_at"])
    if seen_at.tzinfo is None or not _STATES.issuperset(document["states"].values()):
        raise ValueError
    return LastVisit(seen_at, document["states"])


def write_visit(file: Path, answer: FleetAnswer) -> None:
    """Record what was seen, readable by the owner alone. Raises OSError, and the visit before is kept."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    states = {health.tenant.external_id: state_of(health).word for health in answer.verdicts}
    document = {"schema": SCHEMA, "seen_at": rfc3339(answer.now), "states": states}
    replace_file(file, json.dumps(document))


def changed_since(visit: LastVisit, verdicts: Iterable[TenantBackupHealth]) -> dict[int, str]:
    """By tenant id: the state at the visit, for each tenant whose state has changed since."""
    return {
        health.tenant.id: was
        for health in verdicts
        if (was := visit.states.get(health.tenant.external_id, NEW)) != state_of(health).word
    }


def gone_since(visit: LastVisit, verdicts: Iterable[TenantBackupHealth]) -> tuple[str, ...]:
    """The external ids of tenants seen then and not judged now: archived, deleted, or with another external id."""
    return tuple(sorted(visit.states.keys() - {health.tenant.external_id for health in verdicts}))


def since_in_words(visit: LastVisit, gone: Sequence[str], changed: int, now: datetime) -> list[str]:
    """Which tenants are gone, because the list and the counts no longer show them; and how many changed.

    The numbers come before the names: 80 columns have no room for all of it.
    """
    if not gone and not changed:
        return []
    what = f"{counted(len(gone) or changed, 'tenant')} {'gone' if gone else 'changed'}"
    what += f", {changed:,} changed" if gone and changed else ""
    when = f"since you looked, {ago(now - visit.seen_at)}"
    more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
    return [f"{what} {when}{': c lists them' if changed else ''}", *([f"gone: {gone[0]}{more}"] if gone else [])]
