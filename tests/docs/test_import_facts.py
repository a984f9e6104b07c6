"""The worked examples of `docs/import-facts.md`, run unchanged, on JSON as restic and Velero document it."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from health.sources.fact_lines import read_fact_lines
from tests.docs.machine import PAGE, Machine, needs_jq, script_with
from tests.docs.pages import blocks
from tests.health.store.bare import bare
from tui.clock import utc_now

FAKE_RESTIC = f"""#!{sys.executable}
import json, os, sys
listed = json.load(open("snapshots.json"))
if sys.argv[1:] == ["backup", "--json", "--tag", "nightly", "/etc", "/srv"]:
    (saved,) = (each["id"] for each in listed if each["hostname"] == "web-1")
    print(json.dumps({{"message_type": "status", "percent_done": 1}}))
    print(json.dumps({{"message_type": "summary", "snapshot_id": saved}}))
    sys.exit(int(os.environ["BACKUP_ENDS_WITH"]))
elif sys.argv[1:4] == ["tag", "--add", "incomplete"]:
    for each in listed:
        if each["id"] == sys.argv[4] or (sys.argv[4] == "latest" and each is listed[-1]):
            each.update(original=each["id"], id="ffff", tags=[*each.get("tags", []), "incomplete"])
    json.dump(listed, open("snapshots.json", "w"))
elif sys.argv[1:] == ["snapshots", "--json"]:
    print(json.dumps(listed))
else:
    sys.exit("restic was asked for something else: " + " ".join(sys.argv))
"""


def test_the_lines_on_the_page_are_facts() -> None:
    _, lines = blocks(PAGE, "json")
    facts = read_fact_lines(io.StringIO(lines), "the page")
    assert (len(facts.tenants), len(facts.sets), len(facts.sets[0].items)) == (1, 1, 1)


def test_a_roster_on_the_page_is_registered_and_absent(machine: Machine) -> None:
    roster, _ = blocks(PAGE, "json")
    (machine.folder / "roster.jsonl").write_text(roster)
    assert machine.run("tenantpilot import facts roster.jsonl").startswith("2 tenants and 1 schedule read")
    assert {entry["posture"] for entry in machine.report().values()} == {"absent"}
    assert set(machine.report()) == {"contoso.example", "fabrikam.example"}


# restic

WEB = "web-1:/etc,/srv"
DB = "db-1:/home"

SNAPSHOTS: list[dict[str, Any]] = [
    {
        "time": "2026-11-21T03:10:00.123456789+01:00",
        "tree": "2da81727b6585232894cfbb8f8bdab8d1eccd3d8f7c92bc934d62e62e618ffdf",
        "paths": ["/home"],
        "hostname": "db-1",
        "username": "root",
        "id": "40dc15209b9d2f3a0f2ee4b0f0a8b1c1d8f6e0ab9f5a1b5b3e0f4e0d8a6b7c9d",
        "short_id": "40dc1520",
    },
    {
        "time": "2026-11-23T03:10:00.895208559+01:00",
        "parent": "40dc15209b9d2f3a0f2ee4b0f0a8b1c1d8f6e0ab9f5a1b5b3e0f4e0d8a6b7c9d",
        "tree": "2da81727b6585232894cfbb8f8bdab8d1eccd3d8f7c92bc934d62e62e618ffdf",
        "paths": ["/etc", "/srv"],
        "hostname": "web-1",
        "username": "root",
        "uid": 0,
        "gid": 0,
        "tags": ["nightly"],
        "program_version": "restic 0.18.0",
        "summary": {
            "backup_start": "2026-11-23T03:10:00.895208559+01:00",
            "backup_end": "2026-11-23T03:14:30.401939178+01:00",
            "files_new": 3,
            "files_changed": 1,
            "files_unmodified": 5307,
            "total_files_processed": 5311,
            "total_bytes_processed": 1753418752,
        },
        "id": "79766175a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c",
        "short_id": "79766175",
    },
]


@pytest.fixture
def restic(machine: Machine) -> Machine:
    machine.tool("restic", FAKE_RESTIC)
    return machine


def restic_script() -> str:
    return script_with("restic")


@needs_jq
def test_restic_snapshots_become_a_report(restic: Machine) -> None:
    (restic.folder / "snapshots.json").write_text(json.dumps(SNAPSHOTS))
    assert restic.run(restic_script(), BACKUP_ENDS_WITH="0") == (
        "2 tenants and 0 schedules read; 2 backup sets created, 0 replaced, 0 unchanged; 3 items written.\n"
    )
    assert "0 backup sets created, 0 replaced, 2 unchanged" in restic.run(restic_script(), BACKUP_ENDS_WITH="0")
    report = restic.report()
    assert {tenant: entry["posture"] for tenant, entry in report.items()} == {WEB: "healthy", DB: "stale"}
    assert report[WEB]["confirmed"]
    assert report[WEB]["basis"]["completed_at"] == "2026-11-23T02:14:30.401939Z"
    assert (report[WEB]["basis"]["name"], report[WEB]["basis"]["items"]) == ("nightly", 2)
    # Up to 0.16 there is only the start.
    assert report[DB]["basis"]["completed_at"] == "2026-11-21T02:10:00.123456Z"


@needs_jq
def test_an_incomplete_restic_run_is_partial_for_ever(restic: Machine) -> None:
    # The other machine's snapshot is the repository's latest one, made while ours was running.
    (restic.folder / "snapshots.json").write_text(json.dumps(SNAPSHOTS[::-1]))
    restic.run(restic_script(), BACKUP_ENDS_WITH="0")
    restic.run(restic_script(), BACKUP_ENDS_WITH="3")
    for _ in range(2):
        basis = restic.report()[WEB]["basis"]
        assert (basis["status"], basis["families"], basis["name"]) == ("partial", {"incomplete_run": 1}, "nightly")
        restic.run(restic_script().splitlines()[-1])
    with bare(restic.url) as database:
        assert len(database.rows("backup_sets")) == 2


@needs_jq
def test_a_restic_run_that_failed_changes_nothing(restic: Machine) -> None:
    (restic.folder / "snapshots.json").write_text(json.dumps(SNAPSHOTS))
    restic.run(restic_script(), BACKUP_ENDS_WITH="0")
    assert "0 backup sets created, 0 replaced, 2 unchanged" in restic.run(restic_script(), BACKUP_ENDS_WITH="1")


@needs_jq
def test_a_restic_job_that_died_does_not_hide_behind_its_neighbour(restic: Machine) -> None:
    old = SNAPSHOTS[1] | {"id": "01d", "paths": ["/srv/db"], "time": "2026-09-20T03:10:00+02:00"}
    del old["summary"]
    (restic.folder / "snapshots.json").write_text(json.dumps([old, SNAPSHOTS[1]]))
    restic.run(restic_script().splitlines()[-1])
    report = restic.report()
    assert {tenant: entry["posture"] for tenant, entry in report.items()} == {WEB: "healthy", "web-1:/srv/db": "stale"}


@needs_jq
@pytest.mark.parametrize(("code", "status"), [("0", "completed"), ("3", "partial"), ("1", "failed")])
def test_restic_behind_record(restic: Machine, code: str, status: str) -> None:
    ended = utc_now().isoformat()
    newest = SNAPSHOTS[1] | {"summary": {"backup_start": ended, "backup_end": ended}}
    (restic.folder / "snapshots.json").write_text(json.dumps([SNAPSHOTS[0], newest]))
    script, recorded = blocks("record.md", "sh")
    restic.tool("backup.sh", script)
    said = restic.run(f"{recorded.replace('./backup.sh', 'backup.sh').rstrip()} 2>&1; echo $?", BACKUP_ENDS_WITH=code)
    assert said.splitlines()[-1] == ("1" if code == "1" else "0")
    with bare(restic.url) as database:
        assert database.execute("SELECT status FROM backup_sets") == [(status,)]
        assert database.execute("SELECT name, last_run_status FROM backup_schedules") == [("nightly", status)]
        assert database.execute("SELECT external_id FROM tenants") == [(WEB,)]


# Velero


def velero_schedule(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Schedule",
        "metadata": {"name": name, "namespace": "velero", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"schedule": "0 2 * * *", "template": {"ttl": "720h0m0s"}, **spec},
        "status": {"phase": "Enabled", "lastBackup": "2026-11-23T02:00:04Z"},
    }


def velero_backup(schedule: str | None, day: int, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    labels = {"velero.io/storage-location": "default"} | ({"velero.io/schedule-name": schedule} if schedule else {})
    name = f"{schedule or 'by-hand'}-202611{day}020004"
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Backup",
        "metadata": {"name": name, "namespace": "velero", "labels": labels, "uid": f"uid-{name}"},
        "spec": {"ttl": "720h0m0s", "storageLocation": "default", **spec},
        "status": {"startTimestamp": f"2026-11-{day}T02:00:04Z", "formatVersion": "1.1.0", **status},
    }


def ended(phase: str, day: int, **more: Any) -> dict[str, Any]:
    progress = {"itemsBackedUp": 1204, "totalItems": 1204}
    return {"phase": phase, "completionTimestamp": f"2026-11-{day}T02:03:11Z", "progress": progress, **more}


VELERO = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        velero_schedule("nightly"),
        velero_schedule("shop"),
        velero_schedule("paused", paused=True),
        velero_schedule("failing"),
        velero_backup("nightly", 22, ended("Completed", 22), includedNamespaces=["*"]),
        velero_backup("nightly", 23, ended("Completed", 23, warnings=2)),
        velero_backup("shop", 23, ended("PartiallyFailed", 23, errors=5), includedNamespaces=["shop", "cart"]),
        velero_backup("failing", 22, ended("Completed", 22)),
        velero_backup("failing", 23, ended("Failed", 23, failureReason="error getting backup store")),
        velero_backup("gone", 23, ended("Completed", 23)),
        velero_backup("gone", 24, {"phase": "InProgress"}),
        velero_backup("gone", 25, ended("Deleting", 25)),
        velero_backup(None, 23, ended("Completed", 23)),
        velero_backup("new", 23, {}),
    ],
}


@needs_jq
def test_velero_backups_become_a_report(machine: Machine) -> None:
    machine.prints("kubectl", "-n velero get schedules.velero.io,backups.velero.io -o json", VELERO)
    script = script_with("velero")
    assert machine.run(script) == (
        "6 tenants and 4 schedules read; 9 backup sets created, 0 replaced, 0 unchanged; 10 items written.\n"
    )
    assert "0 backup sets created, 0 replaced, 9 unchanged" in machine.run(script)
    report = machine.report()
    assert {tenant: (entry["posture"], entry["reasons"]) for tenant, entry in report.items()} == {
        "prod-eu/nightly": ("healthy", []),
        "prod-eu/shop": ("degraded", ["latest_backup_degraded", "schedule_follow_up"]),
        "prod-eu/paused": ("absent", ["no_backup_basis"]),
        "prod-eu/failing": ("stale", ["latest_backup_stale", "schedule_follow_up"]),
        "prod-eu/gone": ("healthy", []),
        "prod-eu/new": ("absent", ["no_backup_basis"]),
    }
    assert report["prod-eu/shop"]["basis"]["families"] == {"incomplete_run": 1}
    assert report["prod-eu/shop"]["basis"]["items"] == 2
    (follow_up,) = report["prod-eu/failing"]["schedules"]["follow_up"]
    assert follow_up["conditions"] == ["last_run_unsuccessful"]
    with bare(machine.url) as database:
        rows = database.execute("SELECT name, status, error FROM backup_sets ORDER BY id")
    assert {name: (status, error) for name, status, error in rows} == {
        "nightly-20261122020004": ("completed", None),
        "nightly-20261123020004": ("completed", None),
        "shop-20261123020004": ("partial", "5 errors"),
        "failing-20261122020004": ("completed", None),
        "failing-20261123020004": ("failed", "error getting backup store"),
        "gone-20261123020004": ("completed", None),
        "gone-20261124020004": ("running", None),
        "gone-20261125020004": ("Deleting", None),
        "new-20261123020004": ("running", None),
    }
