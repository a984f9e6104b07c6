"""The budgets of large imports: a long git history, and a million lines of facts."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import IO, Final

import psycopg

from bench.budgets import Result, ratio
from bench.start_up import PRODUCT
from bench.terminal import environment
from health.store.opening.urls import parse_database_url

_COMMITS: Final = 400
_POLICIES: Final = 500
_CHANGED: Final = _POLICIES // 100
_ITEMS: Final = _COMMITS * _POLICIES
_TYPES: Final = ("Settings Catalog", "Device Configurations", "Compliance Policies/Policies", "Conditional Access")
_SETTINGS: Final = 12
_FACT_TENANTS: Final = 100
_FACT_SETS: Final = 100
_FACT_ITEMS: Final = 100
_FIRST: Final = datetime(2025, 1, 1, 2, tzinfo=UTC)
_USED_BY_A_CHILD: Final = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def history(engine: str, url: str) -> Iterator[Result]:
    """Import a git history into a database without tenants. CPU time, because a commit of each set waits for the disk.

    The floor is `git cat-file --batch` of every item of every commit, read through a pipe, before and after.
    """
    with tempfile.TemporaryDirectory(prefix="tenantpilot-bench-") as folder:
        packed = _plant_history(folder)
        blobs = _blobs(folder)
        read = f"git -C {folder} cat-file --batch | cat"

        def floors() -> list[float]:
            return [_used(["sh", "-c", read], blobs)[0] for _ in range(3)]

        first, before = floors(), _size(url)
        whose = ("--tenant", "contoso", "--create-tenant", "Contoso")
        spent, megabytes = _used([PRODUCT, "import", "intunecd", folder, "--git", *whose, "--database", url], None)
        floor = median([*first, *floors()])
    where = f"{engine}, {_COMMITS} commits of {_POLICIES} policies"
    yield ratio("import of a git history, against git cat-file, CPU time", where, spent, floor, spent / floor, 3)
    yield Result("import of a git history, resident memory", where, "", "", megabytes, "MB", 300)
    at_most = (3 * packed + 450 * _ITEMS) / 1e6
    yield Result("import of a git history, the database", where, "", "", (_size(url) - before) / 1e6, "MB", at_most)


def facts(engine: str, url: str) -> Iterator[Result]:
    """Import a million lines of facts."""
    with tempfile.NamedTemporaryFile("w", prefix="tenantpilot-bench-", suffix=".jsonl") as file:
        _write_lines(file)
        _, megabytes = _used([PRODUCT, "import", "facts", file.name, "--database", url], None)
    where = f"{engine}, {_FACT_TENANTS * _FACT_SETS * _FACT_ITEMS:,} items"
    yield Result("import of facts, resident memory", where, "", "", megabytes, "MB", 250)


def _used(command: list[str], given: bytes | None) -> tuple[float, float]:
    """The CPU seconds of a command with all that it starts, and the most resident memory of the largest, in MB.

    A new process begins with the peak of its parent, so the parent is a small one, not the bench.
    """
    measuring = (sys.executable, "-c", _USED_BY_A_CHILD, *command)
    with tempfile.TemporaryFile() as file:
        file.write(given or b"")
        file.seek(0)
        shown = subprocess.run(measuring, check=True, stdin=file, stdout=subprocess.PIPE, env=environment())
    spent, resident = shown.stdout.split()
    return float(spent), int(resident) / 1024


def _size(url: str) -> int:
    file = parse_database_url(url).file
    if file is not None:
        return file.stat().st_size
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _plant_history(folder: str) -> int:
    """A repository in which each commit changes one policy in a hundred. Returns its packed size in bytes."""
    git = ("git", "-C", folder)
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    chance = random.Random(0)
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number in range(_COMMITS):
            when = int((_FIRST + timedelta(days=number)).timestamp())
            changed = chance.sample(range(_POLICIES), _CHANGED) if number else range(_POLICIES)
            process.stdin.write(f"commit refs/heads/main\ncommitter c <c@c.example> {when} +0000\ndata 0\n".encode())
            for policy in changed:
                content = _policy(policy, number)
                process.stdin.write(f'M 100644 inline "{_path(policy)}"\ndata {len(content)}\n'.encode())
                process.stdin.write(content + b"\n")
    subprocess.run([*git, "repack", "-adq"], check=True)
    return sum(each.stat().st_size for each in Path(folder, ".git/objects/pack").glob("*.pack"))


def _blobs(folder: str) -> bytes:
    """The ids of all items in all commits, a line each."""
    commits = subprocess.check_output(["git", "-C", folder, "rev-list", "--reverse", "HEAD"], text=True).split()
    listed = (subprocess.check_output(["git", "-C", folder, "ls-tree", "-r", each]) for each in commits)
    return b"".join(line.split()[2] + b"\n" for lines in listed for line in lines.splitlines())


def _path(number: int) -> str:
    return f"{_TYPES[number % len(_TYPES)]}/Policy {number}_DeviceManagementConfigurationPolicy.json"


def _policy(number: int, version: int) -> bytes:
    """A policy of about 4 kB; every second one is assigned to a group."""
    kind = "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance"
    settings = [
        {
            "id": str(n),
            "settingInstance": {
                "@odata.type": kind,
                "settingDefinitionId": f"device_vendor_msft_policy_config_{number}_{n}",
                "choiceSettingValue": {"value": f"device_vendor_msft_policy_config_{number}_{n}_{version}"},
            },
        }
        for n in range(_SETTINGS)
    ]
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupName": "Pilot",
        "groupId": f"{number:032x}",
    }
    policy = {"name": f"Policy {number}", "platforms": "windows10", "settingCount": _SETTINGS, "settings": settings}
    return json.dumps(policy | ({"assignments": [{"target": target}]} if number % 2 else {}), indent=2).encode()


def _write_lines(file: IO[str]) -> None:
    for tenant in range(_FACT_TENANTS):
        whose = {"external_id": f"tenant-{tenant:05d}.example"}
        file.write(json.dumps({"kind": "tenant", **whose, "name": f"Tenant {tenant}"}) + "\n")
        for number in range(_FACT_SETS):
            key = {**whose, "source": "own", "source_ref": f"run-{number}"}
            ended = (_FIRST + timedelta(days=number)).isoformat()
            run = {"kind": "set", **key, "name": "nightly", "status": "completed", "completed_at": ended}
            file.write(json.dumps(run) + "\n")
            for item in range(_FACT_ITEMS):
                captured = {"policy_type": "Settings Catalog", "policy_identifier": f"policy-{item:04d}.json"}
                said = {"display_name": f"Policy {item}", "capture_mode": "full", "payload": {"version": number // 30}}
                file.write(json.dumps({"kind": "item", **key, **captured, **said}) + "\n")
    file.flush()
