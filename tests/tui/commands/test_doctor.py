"""`tenantpilot doctor`: its page, its document, its exit code, and that it only reads (docs/doctor.md).

Modules: tui.commands.doctor, tui.commands.doctor_settings, tui.words.doctor_page, tui.settings.secrets.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.health.sources.trees import plant, policy
from tests.health.store.bare import bare
from tests.oracle.rows import Rows, ScheduleRow
from tests.tui.commands.console import AT, Console, a_fleet, add_tenant
from tests.tui.commands.recorder import Recorder

RECENTLY = NOW - DAY
SETTINGS = """
[backup_health]
freshness_window = "26h"

[sources.nightly]
kind = "intunecd"
path = "backups/*"
tenant = "{folder}"
completed_at = "newest-file"
cron = "30 2 * * *"
"""


def in_order() -> Rows:
    """One tenant with a schedule that ran, four times a day."""
    rows = a_fleet("confirmed", created_at=RECENTLY)
    ran = ScheduleRow(1, 1, cron="0 */6 * * *", created_at=LONG_AGO, last_run_at=NOW - HOUR, last_run_status="ok")
    rows.schedules.append(ran)
    return rows


def private(console: Console) -> None:
    """Make the file of a SQLite database private, as `db init` does."""
    if console.url.startswith("sqlite"):
        Path(console.url.removeprefix("sqlite:///")).chmod(0o600)


def troubles(console: Console, *words: str) -> list[str]:
    found = console.run("doctor", *AT, "--format", "json", *words)
    assert found.err == ""
    assert found.code == (1 if found.document["findings"] else 0)
    return [each["finding"] for each in found.document["findings"]]


def test_nothing_found_is_zero(any_console: Console) -> None:
    private(any_console)
    any_console.load(in_order())
    # The role of the tests owns the tables.
    left_out = ("--except", "role_could_write")
    assert troubles(any_console, *left_out) == []
    found = any_console.run("doctor", *AT, "--format", "table", *left_out)
    assert found.out == (
        "TenantPilot doctor, 2026-11-23 09:00 UTC: 1 tenant, 0 findings\n"
        "Nothing was found. It looks at how backups are watched, and says nothing of a\nrestore.\n"
    )


def test_the_document(console: Console) -> None:
    private(console)
    rows = in_order()
    add_tenant(rows, 2, "stale", created_at=RECENTLY)
    console.load(rows)
    found = console.run("doctor", *AT, "--format", "json")
    assert found.code == 1
    assert found.document == {
        "schema": "tenantpilot.doctor/1",
        "evaluated_at": "2026-11-23T09:00:00Z",
        "totals": {"tenants": 2, "findings": 1},
        "findings": [
            {
                "finding": "no_schedule",
                "names": ["stale-2"],
                "figures": {"tenants_of_the_fleet": 2, "with_a_disabled_one": 0},
                "found": "1 of 2 tenants have no enabled schedule: a run that does not happen is seen only when the"
                " backup is stale.",
                "mend": "Write cron under the source in the settings, or have 'tenantpilot record' run the backup.",
            }
        ],
    }


def test_the_page_is_for_people(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    private(console)
    console.load(a_fleet(*["confirmed"] * 7, created_at=RECENTLY))
    page = console.run("doctor", *AT, "--format", "table").out.splitlines()
    assert page[:4] == [
        "TenantPilot doctor, 2026-11-23 09:00 UTC: 7 tenants, 1",
        "finding",
        "",
        " 1. 7 of 7 tenants have no enabled schedule: a run that does",
    ]
    assert max(map(len, page)) <= 60
    assert "and 2 more" in " ".join(page)
    assert any(line.startswith("  > Write cron") for line in page)


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_the_other_forms(console: Console, form: str) -> None:
    console.load(a_fleet("confirmed"))
    found = console.run("doctor", *AT, "--format", form)
    assert found.code == 1
    assert "no_schedule" in found.out.replace("\\", "")


def test_a_role_and_a_file(any_console: Console) -> None:
    any_console.load(in_order())
    if any_console.url.startswith("postgresql"):
        assert troubles(any_console) == ["role_could_write"]
        return
    file = Path(any_console.url.removeprefix("sqlite:///"))
    file.chmod(0o640)
    assert troubles(any_console) == []
    file.chmod(0o644)
    assert troubles(any_console) == ["file_open_to_others"]


def test_it_only_reads(any_console: Console) -> None:
    any_console.load(a_fleet("absent", "stale", "degraded", "follow_up", "unreadable"))
    with bare(any_console.url) as store:
        before = store.everything()
    troubles(any_console)
    with bare(any_console.url) as store:
        assert store.everything() == before


def test_facts_that_cannot_be_read(console: Console, tmp_path: Path) -> None:
    found = console.bare("doctor", "--database", f"sqlite:///{tmp_path}/none.db")
    assert found.code == 3
    assert "db init" in found.refusal()


def test_an_empty_fleet(console: Console) -> None:
    private(console)
    assert troubles(console) == ["no_tenant"]


def test_statistics_are_taken_by_a_command(any_console: Console) -> None:
    any_console.load(in_order())
    assert any_console.run("db", "analyze").code == 0
    with bare(any_console.url) as store:
        if store.dialect == "sqlite":
            assert ("backup_sets",) in store.execute("SELECT DISTINCT tbl FROM sqlite_stat1")
        else:
            # Not `pg_stats`: on Citus that is kept with the shards.
            analysed = "SELECT 1 FROM pg_class WHERE oid = to_regclass('backup_sets') AND reltuples >= 0"
            assert store.execute(analysed)


def test_a_role_that_may_not_take_statistics(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(postgres_url, capsys)
    with bare(postgres_url) as store:
        store.execute("DROP ROLE IF EXISTS no_owner")
        store.execute("CREATE ROLE no_owner LOGIN")
        store.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO no_owner")
    address, _, rest = postgres_url.partition("@")
    found = console.bare("db", "analyze", "--database", f"{address.partition('://')[0]}://no_owner@{rest}")
    assert found.code == 1
    assert "takes no statistics from this role" in found.refusal()


class Machine:
    """A machine with settings and backups, where `sync` runs."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.settle(SETTINGS)
        recorder.env |= {"TENANTPILOT_CONFIG": str(recorder.folder / "tenantpilot.toml")}
        for tenant in ("ana", "ben"):
            plant(recorder.folder / "backups" / tenant, {"Filters/1.json": policy(f"{tenant} 1")})

    def settle(self, settings: str) -> None:
        (self.recorder.folder / "tenantpilot.toml").write_text(settings)

    def found(self) -> dict[str, list[str]]:
        """The findings about the settings, with their names."""
        done = self.recorder.tenantpilot("doctor", "--format", "json", "--except", "file_open_to_others")
        assert done.stderr == b"", done.stderr
        return {each["finding"]: each["names"] for each in json.loads(done.stdout)["findings"]}


@pytest.fixture
def machine(recorder: Recorder) -> Machine:
    return Machine(recorder)


def test_sources_before_and_after_a_sync(machine: Machine) -> None:
    assert machine.found() == {"no_tenant": [], "source_not_synced": ["nightly"]}
    machine.recorder.tenantpilot("sync")
    assert machine.found() == {}
    (machine.recorder.folder / "backups" / "carl").mkdir()
    assert machine.found() == {"source_not_synced": ["nightly"]}
    machine.recorder.tenantpilot("sync")
    assert machine.found() == {"refused_by_last_sync": ["carl"]}


def test_a_source_taken_out_and_one_that_finds_nothing(machine: Machine) -> None:
    machine.recorder.tenantpilot("sync")
    machine.settle(SETTINGS.replace("sources.nightly", "sources.other").replace("backups/*", "nowhere/*"))
    assert machine.found() == {"source_finds_nothing": ["other"], "schedule_without_source": ["nightly"]}
    machine.recorder.tenantpilot("sync", "--prune-schedules")
    assert machine.found() == {"source_finds_nothing": ["other"], "no_schedule": ["ana", "ben"]}


def test_sources_that_contradict(machine: Machine) -> None:
    machine.recorder.tenantpilot("sync")
    same = '[sources.same]\nkind = "intunecd"\npath = "backups/ana"\ntenant = "ana"\ncompleted_at = "newest-file"\n'
    machine.settle(SETTINGS + same)
    assert machine.found() == {"sources_contradict": ["ana"]}


def test_groups_known_entries_and_passwords(machine: Machine) -> None:
    machine.recorder.tenantpilot("sync")
    machine.settle(
        f'[database]\nurl = "postgresql://ana:secret@db1/fleet"\n[groups.gold]\ntenants = ["a*"]\n'
        f'[groups.iron]\ntenants = ["x*"]\n[known]\nfile = "known.toml"\n{SETTINGS}'
    )
    note = '[[known]]\ntenant = "{}"\nreason = "latest_backup_stale"\nuntil = {}\nwho = "ana"\nwhy = "x"\n'
    (machine.recorder.folder / "known.toml").write_text(
        note.format("ana", "2020-01-01T00:00:00Z") + note.format("zoe", "2099-01-01T00:00:00Z")
    )
    assert machine.found() == {
        "known_expired": ["ana"],
        "known_of_nobody": ["zoe"],
        "group_without_tenant": ["iron"],
    }
