"""The recipes of `docs/import-facts.md` for borg, Kopia, pgBackRest, barman and Proxmox Backup Server.

Each runs on JSON in the shape that the tool prints, read from the sources of borg 1.4.5, Kopia 0.23.1, pgBackRest
2.59.1, barman 3.17.0 and proxmox-backup 3.2.4. Its figures are invented.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import pytest

from tests.docs.machine import Machine, needs_jq, script_with
from tests.health.store.bare import bare

pytestmark = needs_jq


def statuses(machine: Machine) -> dict[str, tuple[str, str | None]]:
    """Every set's status and error, by its name."""
    with bare(machine.url) as database:
        rows = database.execute("SELECT name, status, error FROM backup_sets ORDER BY id")
    return {name: (status, error) for name, status, error in rows}


def judged(machine: Machine) -> dict[str, tuple[str, int | None, str | None]]:
    """Every tenant's posture, and the items and the completion of its basis."""
    found = {}
    for tenant, entry in machine.report().items():
        basis = entry["basis"] or {}
        found[tenant] = (entry["posture"], basis.get("items"), basis.get("completed_at"))
    return found


def again(machine: Machine, script: str, sets: int) -> None:
    """Run it again: nothing changes."""
    assert f"0 backup sets created, 0 replaced, {sets} unchanged" in machine.run(script)


# borg


def borg_archive(name: str, start: str, end: str) -> dict[str, Any]:
    return {
        "archive": name,
        "barchive": name,
        "end": end,
        "hostname": "web-1",
        "id": name.encode().hex(),
        "name": name,
        "start": start,
        "time": start,
    }


BORG: Final = {
    "archives": [
        borg_archive("etc-2026-11-21T20:10:00", "2026-11-21T20:10:00.000000", "2026-11-21T20:14:30.000000"),
        borg_archive("etc-2026-11-22T20:10:00", "2026-11-22T20:10:00.000000", "2026-11-22T20:14:30.000000"),
        borg_archive("home_2026-11-20", "2026-11-20T20:10:00.000000", "2026-11-20T20:14:30.000000"),
    ],
    "encryption": {"mode": "repokey-blake2"},
    "repository": {"id": "0cbe6166", "last_modified": "2026-11-22T20:14:31.000000", "location": "/srv/borg"},
}
FAKE_BORG: Final = f"""#!{sys.executable}
import json, os, sys
listed = json.load(open("borg.json"))
newest = listed["archives"][1]
if sys.argv[1:] == ["create", "--json", "::etc-{{now}}", "/etc"]:
    print(json.dumps({{"archive": {{"name": newest["name"], "id": newest["id"]}}}}))
    sys.exit(int(os.environ["BACKUP_ENDS_WITH"]))
elif sys.argv[1:] == ["rename", "::" + newest["name"], newest["name"] + ".incomplete"]:
    newest.update(name=sys.argv[3], archive=sys.argv[3], barchive=sys.argv[3], id="ffff")
    json.dump(listed, open("borg.json", "w"))
elif sys.argv[1:] == ["list", "--json", "--format", "{{end}}{{hostname}}"] and os.environ.get("TZ") == "UTC":
    print(json.dumps(listed))
else:
    sys.exit("borg was asked for something else: " + " ".join(sys.argv))
"""


@pytest.fixture
def borg(machine: Machine) -> Machine:
    machine.prints("borg", "", BORG)
    machine.tool("borg", FAKE_BORG)
    return machine


def test_borg(borg: Machine) -> None:
    said = borg.run(script_with("borg"), BACKUP_ENDS_WITH="0")
    assert said == "2 tenants and 0 schedules read; 3 backup sets created, 0 replaced, 0 unchanged; 3 items written.\n"
    assert judged(borg) == {
        "web-1/etc": ("healthy", 1, "2026-11-22T20:14:30Z"),
        "web-1/home": ("stale", 1, "2026-11-20T20:14:30Z"),
    }
    again(borg, script_with("borg").splitlines()[-2] + script_with("borg").splitlines()[-1], 3)


@pytest.mark.parametrize("code", ["1", "107"])
def test_a_borg_archive_with_a_warning_is_partial(borg: Machine, code: str) -> None:
    borg.run(script_with("borg"), BACKUP_ENDS_WITH=code)
    basis = borg.report()["web-1/etc"]["basis"]
    assert (basis["status"], basis["families"]) == ("partial", {"incomplete_run": 1})


def test_the_local_times_of_borg_are_of_the_named_zone(borg: Machine) -> None:
    """In Delhi 29 hours must not become 23. Without a zone the time is refused, and with the right one it is stale."""
    listing = "TZ=UTC borg list --json --format '{end}{hostname}' | jq -c -f borg.jq | tenantpilot import facts"
    assert "name the time zone" in borg.run(f"{listing} - 2>&1")
    assert borg.report() == {}
    borg.run(f"{listing} --timezone Asia/Kolkata -")
    assert borg.report()["web-1/etc"]["basis"]["completed_at"] == "2026-11-22T14:44:30Z"


# Kopia


def kopia_snapshot(path: str, day: int, **more: Any) -> dict[str, Any]:
    summ = {"size": 1024, "files": 3, "symlinks": 0, "dirs": 1, "maxTime": "2026-11-01T08:00:00Z", "numFailed": 0}
    return {
        "id": f"f1e2d3c4b5a6978{day}",
        "source": {"host": "web-1", "userName": "root", "path": path},
        "description": "",
        "startTime": f"2026-11-{day}T02:10:00.123456789Z",
        "endTime": f"2026-11-{day}T02:14:30.987654321Z",
        "stats": {"totalSize": 1024, "fileCount": 3, "dirCount": 1, "ignoredErrorCount": 0, "errorCount": 0},
        "rootEntry": {
            "name": path[1:],
            "type": "d",
            "mode": "0755",
            "obj": "k0a1",
            "summ": summ | more.pop("summ", {}),
        },
        "retentionReason": ["latest-1"],
        **more,
    }


def test_kopia(machine: Machine) -> None:
    machine.prints(
        "kopia",
        "snapshot list --all --json",
        [
            kopia_snapshot("/srv", 22),
            kopia_snapshot("/srv", 23, description="before the upgrade"),
            kopia_snapshot("/etc", 22, description="whole"),
            kopia_snapshot("/etc", 23, description="going on", incomplete="checkpoint"),
            kopia_snapshot("/home", 22, description="stopped", incomplete="canceled"),
            kopia_snapshot("/home", 23, description="unread", summ={"numFailed": 2, "numIgnoredErrors": 1}),
            kopia_snapshot("/var", 23, description="too large", incomplete="limit reached"),
        ],
    )
    machine.run(script_with("kopia"))
    assert judged(machine) == {
        "root@web-1:/srv": ("healthy", 1, "2026-11-23T02:14:30.987654Z"),
        "root@web-1:/etc": ("stale", 1, "2026-11-22T02:14:30.987654Z"),
        "root@web-1:/home": ("degraded", 1, "2026-11-23T02:14:30.987654Z"),
        "root@web-1:/var": ("degraded", 1, "2026-11-23T02:14:30.987654Z"),
    }
    assert statuses(machine) == {
        "kopia": ("completed", None),
        "before the upgrade": ("completed", None),
        "whole": ("completed", None),
        "going on": ("running", "incomplete: checkpoint"),
        "stopped": ("cancelled", "incomplete: canceled"),
        "unread": ("partial", "3 entries not read"),
        "too large": ("partial", "incomplete: limit reached"),
    }
    again(machine, script_with("kopia"), 7)


# pgBackRest


def pgbackrest_backup(label: str, stop: int, **more: Any) -> dict[str, Any]:
    return {
        "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000002"},
        "backrest": {"format": 5, "version": "2.59.1"},
        "database": {"id": 1, "repo-key": 1},
        "error": False,
        "info": {"delta": 26897030, "repository": {"delta": 3159776, "size": 3159776}, "size": 26897030},
        "label": label,
        "lsn": {"start": "0/2000028", "stop": "0/2000100"},
        "prior": None,
        "reference": None,
        "timestamp": {"start": stop - 13, "stop": stop},
        "type": "full",
    } | more


def pgbackrest_stanza(name: str, code: int, *backups: dict[str, Any]) -> dict[str, Any]:
    return {
        "archive": [{"database": {"id": 1, "repo-key": 1}, "id": "16-1", "max": None, "min": None}],
        "backup": list(backups),
        "cipher": "none",
        "db": [{"id": 1, "repo-key": 1, "system-id": 6569239123849665679, "version": "16"}],
        "name": name,
        "repo": [{"cipher": "none", "key": 1, "status": {"code": code, "message": "ok"}}],
        "status": {"code": code, "lock": {"backup": {"held": False}, "restore": {"held": False}}, "message": "ok"},
    }


def test_pgbackrest(machine: Machine) -> None:
    at = 1795400000  # 2026-11-23T02:13:20Z
    before = pgbackrest_backup("20261120-021307F", at - 3 * 86_400)
    del before["error"]  # only if it is known
    stanzas = [
        pgbackrest_stanza("orders", 0, before, pgbackrest_backup("20261123-021307F", at)),
        pgbackrest_stanza("stock", 0, pgbackrest_backup("20261123-021308F", at, error=True)),
        pgbackrest_stanza("new", 2),
    ]
    machine.prints("pgbackrest", "info --output=json", stanzas)
    machine.run(script_with("pgbackrest"))
    assert judged(machine) == {
        "orders": ("healthy", 1, "2026-11-23T02:13:20Z"),
        "stock": ("degraded", 1, "2026-11-23T02:13:20Z"),
        "new": ("absent", None, None),
    }
    assert statuses(machine)["20261123-021308F"] == ("partial", "page checksum errors")
    again(machine, script_with("pgbackrest"), 3)


# barman


def barman_backup(backup_id: str, status: str, end: int | None = None, **more: Any) -> dict[str, Any]:
    backup = {"backup_id": backup_id, "backup_type": "rsync", "status": status, **more}
    if end is not None:
        backup |= {"end_time_timestamp": str(end), "end_time": "Mon Nov 23 03:13:20 2026", "size": "25.7 MiB"}
        backup |= {"size_bytes": 26897030, "wal_size": "0 B", "wal_size_bytes": 0, "retention_status": "-"}
    return backup


def test_barman(machine: Machine) -> None:
    at = 1795400000
    printed = {
        "orders": [
            barman_backup("20261123T031307", "DONE", at, backup_name="nightly"),
            barman_backup("20261122T031307", "FAILED"),
            barman_backup("20261123T091307", "STARTED"),
        ],
        "stock": [barman_backup("20261123T031308", "WAITING_FOR_WALS", at)],
        "new": [],
    }
    machine.prints("barman", "--format json list-backups all", printed)
    machine.run(script_with("barman"))
    assert judged(machine) == {
        "orders": ("healthy", 1, "2026-11-23T02:13:20Z"),
        "stock": ("degraded", 1, "2026-11-23T02:13:20Z"),
        "new": ("absent", None, None),
    }
    assert statuses(machine) == {
        "nightly": ("completed", None),
        "20261122T031307": ("failed", None),
        "20261123T091307": ("running", None),
        "20261123T031308": ("partial", "waiting for WAL files"),
    }
    again(machine, script_with("barman"), 4)


# Proxmox Backup Server


def pbs_snapshot(number: str, began: int, *files: str, **more: Any) -> dict[str, Any]:
    listed = [{"crypt-mode": "none", "filename": name, "size": 4096} for name in (*files, "index.json.blob")]
    snapshot = {"backup-id": number, "backup-time": began, "backup-type": "vm", "files": listed}
    return snapshot | {"owner": "root@pam", "protected": False, "size": 4096 * len(listed), "comment": "web"} | more


def test_proxmox_backup_server(machine: Machine) -> None:
    at = 1795400000
    disks = ("qemu-server.conf.blob", "drive-scsi0.img.fidx", "client.log.blob")
    failed = {"verification": {"state": "failed", "upid": "UPID:pbs:00000A"}}
    unfinished = pbs_snapshot("102", at, "drive-scsi0.img.fidx")
    for absent in ("size", "comment"):
        del unfinished[absent]
    unfinished["files"] = [{"filename": "drive-scsi0.img.fidx"}]
    machine.prints(
        "proxmox-backup-client",
        "snapshot list --output-format json",
        [
            pbs_snapshot("100", at - 86_400, *disks),
            pbs_snapshot("100", at, *disks, verification={"state": "ok", "upid": "UPID:pbs:00000B"}),
            pbs_snapshot("101", at, *disks, **failed),
            unfinished,
        ],
    )
    machine.run(script_with("pbs"))
    assert judged(machine) == {
        "pbs1/vm/100": ("healthy", 2, "2026-11-23T02:13:20Z"),
        "pbs1/vm/101": ("degraded", 2, "2026-11-23T02:13:20Z"),
        "pbs1/vm/102": ("absent", None, None),
    }
    again(machine, script_with("pbs"), 4)
