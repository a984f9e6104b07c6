"""Real backups in, verdicts out: `import intunecd` and `import facts`, twice and on both engines.

Modules: tui.commands.imports, tui.commands.report.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.trees import ALL_DEVICES, GROUP, assigned_to, plant, policy
from tests.health.store.bare import bare
from tests.tui.commands.console import Console

COMPLETED = "2026-11-23T08:00:00Z"
AT = ("--now", "2026-11-23T09:00:00Z")
WHOLE = policy("Whole", assignments=[assigned_to(ALL_DEVICES), assigned_to(GROUP, groupName="Pilots")])
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "intunecd"


def plant_backup(root: Path) -> Path:
    """Five items: whole, without recorded assignments, metadata only, cut off, and with a lost group."""
    return plant(
        root,
        {
            "Compliance Policies/Policies/Whole_windows10.json": WHOLE,
            "Filters/Plain.json": policy("Plain"),
            "Settings Catalog/Empty.json": policy("Empty", settingCount=4),
            "Settings Catalog/Cut.json": policy("Cut", settingCount=3, settings=[{"id": 1}]),
            "Device Configurations/Lost.yaml": "displayName: Lost\nassignments:\n- target:\n"
            "    '@odata.type': '#microsoft.graph.groupAssignmentTarget'\n",
            "backup_summary.json": {"count": 99},
            "Assignment Report/report.json": {"policies": []},
            "README.md": "not an item",
        },
    )


def imported(console: Console, path: Path, *more: str) -> str:
    found = console.run("import", "intunecd", str(path), "--tenant", "contoso", *more)
    assert found.code == 0
    assert all(": The set" in line for line in found.err.splitlines()), found.err
    return found.out


def everything(console: Console) -> dict[str, list[tuple[Any, ...]]]:
    with bare(console.url) as store:
        return store.everything()


def test_a_backup_goes_in_and_its_verdict_comes_out(any_console: Console, tmp_path: Path) -> None:
    root = plant_backup(tmp_path / "backup")
    printed = imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", COMPLETED)
    assert printed == "contoso: 1 backup set created, 0 replaced, 0 unchanged; 5 items written.\n"
    (entry,) = any_console.run("report", *AT).document["tenants"]
    basis = entry.pop("basis")
    del basis["id"]
    assert basis == {
        "name": "backup",
        "source": "intunecd",
        "status": "completed",
        "completed_at": COMPLETED,
        "age_seconds": 3600,
        "freshness": "fresh",
        "items": 5,
        "degraded_items": 3,
        "families": {"metadata_only": 1, "orphaned_assignments": 1, "integrity_warning": 1},
    }
    assert (entry["tenant"], entry["name"], entry["posture"]) == ("contoso", "Contoso", "degraded")


def test_importing_again_changes_nothing_and_a_change_replaces(any_console: Console, tmp_path: Path) -> None:
    root = plant_backup(tmp_path / "backup")
    imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", COMPLETED)
    before = everything(any_console)
    # `--create-tenant` for an existing tenant succeeds and does not rename it; another offset is the same instant.
    printed = imported(any_console, root, "--create-tenant", "Other", "--completed-at", "2026-11-23T10:00:00+02:00")
    assert printed == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written.\n"
    assert everything(any_console) == before
    (root / "Settings Catalog" / "Empty.json").unlink()
    printed = imported(any_console, root, "--completed-at", COMPLETED)
    assert printed == "contoso: 0 backup sets created, 1 replaced, 0 unchanged; 4 items written.\n"
    after = everything(any_console)
    assert [row[0] for row in after["backup_sets"]] == [row[0] for row in before["backup_sets"]]


def test_a_gone_type_makes_the_next_run_partial_until_accepted(any_console: Console, tmp_path: Path) -> None:
    root = plant_backup(tmp_path / "backup")
    imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", "2026-11-22T08:00:00Z")
    (root / "Filters" / "Plain.json").unlink()
    imported(any_console, root, "--completed-at", COMPLETED)
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert (entry["basis"]["status"], entry["basis"]["families"]["incomplete_run"]) == ("partial", 1)
    imported(any_console, root, "--completed-at", COMPLETED, "--accept-loss", "Filters")
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert entry["basis"]["status"] == "completed"


def statuses(console: Console) -> list[tuple[Any, ...]]:
    with bare(console.url) as store:
        return store.execute("SELECT source_ref, status, error FROM backup_sets ORDER BY completed_at")


def test_the_same_instant_again_forgets_no_type_that_is_not_accepted(any_console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "backup", {"Filters/a.json": policy(), "Roles/b.json": policy()})
    days = [f"2026-11-{day}T08:00:00Z" for day in (20, 21, 22)]
    imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", days[0])
    (root / "Filters" / "a.json").unlink()
    # The folder again, at an instant that is stored: the stored set says what it had.
    printed = imported(any_console, root, "--completed-at", days[0])
    assert printed == "contoso: 0 backup sets created, 1 replaced, 0 unchanged; 2 items written.\n"
    missing = "Filters: 1 of 1 items gone"
    assert statuses(any_console) == [(days[0], "partial", missing)]
    again = imported(any_console, root, "--completed-at", days[0])
    assert again == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written.\n"
    imported(any_console, root, "--completed-at", days[1])
    assert statuses(any_console)[1] == (days[1], "partial", missing)
    imported(any_console, root, "--completed-at", days[1], "--accept-loss", "Filters")
    assert statuses(any_console)[1] == (days[1], "completed", None)
    # It stays accepted, also after the same import again, and after the next one.
    again = imported(any_console, root, "--completed-at", days[1])
    assert again == "contoso: 0 backup sets created, 0 replaced, 1 unchanged; 0 items written.\n"
    imported(any_console, root, "--completed-at", days[2])
    assert statuses(any_console)[2] == (days[2], "completed", None)


def test_a_link_does_not_count_as_a_type_for_the_next_set(any_console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "backup", {"Roles/a.json": policy()})
    (root / "Linked").symlink_to(tmp_path)
    imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", "2026-11-22T08:00:00Z")
    imported(any_console, root, "--completed-at", COMPLETED)
    assert [row[1:] for row in statuses(any_console)] == [("completed", None)] * 2
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert entry["basis"]["families"] == {"unknown_quality": 1, "integrity_warning": 1}


def test_a_type_that_became_a_link_is_missing_until_it_is_accepted(any_console: Console, tmp_path: Path) -> None:
    root = plant(tmp_path / "backup", {"Roles/a.json": policy(), "Filters/b.json": policy()})
    imported(any_console, root, "--create-tenant", "Contoso", "--completed-at", "2026-11-20T08:00:00Z")
    (root / "Filters").rename(tmp_path / "elsewhere")
    (root / "Filters").symlink_to(tmp_path / "elsewhere")
    imported(any_console, root, "--completed-at", "2026-11-21T08:00:00Z")
    imported(any_console, root, "--completed-at", "2026-11-22T08:00:00Z", "--accept-loss", "Filters")
    imported(any_console, root, "--completed-at", COMPLETED)
    assert [row[1] for row in statuses(any_console)] == ["completed", "partial", "completed", "completed"]


def test_without_payload_all_but_the_captured_json_is_stored(console: Console, tmp_path: Path) -> None:
    root = plant_backup(tmp_path / "backup")
    imported(console, root, "--create-tenant", "Contoso", "--completed-at", COMPLETED, "--without-payload")
    with bare(console.url) as store:
        assert store.execute("SELECT DISTINCT payload, assignments FROM backup_items") == [(None, None)]
        assert store.execute("SELECT * FROM captured_payloads") == []
        assert store.execute("SELECT sum(orphaned_assignments) FROM backup_items") == [(1,)]


def test_the_history_of_a_repository(any_console: Console, tmp_path: Path) -> None:
    root = tmp_path / "repository"

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", root, *words], check=True, capture_output=True)

    plant(root, {"Roles/a.json": policy("A")})
    git("init", "--quiet")
    for day in ("2026-11-21", "2026-11-23"):
        plant(root, {f"Roles/{day}.json": policy(day)})
        git("add", ".")
        git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", day, "--date", f"{day}T08:00:00Z")
        # Completed at its committer date, which differs from the author date.
        git(
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "rebase",
            "--quiet",
            "--committer-date-is-author-date",
            "--root",
        )
    printed = imported(any_console, root, "--create-tenant", "Contoso", "--git")
    assert printed == "contoso: 2 backup sets created, 0 replaced, 0 unchanged; 5 items written.\n"
    before = everything(any_console)
    imported(any_console, root, "--git")
    assert everything(any_console) == before
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert (entry["basis"]["completed_at"], entry["basis"]["items"]) == (COMPLETED, 3)
    digests = (
        "SELECT backup_set_id, policy_identifier, payload_digest FROM backup_items"
        " WHERE payload_digest LIKE 'sha256:%' ORDER BY 1, 2"
    )
    with bare(any_console.url) as store:
        with_payload = store.execute(digests)
    assert len(with_payload) == 5
    # The commits are stored already. Their captured JSON is removed all the same, because it is not wanted any more.
    printed = imported(any_console, root, "--git", "--without-payload")
    assert printed == "contoso: 0 backup sets created, 2 replaced, 0 unchanged; 5 items written.\n"
    with bare(any_console.url) as store:
        assert store.execute(digests) == with_payload
        assert store.execute("SELECT DISTINCT payload, assignments FROM backup_items") == [(None, None)]
        assert store.execute("SELECT * FROM captured_payloads") == []
        assert store.execute("SELECT DISTINCT status FROM backup_sets") == [("completed",)]
    printed = imported(any_console, root, "--git", "--without-payload")
    assert printed == "contoso: 0 backup sets created, 0 replaced, 2 unchanged; 0 items written.\n"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample backups are not beside this checkout")
def test_the_samples(console: Console) -> None:
    """The number of items in each, and how many of them have assignments."""
    for run, completed_at, items, captured in (
        ("v2025.12.08.1", "2025-12-08T12:00:00Z", 42, 14),
        ("v2025.12.11.7", "2025-12-11T11:00:00Z", 39, 34),
    ):
        tenant = ("--tenant", run, "--create-tenant", run)
        found = console.run("import", "intunecd", str(SAMPLES / run), *tenant, "--completed-at", completed_at)
        assert found.out == f"{run}: 1 backup set created, 0 replaced, 0 unchanged; {items} items written.\n"
        with bare(console.url) as store:
            counted = store.execute(
                "SELECT count(*) FROM backup_items JOIN tenants ON tenants.id = tenant_id"
                " WHERE external_id = ? AND assignments_state = 'captured'",
                [run],
            )
        assert counted == [(captured,)]
    document = console.run("report", "--now", "2025-12-11T12:00:00Z").document
    assert document["totals"]["tenants"] == 2
    postures = {entry["tenant"]: entry["posture"] for entry in document["tenants"]}
    assert postures["v2025.12.08.1"] == "stale"


# Facts

FACTS: list[dict[str, Any]] = [
    {"kind": "tenant", "external_id": "contoso", "name": "Contoso", "created_at": "2026-01-01T00:00:00Z"},
    {
        "kind": "schedule",
        "external_id": "contoso",
        "name": "nightly",
        "cron": "0 8 * * *",
        "timezone": "Europe/Berlin",
        "created_at": "2026-01-01T00:00:00Z",
        "last_run_at": "2026-11-23T07:00:00Z",
        "last_run_status": "success",
    },
    {
        "kind": "set",
        "external_id": "contoso",
        "name": "nightly",
        "source": "velero",
        "source_ref": "backup-1",
        "status": "completed",
        "item_count": 2,
        "started_at": "2026-11-23T07:00:00Z",
        "completed_at": "2026-11-23T08:00:00.5Z",
        "created_at": "2026-11-23T08:00:01Z",
        "schedule": "nightly",
    },
    *(
        {
            "kind": "item",
            "external_id": "contoso",
            "source": "velero",
            "source_ref": "backup-1",
            "policy_type": "Pod",
            "policy_identifier": name,
            "display_name": name.title(),
            "capture_mode": "full",
            "assignments_state": "unassigned",
            "payload": {"name": name, "replicas": 2},
        }
        for name in ("web", "db")
    ),
]


def facts_file(folder: Path, facts: list[dict[str, Any]]) -> Path:
    file = folder / "facts.jsonl"
    file.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
    return file


def import_facts(console: Console, file: Path | str) -> str:
    found = console.run("import", "facts", str(file))
    assert (found.code, found.err) == (0, "")
    return found.out


def test_facts_go_in_and_come_out(any_console: Console, tmp_path: Path) -> None:
    printed = import_facts(any_console, facts_file(tmp_path, FACTS))
    assert printed == (
        "1 tenant and 1 schedule read; 1 backup set created, 0 replaced, 0 unchanged; 2 items written.\n"
    )
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert entry["confirmed"]
    del entry["basis"]["id"]
    assert entry["basis"] == {
        "name": "nightly",
        "source": "velero",
        "status": "completed",
        "completed_at": "2026-11-23T08:00:00.5Z",
        "age_seconds": 3599,
        "freshness": "fresh",
        "items": 2,
        "degraded_items": 0,
        "families": {},
    }
    assert entry["schedules"] == {"enabled": 1, "follow_up": []}


def test_facts_twice_change_nothing_and_changed_ones_replace(any_console: Console, tmp_path: Path) -> None:
    import_facts(any_console, facts_file(tmp_path, FACTS))
    before = everything(any_console)
    assert "0 replaced, 1 unchanged; 0 items" in import_facts(any_console, facts_file(tmp_path, FACTS[::-1]))
    assert everything(any_console) == before
    changed = [fact for fact in FACTS if fact.get("policy_identifier") != "db"]
    assert "1 replaced, 0 unchanged; 1 item written" in import_facts(any_console, facts_file(tmp_path, changed))
    (entry,) = any_console.run("report", *AT).document["tenants"]
    assert entry["basis"]["families"] == {"missing_items": 1}
    assert [row[0] for row in everything(any_console)["backup_sets"]] == [row[0] for row in before["backup_sets"]]


def test_a_running_set_becomes_completed(any_console: Console, tmp_path: Path) -> None:
    running = {**FACTS[2], "status": "running", "completed_at": None}
    import_facts(any_console, facts_file(tmp_path, [*FACTS[:2], running]))
    assert any_console.run("report", *AT).document["tenants"][0]["posture"] == "absent"
    import_facts(any_console, facts_file(tmp_path, FACTS))
    assert any_console.run("report", *AT).document["tenants"][0]["confirmed"]
    assert len(everything(any_console)["backup_sets"]) == 1


def test_facts_from_standard_input(any_console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = facts_file(tmp_path, FACTS).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert import_facts(any_console, "-").startswith("1 tenant and 1 schedule read; 1 backup set created")


def test_both_engines_report_the_same_of_the_same_facts(
    sqlite_url: str, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = facts_file(tmp_path, FACTS)
    printed = []
    for url in (sqlite_url, postgres_url):
        console = Console(url, capsys)
        import_facts(console, file)
        printed.append([console.run("report", "--format", form, *AT).out for form in ("json", "csv", "markdown")])
    assert printed[0] == printed[1]
