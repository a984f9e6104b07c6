"""The items of the demo fleet: a tool's captures of the catalogue, and how degradation looks in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from health.demo.catalogue import CATALOGUE
from health.demo.rows import ItemRow
from health.quality import (
    ASSIGNMENTS_NOT_CAPTURED,
    INTEGRITY_WARNING,
    METADATA_ONLY,
    ORPHANED_ASSIGNMENTS,
    UNKNOWN_QUALITY,
)

# Objects that are not assigned to groups.
_NEVER_ASSIGNED: Final = frozenset(
    {"assignmentFilter", "roleScopeTag", "notificationMessageTemplate", "conditionalAccessPolicy"}
)
_GROUPS: Final = (
    "All corporate devices",
    "Pilot ring",
    "Broad ring",
    "Finance users",
    "Frontline",
    "Helpdesk",
    "Executives",
)


def _assigned_to(groups: Sequence[str | None]) -> str:
    """Assignments as JSON. A group that is None no longer resolves to a name: it is an orphan."""
    targets = []
    for number, group in enumerate(groups):
        target = {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget",
            "groupId": f"{number + 1:08d}-0000-4000-8000-000000000000",
        }
        targets.append({"target": target if group is None else {**target, "groupName": group}})
    return json.dumps(targets)


_ASSIGNMENTS: Final = tuple(
    _assigned_to(groups)
    for groups in (
        *((group,) for group in _GROUPS),
        ("Pilot ring", "Broad ring"),
        ("Helpdesk", "Executives", "Frontline"),
    )
)
_ORPHANED: Final = (
    (1, _assigned_to(("Pilot ring", None))),
    (2, _assigned_to((None, None))),
    (1, _assigned_to((None,))),
)
_UNKNOWN_MODES: Final = (None, "partial_settings", None, "Full")
_NOT_CAPTURED: Final = ("failed", "excluded", "failed", "throttled")
_WARNINGS: Final = (
    "25 of 153 settings",
    "the file is not valid JSON: line 41",
    "payload hash differs from the manifest",
    "",
)


class Capture(NamedTuple):
    """One object as a tool captured it: an item without its ids and instants."""

    policy_type: str
    policy_identifier: str
    display_name: str
    platform: str | None
    capture_mode: str | None
    assignments_state: str | None
    orphaned_assignments: int
    integrity_warning: str | None
    assignments: str | None
    payload: str | None


LARGEST_CONFIGURATION: Final = 150


def captures_of(rng: Random, size: int, source: str, records_assignments: bool) -> tuple[Capture, ...]:
    """A whole configuration of `size` objects (at most 150) as the tool `source` captures it, without any degradation.

    IntuneCD identifies an object by its file and writes assignments only if the object has any. The other tools have
    ids and say "unassigned". If `records_assignments` is false, no item has an assignments state.
    """
    chosen = sorted(rng.sample(range(len(CATALOGUE)), min(size, LARGEST_CONFIGURATION)))
    unassigned = None if source == "intunecd" else "unassigned"
    captures = []
    for entry in map(CATALOGUE.__getitem__, chosen):
        identifier = entry.file_name if source == "intunecd" else _guid(rng)
        state, assignments = unassigned, None
        if entry.policy_type not in _NEVER_ASSIGNED and rng.random() < 0.8:
            state, assignments = "captured", rng.choice(_ASSIGNMENTS)
        if not records_assignments:
            state, assignments = None, None
        captures.append(
            Capture(
                entry.policy_type,
                identifier,
                entry.display_name,
                entry.platform,
                "full",
                state,
                0,
                None,
                assignments,
                entry.payload,
            )
        )
    return tuple(captures)


def _guid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def flawed(captures: Sequence[Capture], families: Sequence[str], rng: Random) -> tuple[Capture, ...]:
    """The same objects, some of them (at least one, at most a fifth) in each of the item families.

    (docs/concepts.md, "Quality")
    """
    shown = [family for family in families if family in _FLAWS]
    if not shown:
        return tuple(captures)
    result, most = list(captures), max(1, len(captures) // 5)
    order = rng.sample(range(len(result)), len(result))
    for turn, family in enumerate(shown):
        # Each family has its own objects, because two flaws in one column would overwrite each other. Warnings go onto
        # objects that already have a flaw, so that some objects are in two families.
        first = 0 if family == INTEGRITY_WARNING else turn * most
        for number, place in enumerate(order[first : first + rng.randint(1, most)]):
            result[place] = _FLAWS[family](result[place], number)
    return tuple(result)


def _flaw_unknown(capture: Capture, number: int) -> Capture:
    return capture._replace(capture_mode=_UNKNOWN_MODES[number % len(_UNKNOWN_MODES)])


def _flaw_metadata(capture: Capture, number: int) -> Capture:
    return capture._replace(capture_mode="metadata_only", payload=None)


def _flaw_assignments(capture: Capture, number: int) -> Capture:
    return capture._replace(assignments_state=_NOT_CAPTURED[number % len(_NOT_CAPTURED)], assignments=None)


def _flaw_orphaned(capture: Capture, number: int) -> Capture:
    count, assignments = _ORPHANED[number % len(_ORPHANED)]
    return capture._replace(assignments_state="captured", orphaned_assignments=count, assignments=assignments)


def _flaw_integrity(capture: Capture, number: int) -> Capture:
    return capture._replace(integrity_warning=_WARNINGS[number % len(_WARNINGS)])


_FLAWS: Final = {
    UNKNOWN_QUALITY: _flaw_unknown,
    METADATA_ONLY: _flaw_metadata,
    ASSIGNMENTS_NOT_CAPTURED: _flaw_assignments,
    ORPHANED_ASSIGNMENTS: _flaw_orphaned,
    INTEGRITY_WARNING: _flaw_integrity,
}


def rows_of_items(
    captures: Sequence[Capture], tenant_id: int, set_id: int, ids: Iterator[int], with_json: bool
) -> list[ItemRow]:
    """The captures as the items of one set. `with_json` keeps the captured JSON.

    No item says when it was captured, because the three tools of the demo do not say it either.
    """
    rows = []
    for capture in captures:
        assignments, payload = (capture[8], capture[9]) if with_json else (None, None)
        rows.append(ItemRow(next(ids), tenant_id, set_id, *capture[:8], None, None, assignments, payload))
    return rows
