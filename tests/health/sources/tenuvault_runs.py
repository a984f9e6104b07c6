"""TenuVault runs made by the tests: a folder, its manifest, its log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from health.sources.captured import CapturedSet
from health.sources.tenuvault import Run, find_runs
from tests.health.sources.reading import asked_of
from tests.health.sources.trees import plant, policy

FOLDER = "backup-2026-11-23-021000"
POLICIES: Mapping[str, object] = {
    "CompliancePolicies/Phones.json": policy("Phones"),
    "DeviceConfigurations/Wi-Fi.json": policy("Wi-Fi"),
}


def manifest(**said: object) -> dict[str, object]:
    """The manifest of a run of the desktop edition that went well."""
    return {
        "BackupDate": "2026-11-23-021000",
        "BackupFolder": FOLDER,
        "StartTime": "2026-11-23 02:10:00",
        "EndTime": "2026-11-23 02:14:30",
        "Duration": "4m 30s",
        "DurationSeconds": 270,
        "ItemCounts": {"CompliancePolicies": 1, "DeviceConfigurations": 1, "TotalPolicies": 2},
        "Status": "Success",
        "RunbookVersion": "desktop",
        "TenantId": "0b7c7b1e-1111-2222-3333-444455556666",
        "Scope": {"Excluded": []},
        "Failures": 0,
        "SkippedTypes": [],
        "FailedTypes": [],
    } | said


def plant_run(
    root: Path, folder: str = FOLDER, *, policies: Mapping[str, object] = POLICIES, log: object = None, **said: object
) -> Path:
    """Write a run under a root. Returns the run's folder."""
    files = {"metadata.json": manifest(**said), **policies}
    return plant(root / folder, files if log is None else {"backup.log": log, **files})


def runs_in(root: Path) -> list[Run]:
    """The runs under a root of the tenant `contoso`, written by a machine in Berlin."""
    return find_runs(asked_of(root, options={"timezone": ZoneInfo("Europe/Berlin")}))


def only_set(root: Path) -> CapturedSet:
    """The set of the one run under a root."""
    (run,) = runs_in(root)
    return run.read()


def said_by(captured: CapturedSet) -> tuple[str, str | None]:
    """The status of a set, and its error."""
    return captured.status, captured.error
