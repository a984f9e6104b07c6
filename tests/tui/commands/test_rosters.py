"""`tenant`, `schedule` and `db`: a user can start without SQL (docs/commands.md, "tenantpilot tenant").

Modules: tui.commands.tenant, tui.commands.schedule, tui.commands.db.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.store.migrations import upgrade
from health.store.opening import revision
from tests.health.making import LONG_AGO
from tests.health.store.bare import bare
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import Rows, TenantRow
from tests.tui.commands.console import AT, Console, a_fleet
from tui.commands import run


def said(console: Console, *words: str) -> str:
    """The output of a command that succeeds."""
    found = console.run(*words)
    assert (found.code, found.err) == (0, "")
    return found.out


def table(printed: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in printed.splitlines()]


# From nothing to a first report


def test_from_nothing_to_a_first_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(f"sqlite:///{tmp_path}/new/fleet.db", capsys)
    assert said(console, "db", "init") == "fleet.db: tables created.\n"
    assert said(console, "db", "init") == "fleet.db: the tables are there already.\n"
    assert said(console, "db", "status") == "fleet.db: the tables are at version tp0004.\n"
    assert said(console, "db", "upgrade") == "fleet.db: already at version tp0004.\n"
    assert said(console, "tenant", "add", "contoso", "--name", "Contoso") == "Added the tenant contoso.\n"
    printed = said(console, "schedule", "add", "nightly", "--tenant", "contoso", "--cron", "30 */12 * * *")
    assert printed == "Added the schedule nightly to the tenant contoso.\n"
    (entry,) = console.run("report").document["tenants"]
    assert (entry["tenant"], entry["name"], entry["posture"]) == ("contoso", "Contoso", "absent")
    assert entry["schedules"] == {"enabled": 1, "follow_up": []}
    assert console.run("check").code == 2
    assert console.run("check", "--ignore-newer-than", "1h").code == 3


def test_without_any_database_it_is_a_file_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert run(["report"]) == 3
    expected = tmp_path / "tenantpilot" / "fleet.db"
    assert str(expected) in capsys.readouterr().err
    assert not expected.exists()
    assert run(["db", "init"]) == 0
    assert expected.exists()
    assert run(["report"]) == 0


def test_reading_and_writing_may_go_to_different_databases(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    assert console.bare("db", "init", "--database", other).code == 0
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", console.url)
    monkeypatch.setenv("TENANTPILOT_DATABASE__WRITE_URL", other)
    assert console.bare("tenant", "add", "contoso").code == 0
    assert "contoso" not in console.bare("tenant", "list").out
    assert "contoso" in console.bare("tenant", "list", "--database", other).out
    # The command line names both.
    assert console.bare("tenant", "add", "fabrikam", "--database", console.url).code == 0
    assert "fabrikam" in console.bare("tenant", "list").out


# Tenants


def test_tenants(any_console: Console) -> None:
    assert said(any_console, "tenant", "add", "contoso") == "Added the tenant contoso.\n"
    assert said(any_console, "tenant", "add", "fabrikam", "--name", "Fabrikam") == "Added the tenant fabrikam.\n"
    assert said(any_console, "tenant", "rename", "contoso", "Contoso Ltd") == "Renamed the tenant contoso.\n"
    assert said(any_console, "tenant", "archive", "fabrikam") == "Archived the tenant fabrikam.\n"
    headings, contoso, fabrikam = table(said(any_console, "tenant", "list"))
    assert headings == ["TENANT", "NAME", "CREATED", "ARCHIVED"]
    today = f"{datetime.now(UTC):%Y-%m-%d}"  # noqa: TID251 - the command's own clock
    assert contoso[:2] == ["contoso", "Contoso Ltd"]
    assert fabrikam[:2] == ["fabrikam", "Fabrikam"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", contoso[2])
    assert contoso[2] >= today[:8]
    assert contoso[3] == "-"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fabrikam[3])
    assert [entry["tenant"] for entry in any_console.run("report").document["tenants"]] == ["contoso"]
    assert said(any_console, "tenant", "archive", "fabrikam", "--undo") == "Took back the tenant fabrikam.\n"
    assert any_console.run("report").document["totals"]["tenants"] == 2


def test_a_tenants_name_may_begin_like_an_option(console: Console) -> None:
    found = console.bare("tenant", "add", "--database", console.url, "--", "-x")
    assert (found.code, found.out) == (0, "Added the tenant -x.\n")
    assert table(said(console, "tenant", "list"))[1][:2] == ["-x", "-x"]


# Schedules


def test_schedules(any_console: Console) -> None:
    said(any_console, "tenant", "add", "contoso")
    said(any_console, "tenant", "add", "fabrikam")
    for tenant in ("contoso", "fabrikam"):
        said(
            any_console, "schedule", "add", "nightly", "--tenant", tenant, "--cron", "0 2,14 * * *",
            "--timezone", "Europe/Berlin",
        )  # fmt: skip
    said(any_console, "schedule", "add", "by hand", "--tenant", "contoso")
    printed = said(any_console, "schedule", "disable", "nightly", "--tenant", "contoso")
    assert printed == "Disabled the schedule nightly of the tenant contoso.\n"
    assert table(said(any_console, "schedule", "list")) == [
        ["TENANT", "SCHEDULE", "ENABLED", "CRON", "TIMEZONE", "LAST RUN", "STATUS"],
        ["contoso", "by hand", "yes", "-", "UTC", "-", "-"],
        ["contoso", "nightly", "no", "0 2,14 * * *", "Europe/Berlin", "-", "-"],
        ["fabrikam", "nightly", "yes", "0 2,14 * * *", "Europe/Berlin", "-", "-"],
    ]
    assert len(table(said(any_console, "schedule", "list", "--tenant", "fabrikam"))) == 2
    enabled = {
        entry["tenant"]: entry["schedules"]["enabled"] for entry in any_console.run("report").document["tenants"]
    }
    assert enabled == {"contoso": 1, "fabrikam": 1}
    printed = said(any_console, "schedule", "enable", "nightly", "--tenant", "contoso")
    assert printed == "Enabled the schedule nightly of the tenant contoso.\n"
    with bare(any_console.url) as store:
        ((since,),) = store.execute("SELECT enabled_at FROM backup_schedules WHERE tenant_id = 1 AND name = 'nightly'")
    assert since is not None


def test_a_schedule_that_ran_is_listed_with_its_last_run(any_console: Console) -> None:
    any_console.load(a_fleet("follow_up"))
    with bare(any_console.url) as store:
        store.execute("UPDATE backup_schedules SET last_run_at = created_at, last_run_status = 'failed'")
    assert table(said(any_console, "schedule", "list"))[1][-2:] == ["2026-11-23 08:59:00", "failed"]


# The database


def test_plans_that_cannot_keep_a_backup_fresh_are_reported(any_console: Console) -> None:
    said(any_console, "tenant", "add", "contoso")
    add = ("schedule", "add", "--tenant", "contoso", "--cron")
    nightly = any_console.run(*add, "0 2 * * *", "nightly")
    assert nightly.code == 0
    assert nightly.err.startswith("! Runs are planned up to 24h apart and the window is 24h: the latest backup goes st")
    assert any_console.run(*add, "0 3 1 * *", "monthly").err == nightly.err
    # With both plans together, no pause between two runs is that long.
    assert any_console.run(*add, "0 14 * * *", "daily").err == ""


def test_upgrading_an_older_schema_is_said(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "REVISIONS", ("tp0000", revision.CURRENT))
    monkeypatch.setattr(upgrade, "upgrade_schema", lambda *_: None)
    with bare(console.url) as store:
        store.execute("UPDATE alembic_version SET version_num = 'tp0000'")
    status = console.run("db", "status")
    assert status.code == 3
    assert status.out.endswith("the tables are older than version tp0004: run 'tenantpilot db upgrade'.\n")
    assert said(console, "db", "upgrade").endswith("upgraded to version tp0004.\n")


@pytest.mark.parametrize("words", [["db", "init"], ["db", "upgrade"]], ids=" ".join)
def test_another_programs_database_is_left_alone(console: Console, words: list[str]) -> None:
    with bare(console.url) as store:
        store.execute("DROP TABLE alembic_version")
    before = Path(sqlite_path(console.url)).read_bytes()
    found = console.run(*words)
    assert found.code == 3
    assert "holds another program's tables" in found.refusal()
    assert Path(sqlite_path(console.url)).read_bytes() == before


# Settings


def test_config_prints_every_setting_with_origin_and_every_path(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[backup_health]\nfreshness_window = "26h"\n')
    printed = table(said(console, "config", "--config", str(file)))
    settings = {row[0]: row[1:] for row in printed if len(row) == 3}
    assert settings["backup_health.freshness_window"] == ["26h", f"file {file}"]
    assert settings["backup_health.schedule_grace"] == ["60m", "default"]
    assert settings["database.url"][1] == "command line"
    assert settings["database.url"][0].endswith(sqlite_path(console.url))
    assert settings["ui.refresh"] == ["30s", "default"]
    # As it is written in the file, so that a line of this can be copied there.
    assert settings["ui.mouse"] == ["false", "default"]
    paths = {row[0]: row[1] for row in printed if len(row) == 2}
    assert paths["settings file"] == str(file)
    assert paths["default database"].endswith("tenantpilot/fleet.db")
    assert paths["log"].endswith("tenantpilot.log")


def test_config_reads_no_database(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("sqlite:////nowhere/at/all.db", capsys)
    assert console.run("config").code == 0
    assert console.bare("config").code == 0


IDS = ["a  b", " a", "a ", "a\u00a0b", "x" * 190, "Ａ"]


def test_lists_and_exports_have_the_exact_external_id(console: Console) -> None:
    tenants = [TenantRow(number, each, f"{each}, named", LONG_AGO) for number, each in enumerate(IDS, start=1)]
    load(console.url, Rows(tenants, [], [], []))
    rows = list(csv.DictReader(io.StringIO(console.run("report", "--format", "csv", *AT).out)))
    assert {row["tenant"] for row in rows} == set(IDS)
    assert {row["name"] for row in rows} == {f"{each}, named" for each in IDS}
    listed = console.run("tenant", "list").out
    assert all(f"\n{each} " in listed and f"  {each}, named " in listed for each in IDS)


@pytest.mark.parametrize(
    ("there", "added", "alike"),
    [
        ("Contoso", "contoso", True),
        ("contoso", "contoso ", True),
        ("contoso", "ｃｏｎｔｏｓｏ", True),
        ("straße", "STRASSE", True),
        ("contoso", "c0ntoso", False),
        ("con toso", "contoso", False),
    ],
)
def test_a_tenant_whose_id_looks_like_anothers_is_added_and_said(
    there: str, added: str, alike: bool, any_console: Console
) -> None:
    assert any_console.run("tenant", "add", there).err == ""
    done = any_console.run("tenant", "add", added)
    words = (
        f"tenantpilot: The tenants {added!r} and {there!r} look alike, but are two tenants: check that you want both.\n"
    )
    assert (done.code, done.err) == (0, words if alike else "")
