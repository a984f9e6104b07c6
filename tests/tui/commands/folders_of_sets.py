"""Sets of a few items, written as the files of each tool: for tests that apply to every source."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from tests.health.sources.tenuvault_runs import manifest
from tests.health.sources.trees import assigned_to, plant, policy
from tests.oracle.losses import Given, Identity, Item

GROUP: Final = "#microsoft.graph.groupAssignmentTarget"
ASSIGNED: Final = [assigned_to(GROUP, groupId="g", groupName="G")]
TABLE: Final = {"TenantId": "t", "Objects": [{"Id": "g"}]}
_DSC: Final = "            Assignments = @(MSFT_Target{ groupId = 'g'; groupDisplayName = 'G' });\n"


class Tool(NamedTuple):
    """A tool: how it writes a set, and what its importer makes of an item's identity and state.

    `keeps_runs`: it writes each run into a folder of its own under one root.
    """

    name: str
    write: Callable[[Path, Given], None]
    identity: Callable[[Identity], Identity]
    options: Mapping[str, Any] = {}
    keeps_runs: bool = False

    def as_given(self, each: Given, reference: str) -> Given:
        """What the importer should read from a written set."""
        return each._replace(
            reference=reference, items={self.identity(name): item for name, item in each.items.items()}
        )


def _as_it_is(identity: Identity) -> Identity:
    return identity


def _in_a_file(identity: Identity) -> Identity:
    return identity[0], f"{identity[1]}.json"


def _intunecd(root: Path, each: Given) -> None:
    plant(root, {"/".join(_in_a_file(name)): _policy(item) for name, item in each.items.items()})


def _intunemanagement(root: Path, each: Given) -> None:
    _intunecd(plant(root, {"MigrationTable.json": TABLE}), each)


def _intunebackup(root: Path, each: Given) -> None:
    for (policy_type, name), item in each.items.items():
        plant(root, {f"{policy_type}/{name}.json": policy(name)})
        if item.state == "captured":
            plant(root, {f"{policy_type}/Assignments/{name}.json": ASSIGNED})


def _tenuvault(root: Path, each: Given) -> None:
    folder = f"backup-{each.completed_at:%Y-%m-%d-%H%M%S}"
    said = manifest(
        BackupFolder=folder,
        StartTime=f"{each.completed_at - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}",
        EndTime=f"{each.completed_at:%Y-%m-%d %H:%M:%S}",
        DurationSeconds=60,
        ItemCounts={"All": len(each.items)},
        Status={"completed": "Success", "partial": "CompletedWithWarnings", "failed": "Failed"}[each.status],
    )
    _intunecd(plant(emptied(root / folder), {"metadata.json": said}), each)


def _m365dsc(root: Path, each: Given) -> None:
    blocks = "".join(
        f"        {policy_type} '{name}'\n        {{\n            DisplayName = '{name}';\n"
        f"{_DSC if item.state == 'captured' else ''}        }}\n"
        for (policy_type, name), item in each.items.items()
    )
    text = f"Configuration M365TenantConfig\n{{\n    Node localhost\n    {{\n{blocks}    }}\n}}\n"
    plant(root, {"M365TenantConfig.ps1": text})


def _policy(item: Item) -> dict[str, object]:
    return policy("P", assignments=ASSIGNED) if item.state == "captured" else policy("P")


TOOLS: Final = (
    Tool("intunecd", _intunecd, _in_a_file),
    Tool("intunemanagement", _intunemanagement, _in_a_file),
    Tool("intunebackup", _intunebackup, _in_a_file),
    Tool("m365dsc", _m365dsc, _as_it_is),
    Tool("tenuvault", _tenuvault, _in_a_file, {"timezone": ZoneInfo("UTC")}, keeps_runs=True),
)


def emptied(root: Path) -> Path:
    """The folder, emptied."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    return root


def reference_of(tool: Tool, each: Given) -> str:
    """The source reference that the set gets."""
    if tool.keeps_runs:
        return f"backup-{each.completed_at:%Y-%m-%d-%H%M%S}"
    return each.completed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def days_before(now: datetime, days: int) -> datetime:
    """An instant in whole seconds, this many days earlier."""
    return now.replace(microsecond=0) - timedelta(days=days)
