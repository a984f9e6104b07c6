"""`tenantpilot sync`: one command imports all of `[sources.NAME]` (docs/sync.md).

Modules: tui.commands.sync, tui.commands.sync_entries, tui.commands.sync_import, tui.commands.sync_notes,
tui.commands.sync_outcome, tui.settings.sources, health.store.writing.kept_schedules.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from typing import Any

import pytest

from tests.health.sources.repositories import Repository
from tests.health.sources.trees import plant, policy
from tests.tui.commands.recorder import Recorder
from tui.clock import utc_now

FLEET = """
[sources.nightly]
kind = "intunecd"
path = "backups/*"
tenant = "{folder}.example"
name = "The {folder}"
completed_at = "newest-file"
cron = "30 2 * * *"
timezone = "Europe/Berlin"
"""


class Machine:
    """A machine with a settings file, and backups beside it."""

    def __init__(self, recorder: Recorder, settings: str = FLEET) -> None:
        self.recorder = recorder
        self.folder = recorder.folder
        self.backups = recorder.folder / "backups"
        self.settle(settings)
        recorder.env |= {"TENANTPILOT_CONFIG": str(self.folder / "tenantpilot.toml")}

    def settle(self, settings: str) -> None:
        """Write other settings."""
        (self.folder / "tenantpilot.toml").write_text(settings)

    def plant(self, *tenants: str, items: int = 1) -> None:
        """Write a small backup for each."""
        for tenant in tenants:
            for number in range(items):
                plant(self.backups / tenant, {f"Filters/{number}.json": policy(f"{tenant} {number}")})

    def sync(self, *words: str) -> tuple[int, list[str]]:
        """Run it. Returns the exit code and the lines."""
        done = self.recorder.tenantpilot("sync", *words)
        assert all(": The set" in line for line in done.stderr.decode().splitlines()), done.stderr
        return done.returncode, done.stdout.decode().splitlines()

    def document(self, *words: str) -> Any:
        """Its output for a program."""
        return json.loads("\n".join(self.sync(*words, "--format", "json")[1]))

    def refusal(self, *words: str) -> tuple[int, str]:
        """The exit code and the one sentence of a sync that does nothing."""
        done = self.recorder.tenantpilot("sync", *words)
        assert done.stdout == b""
        (line,) = done.stderr.decode().splitlines()
        return done.returncode, line.removeprefix("tenantpilot: ")

    def enabled(self) -> dict[str, set[str]]:
        """The stored `is_enabled` of the schedules with this name."""
        rows = self.recorder.rows("backup_schedules")
        return {row["name"]: {each["is_enabled"] for each in rows if each["name"] == row["name"]} for row in rows}

    def postures(self) -> dict[str, str]:
        """Every tenant's posture now."""
        report = json.loads(self.recorder.tenantpilot("report", "--format", "json").stdout)
        return {each["tenant"]: each["posture"] for each in report["tenants"]}


@pytest.fixture
def machine(recorder: Recorder) -> Machine:
    return Machine(recorder)


def test_a_folder_of_tenants_is_one_section(any_recorder: Recorder) -> None:
    machine = Machine(any_recorder)
    machine.plant("ana", "ben")
    assert machine.sync() == (0, ["nightly: 2 tenants: 2 new"])
    assert machine.sync() == (0, ["nightly: 2 tenants: 2 unchanged"])
    assert machine.postures() == {"ana.example": "healthy", "ben.example": "healthy"}
    assert [row["name"] for row in any_recorder.rows("tenants")] == ["The ana", "The ben"]
    for schedule, stored in zip(any_recorder.rows("backup_schedules"), any_recorder.sets, strict=True):
        assert (schedule["name"], schedule["cron"], schedule["timezone"]) == ("nightly", "30 2 * * *", "Europe/Berlin")
        assert schedule["last_run_status"] == "completed"
        assert stored["completed_at"] in {row["last_run_at"] for row in any_recorder.rows("backup_schedules")}


def test_the_sets_that_it_writes_are_runs_of_the_schedule(any_recorder: Recorder) -> None:
    machine = Machine(any_recorder)
    machine.plant("ana")
    machine.sync()
    (schedule,) = any_recorder.rows("backup_schedules")
    assert [stored["schedule_id"] for stored in any_recorder.sets] == [schedule["id"]]
    # The same import again, by hand or without the cron: the set stays a run of the schedule.
    newest = max(path.stat().st_mtime_ns for path in (machine.backups / "ana").rglob("*.json"))
    instant = any_recorder.sets[0]["source_ref"]
    by_hand = ("import", "intunecd", str(machine.backups / "ana"), "--tenant", "ana.example", "--completed-at", instant)
    assert any_recorder.tenantpilot(*by_hand).returncode == 0
    machine.settle(FLEET.partition("cron")[0])
    assert machine.sync()[1][0] == "nightly: 1 tenant: 1 unchanged"
    assert [stored["schedule_id"] for stored in any_recorder.sets] == [schedule["id"]]
    # A set from before the cron is not a run of the schedule.
    plant(machine.backups / "ana", {"Filters/0.json": policy("other")})
    os.utime(machine.backups / "ana" / "Filters" / "0.json", ns=(newest + 10**9, newest + 10**9))
    assert machine.sync()[1] == ["nightly: 1 tenant: 1 new"]
    machine.settle(FLEET)
    assert machine.sync()[1] == ["nightly: 1 tenant: 1 unchanged"]
    assert [stored["schedule_id"] for stored in any_recorder.sets] == [schedule["id"], None]


def test_a_refused_tenant_is_in_the_fleet_and_stops_no_other(any_recorder: Recorder) -> None:
    machine = Machine(any_recorder)
    machine.plant("ana", "several/one", "several/two")
    (machine.backups / "empty").mkdir()
    (machine.backups / "link").symlink_to("ana")
    (machine.backups / "no-policy").mkdir()
    (machine.backups / "no-policy" / "README").write_text("nothing")
    (machine.backups / ".hidden").mkdir()
    (machine.backups / "lost+found").mkdir()
    (machine.backups / "a file").touch()
    code, lines = machine.sync()
    assert (code, lines[0]) == (1, "nightly: 5 tenants: 1 new, 4 refused")
    refused = dict(line.strip().split(": refused: ") for line in lines[1:])
    assert refused == {
        "empty.example": f"{machine.backups}/empty: it has no backup file.",
        "link.example": f"{machine.backups}/link: it is a symbolic link, and may lead to another tenant's backups;"
        " write its target as a source.",
        "no-policy.example": f"{machine.backups}/no-policy: it has no backup file.",
        "several.example": f"{machine.backups}/several: it holds several backups, one and two among them, and not one:"
        " name one of those.",
    }
    assert machine.postures() == {"ana.example": "healthy"} | dict.fromkeys(refused, "absent")


def test_two_tenants_with_equal_content(machine: Machine) -> None:
    machine.plant("ana", items=10)
    machine.sync()
    shutil.copytree(machine.backups / "ana", machine.backups / "ben")
    code, (totals, refused) = machine.sync()
    assert (code, totals) == (1, "nightly: 2 tenants: 1 unchanged, 1 refused")
    assert refused.startswith("  ben.example: refused: ")
    assert "what the newest set of 'ana.example' is" in refused
    assert machine.postures() == {"ana.example": "healthy", "ben.example": "absent"}


def test_a_tenant_whose_backup_is_gone_is_stale_in_time(machine: Machine) -> None:
    machine.plant("ana")
    machine.sync()
    shutil.rmtree(machine.backups / "ana" / "Filters")
    code, lines = machine.sync()
    assert (code, lines[0]) == (1, "nightly: 1 tenant: 1 refused")
    assert machine.postures() == {"ana.example": "healthy"}
    later = (utc_now() + timedelta(days=3)).isoformat()
    report = json.loads(machine.recorder.tenantpilot("report", "--format", "json", "--now", later).stdout)
    assert [each["posture"] for each in report["tenants"]] == ["stale"]


def test_a_part_that_is_missing_behind_the_star(machine: Machine) -> None:
    machine.settle(FLEET.replace("backups/*", "backups/*/intune"))
    machine.plant("ana/intune")
    (machine.backups / "ben").mkdir()
    code, lines = machine.sync()
    missing = f"{machine.backups}/ben/intune: it cannot be read: No such file or directory."
    assert (code, lines) == (1, ["nightly: 2 tenants: 1 new, 1 refused", f"  ben.example: refused: {missing}"])
    assert machine.postures()["ben.example"] == "absent"


def test_a_gone_folder_is_said_until_it_is_archived(machine: Machine) -> None:
    machine.plant("ana", "ben")
    machine.sync()
    shutil.rmtree(machine.backups / "ben")
    gone = "its folder at the last sync is gone from backups/*; restore the folder, or archive the tenant."
    expected = (1, ["nightly: 2 tenants: 1 unchanged, 1 refused", f"  ben.example: refused: {gone}"])
    assert machine.sync() == expected
    assert machine.sync() == expected
    machine.recorder.tenantpilot("tenant", "archive", "ben.example")
    assert machine.sync() == (0, ["nightly: 1 tenant: 1 unchanged"])


def test_contradictions_are_refused_with_their_lines(machine: Machine) -> None:
    other = '[sources.other]\nkind = "intunecd"\ncompleted_at = "newest-file"\n'
    machine.settle(
        FLEET
        + f'{other}path = "backups/ana"\ntenant = "somebody else"\n'
        + other.replace("other", "third")
        + 'path = "elsewhere"\ntenant = "ben.example"\n'
        + other.replace("other", "fourth")
        + 'path = "nowhere/*"\ntenant = "{folder}"\n'
    )
    machine.plant("ana", "ben", "cleo")
    code, lines = machine.sync()
    folder, where = machine.backups, ("([sources.nightly], line 2)", "([sources.other], line 10)")
    assert code == 1
    assert lines[0] == "nightly: 3 tenants: 1 new, 2 refused"
    shared = (
        f"{folder}/ana: this folder is named for two tenants, 'ana.example' {where[0]} and 'somebody else' {where[1]};"
    )
    assert lines[1] == f"  ana.example: refused: {shared} correct one of them."
    assert lines[2] == (
        f"  ben.example: refused: two sources are of this tenant: {folder}/ben {where[0]} and"
        f" {machine.folder}/elsewhere ([sources.third], line 15); remove one of them."
    )
    file = machine.folder / "tenantpilot.toml"
    assert lines[-1] == (
        f"fourth: refused: {machine.folder}/nowhere: this folder cannot be read: No such file or directory."
        f" (file {file}, line 23)"
    )
    assert set(machine.postures()) == {"ana.example", "ben.example", "cleo.example", "somebody else"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            FLEET.replace('"newest-file"', '"newest-file"\nauthr = "x"'),
            "line 8): unknown setting for the source intunecd",
        ),
        (FLEET.replace('"newest-file"', '"newest-file"\nauthor = "x"'), "line 8): is about a repository's history"),
        (FLEET.replace('completed_at = "newest-file"', 'git = true\nrun_gap = "x"'), "sources.nightly.run_gap (file "),
        (FLEET.replace('completed_at = "newest-file"', ""), "line 2): has no completed_at; a folder does not say it"),
        (
            FLEET.replace('completed_at = "newest-file"', "git = true\ncompleted_at = 2026-01-01T00:00:00Z"),
            "either this or git",
        ),
        (FLEET.replace("{folder}.example", "one"), "line 5): must have {folder} in it"),
        (FLEET.replace("backups/*", "backups/x"), "{folder} stands for the * in path"),
        (FLEET.replace("backups/*", "backups/x*"), "line 4): only one part of it may be *"),
        (FLEET.replace("30 2 * * *", "30 2 * *"), "line 8): its cron expression does not have five fields"),
        (FLEET.replace("Europe/Berlin", "Berlin"), "its time zone is not an IANA name"),
        (FLEET.replace("intunecd", "intunecdd"), "there is no source 'intunecdd'; the nearest is intunecd"),
        (FLEET.replace("intunecd", "tenuvault"), "have their own instants; leave it out"),
        (FLEET + "accept_old_files = true\n", "unknown setting for the source intunecd"),
        ("", "The settings have no [sources.NAME]: 'tenantpilot init FOLDER' proposes them."),
    ],
)
def test_settings_with_a_mistake_write_nothing(machine: Machine, settings: str, said: str) -> None:
    machine.plant("ana")
    machine.settle(settings)
    code, sentence = machine.refusal()
    assert code == 2
    assert said in sentence
    assert machine.recorder.rows("tenants") == []


def test_by_name(machine: Machine) -> None:
    machine.settle(FLEET + FLEET.replace("nightly", "other").replace("backups", "others").replace(".example", ".other"))
    machine.plant("ana")
    plant(machine.folder / "others" / "ben", {"Filters/1.json": policy()})
    assert machine.sync("other") == (0, ["other: 1 tenant: 1 new"])
    assert set(machine.postures()) == {"ben.other"}
    assert machine.refusal("othr") == (2, "The settings have no source 'othr'; the nearest is 'other'.")


def test_dry_run_says_it_and_writes_nothing(any_recorder: Recorder) -> None:
    machine = Machine(any_recorder)
    machine.plant("ana")
    assert machine.sync("--dry-run") == (0, ["nightly: 1 tenant: 1 new", "Nothing was written: --dry-run."])
    assert [any_recorder.rows(table) for table in ("tenants", "backup_schedules", "backup_sets")] == [[], [], []]
    assert machine.sync() == (0, ["nightly: 1 tenant: 1 new"])


def test_only_failed_is_what_was_refused_last_time(machine: Machine) -> None:
    machine.plant("ana")
    (machine.backups / "ben").mkdir()
    assert machine.sync("--only-failed")[1][0] == "nightly: 2 tenants: 1 new, 1 refused"
    assert machine.sync("--only-failed")[1][0] == "nightly: 1 tenant: 1 refused"
    machine.plant("ben")
    assert machine.sync("--only-failed") == (0, ["nightly: 1 tenant: 1 new"])
    assert machine.sync("--only-failed") == (0, [])


def test_a_removed_source_is_said_and_pruned_when_asked(machine: Machine) -> None:
    machine.plant("ana", "ben")
    machine.sync()
    machine.settle(FLEET.replace("nightly", "later"))
    said = "nightly: no longer a source in the settings; 2 schedules (ana.example, ben.example)"
    assert machine.sync()[1][-1] == f"{said} still judged; --prune-schedules disables them"
    assert machine.enabled() == {"nightly": {"1"}, "later": {"1"}}
    assert machine.sync("--prune-schedules")[1][-1] == f"{said} disabled"
    assert machine.enabled() == {"nightly": {"0"}, "later": {"1"}}
    assert machine.sync() == (0, ["later: 2 tenants: 2 unchanged"])


def test_a_loss_is_said_and_noted_as_the_last_run(machine: Machine) -> None:
    machine.plant("ana", items=4)
    before = utc_now() - timedelta(hours=1)
    for file in machine.backups.rglob("*.json"):
        os.utime(file, (before.timestamp(), before.timestamp()))
    machine.sync()
    shutil.rmtree(machine.backups)
    machine.plant("ana")
    lost = "partial: Filters: 3 of 4 items gone; all types: 3 of 4 items gone"
    assert machine.sync() == (0, ["nightly: 1 tenant: 1 new", f"  ana.example: {lost}"])
    (schedule,) = machine.recorder.rows("backup_schedules")
    assert schedule["last_run_status"] == "partial"


def test_a_repository_has_its_own_options_and_no_schedule(machine: Machine) -> None:
    machine.settle(
        '[sources.git]\nkind = "intunecd"\npath = "backups/*"\ntenant = "{folder}"\ngit = true\nauthor = "nobody"\n'
    )
    machine.plant("ana")
    Repository(machine.backups / "ana").commit({})
    assert machine.sync() == (0, ["git: 1 tenant: 1 new"])
    assert machine.sync("--jobs", "4") == (0, ["git: 1 tenant: 1 unchanged"])
    assert machine.recorder.rows("backup_schedules") == []


def test_nothing_is_written_of_another_tenants_repository(machine: Machine) -> None:
    machine.settle('[sources.git]\nkind = "intunecd"\npath = "backups/*"\ntenant = "{folder}"\ngit = true\n')
    repository = Repository(machine.backups / "ana")
    for day in range(2):
        repository.commit({f"Filters/{number}.json": policy(f"{day} {number}") for number in range(12)})
    machine.sync()
    shutil.copytree(machine.backups / "ana", machine.backups / "ben")
    code, lines = machine.sync()
    assert (code, lines[0]) == (1, "git: 2 tenants: 1 unchanged, 1 refused")
    assert "--accept-same-content" in lines[1]
    assert len(machine.recorder.sets) == 2
    assert machine.postures()["ben"] == "absent"


def test_for_machines(machine: Machine) -> None:
    machine.plant("ana")
    (machine.backups / "ben").mkdir()
    document = machine.document()
    assert document["schema"] == "tenantpilot.sync/1"
    assert document["totals"] == {"tenants": 2, "new": 1, "unchanged": 0, "refused": 1}
    assert [each["outcome"] for each in document["tenants"]] == ["new", "refused"]
    assert document["tenants"][0]["sets"] == {"created": 1, "replaced": 0, "unchanged": 0, "cancelled": 0}


def test_facts_of_other_tenants_are_refused(machine: Machine) -> None:
    machine.settle('[sources.facts]\nkind = "facts"\npath = "facts.jsonl"\ntenant = "ana"\n')
    line = {"kind": "set", "tenant": "ana", "name": "n", "source": "restic", "source_ref": "1", "status": "completed"}
    line["completed_at"] = "2026-11-23T02:10:00Z"
    file = machine.folder / "facts.jsonl"
    file.write_text(json.dumps(line | {"tenant": "ben"}))
    code, lines = machine.sync()
    assert code == 1
    assert "it has other facts than sets of 'ana'" in lines[1]
    file.write_text(json.dumps(line))
    assert machine.sync() == (0, ["facts: 1 tenant: 1 new"])
    assert machine.sync() == (0, ["facts: 1 tenant: 1 unchanged"])
