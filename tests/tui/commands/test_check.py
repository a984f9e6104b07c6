"""`tenantpilot check` as a monitoring plug-in: its exit code and its one line. 2 means only an absent tenant."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.health.making import DAY, NOW, SKEW, TICK
from tests.tui.commands.console import AT, Console, a_fleet, add_tenant

STATES = ("unreadable", "absent", "stale", "degraded", "follow_up", "confirmed")


@pytest.mark.parametrize(
    ("states", "code", "word"),
    [
        (["confirmed"], 0, "OK"),
        (["confirmed", "confirmed"], 0, "OK"),
        (["confirmed", "follow_up"], 1, "WARNING"),
        (["confirmed", "degraded"], 1, "WARNING"),
        (["confirmed", "stale"], 1, "WARNING"),
        (["stale", "degraded", "follow_up"], 1, "WARNING"),
        (["confirmed", "unreadable"], 3, "UNKNOWN"),
        (["stale", "unreadable"], 3, "UNKNOWN"),
        (["confirmed", "absent"], 2, "CRITICAL"),
        (["absent", "unreadable", "stale"], 2, "CRITICAL"),
        ([], 3, "UNKNOWN"),
    ],
)
def test_exit_code(any_console: Console, states: list[str], code: int, word: str) -> None:
    any_console.load(a_fleet(*states))
    found = any_console.run("check", *AT)
    assert (found.code, found.err) == (code, "")
    assert found.out.startswith(f"TENANTPILOT {word} - ")
    assert found.out.count("\n") == 1


def test_the_line_has_counts_first_names_worst_first_and_figures(console: Console) -> None:
    console.load(a_fleet(*STATES, *["stale"] * 4))
    assert console.run("check", *AT).out == (
        "TENANTPILOT CRITICAL - 10 tenants, 1 unreadable (Unreadable 1), 1 absent (Absent 2),"
        " 5 stale (Stale 10, Stale 3, Stale 7, ...), 1 degraded (Degraded 4), 1 follow-up (Follow_Up 5), 1 confirmed"
        " | tenants=10 unreadable=1 absent=1 stale=5 degraded=1 healthy=2 confirmed=1 schedule_follow_up=1\n"
    )


def test_no_tenant_at_all_is_said(console: Console) -> None:
    found = console.run("check")
    assert found.code == 3
    assert "0 tenants, 0 confirmed, at least 1 expected | tenants=0 " in found.out


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("1", 0), ("2", 0), ("3", 3), ("1000000", 3)])
def test_fewer_tenants_than_expected(console: Console, least: str, code: int) -> None:
    console.load(a_fleet("confirmed", "confirmed"))
    found = console.run("check", *AT, "--min-tenants", least)
    assert found.code == code
    assert (f"at least {least} expected" in found.out) == (code == 3)


def test_too_few_tenants_outrank_a_warning_and_not_an_absent_one(console: Console) -> None:
    console.load(a_fleet("stale"))
    assert console.run("check", *AT, "--min-tenants", "2").code == 3
    fleet = a_fleet()
    add_tenant(fleet, 2, "absent")
    console.load(fleet)
    assert console.run("check", *AT, "--min-tenants", "9").code == 2


# Leaving out what is new


@pytest.mark.parametrize(
    ("age", "left_out"),
    [
        (DAY, False),
        (DAY - TICK, True),
        (DAY + TICK, False),
        (timedelta(0), True),
        # The writer's clock may be a little ahead. Created further in the future, a tenant would stay new for ever.
        (-SKEW, True),
        (-SKEW - TICK, False),
        (timedelta(days=-26_000), False),
    ],
)
def test_tenants_created_more_recently_are_left_out_and_counted(
    any_console: Console, age: timedelta, left_out: bool
) -> None:
    fleet = a_fleet("confirmed")
    add_tenant(fleet, 2, "absent", created_at=NOW - age)
    any_console.load(fleet)
    found = any_console.run("check", *AT, "--ignore-newer-than", "1d")
    assert found.code == (0 if left_out else 2)
    assert (", 1 newer left out" in found.out) == left_out
    assert f"tenants={1 if left_out else 2} " in found.out


@pytest.mark.parametrize("age", [TICK, timedelta(0), -TICK, -SKEW, -SKEW - TICK])
def test_newer_than_zero_leaves_out_no_tenant(console: Console, age: timedelta) -> None:
    console.load(a_fleet("absent", created_at=NOW - age))
    found = console.run("check", *AT, "--ignore-newer-than", "0")
    assert found.code == 2
    assert "left out" not in found.out


def test_a_tenant_whose_creation_cannot_be_read_is_never_left_out(any_console: Console) -> None:
    any_console.load(a_fleet("unreadable", "confirmed"))
    assert any_console.run("check", *AT, "--ignore-newer-than", "1d").code == 3


def test_a_fleet_of_new_tenants_alone_is_unknown(console: Console) -> None:
    console.load(a_fleet("confirmed", created_at=NOW))
    found = console.run("check", *AT, "--ignore-newer-than", "1h")
    assert found.code == 3
    assert "0 tenants, 0 confirmed, 1 newer left out, at least 1 expected" in found.out


def test_what_is_left_out_does_not_count_as_expected(console: Console) -> None:
    fleet = a_fleet("confirmed")
    add_tenant(fleet, 2, "confirmed", created_at=NOW)
    console.load(fleet)
    assert console.run("check", *AT, "--min-tenants", "2").code == 0
    assert console.run("check", *AT, "--min-tenants", "2", "--ignore-newer-than", "1h").code == 3


# Narrowing


def test_narrowing(any_console: Console) -> None:
    any_console.load(a_fleet("absent", "stale", "confirmed"))
    assert any_console.run("check", *AT, "--tenant", "confirmed-3").code == 0
    assert any_console.run("check", *AT, "--tenant", "confirmed-3", "--tenant", "stale-2").code == 1
    found = any_console.run("check", *AT, "--tenant", "absent-1", "--tenant", "absent-1")
    assert found.code == 2
    assert "1 tenant," in found.out


def test_an_unknown_or_archived_tenant_is_an_error(any_console: Console) -> None:
    fleet = a_fleet("confirmed")
    add_tenant(fleet, 2, "confirmed", archived_at=NOW)
    any_console.load(fleet)
    for external_id in ("nobody", "confirmed-2"):
        found = any_console.run("check", *AT, "--tenant", "confirmed-1", "--tenant", external_id)
        assert found.code == 3
        assert found.refusal() == (f"There is no tenant '{external_id}' in the fleet: see 'tenantpilot tenant list'.")


# 2 means an absent tenant and nothing else


@pytest.mark.parametrize(
    "words",
    [
        ["--bogus"],
        ["surplus"],
        ["--min-tenants", "-1"],
        ["--min-tenants", "many"],
        ["--min-tenants"],
        ["--ignore-newer-than", "soon"],
        ["--ignore-newer-than", "-1d"],
        ["--ignore-newer-than", "99999d"],
        ["--now", "2026-11-23T09:00:00"],
        ["--now", "yesterday"],
        ["--config", "/nowhere/tenantpilot.toml"],
        ["--database", "mysql://db1/fleet"],
        ["--database", "nonsense"],
        ["--database", "postgresql://triage:secret@db1/fleet"],
        ["--database", "sqlite:////nowhere/fleet.db"],
        ["--database", "postgresql://127.0.0.1:1/fleet"],
    ],
    ids=" ".join,
)
def test_usage_configuration_and_connection_errors_are_3(console: Console, words: list[str]) -> None:
    found = console.bare("check", *words)
    assert found.code == 3
    assert "secret" not in found.refusal()


@pytest.mark.parametrize(
    "words",
    [
        ["--bogus", "check"],
        ["--now", "yesterday", "check"],
        ["--screen", "dashboard", "check"],
        ["--tenant", "report", "check"],
        ["--config", "db", "check", "--bogus"],
        ["--config=/nowhere", "check"],
        ["--database", "report", "check"],
        # An unknown option, with a value that is a command or is not one.
        ["--databse", "sqlite:////nowhere/fleet.db", "check"],
        ["--databse=sqlite:////nowhere/fleet.db", "check"],
        ["--databse", "report", "check"],
        ["--databse", "check", "check"],
        ["--databse", "x", "--now", "2026-11-23T09:00:00Z", "check"],
        ["-v", "check", "--min-tenants", "1"],
        ["--bogus", "--", "check"],
        # An option without its value, like `--database $URL check` where the variable is not set.
        ["--database", "check"],
        ["--now", "check"],
        ["--config", "check", "--min-tenants", "2"],
    ],
    ids=" ".join,
)
def test_they_are_3_wherever_they_stand(console: Console, words: list[str]) -> None:
    found = console.bare(*words)
    assert found.code == 3
    found.refusal()


@pytest.mark.parametrize("word", ["chek", "checks", "Check"])
def test_and_3_for_the_command_misspelt(console: Console, word: str) -> None:
    found = console.bare(word, "--min-tenants", "1")
    assert found.code == 3
    assert found.err == f"tenantpilot: There is no command {word!r}. Did you mean 'check'?\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["report", "--tenant", "check", "--bogus"], 2),
        (["--config", "check", "report"], 2),
        (["tenant", "check"], 2),
        (["--bogus", "report", "--tenant", "check"], 2),
        (["--bogus", "--tenant", "check", "report"], 2),
        # These may be names of a tenant or a database. Without a terminal the screens do not open.
        (["--tenant", "check"], 2),
        (["--use", "check"], 2),
    ],
    ids=str,
)
def test_and_2_for_other_commands_even_if_the_word_is_there(console: Console, words: list[str], code: int) -> None:
    assert console.bare(*words).code == code


def test_a_bad_setting_is_3(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[backup_health]\nfreshness_window = "-1h"\n')
    found = console.run("check", "--config", str(file))
    assert found.code == 3
    assert "backup_health.freshness_window" in found.refusal()


def test_a_file_that_may_not_be_read_is_3(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_how: object) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    found = console.run("check")
    assert found.code == 3
    assert re.search(r"Permission denied \(.*fleet-\d+\.db\)", found.refusal())


def test_the_reason_is_on_standard_output_too_and_breaks_no_line(console: Console) -> None:
    """Plug-in runners often show only standard output."""
    found = console.run("check", "--tenant", "a|b\nOK")
    assert found.code == 3
    reason = "There is no tenant 'a¦b\\nOK' in the fleet: see 'tenantpilot tenant list'."
    assert found.out == f"TENANTPILOT UNKNOWN - {reason}\n"
    assert found.err == f"tenantpilot: {reason.replace('¦', '|')}\n"


def test_help_is_0(console: Console) -> None:
    found = console.bare("check", "--help")
    assert (found.code, found.err) == (0, "")
    assert "--min-tenants" in found.out


def test_it_judges_by_the_policy_in_the_settings(console: Console, tmp_path: Path) -> None:
    console.load(a_fleet("stale"))
    file = tmp_path / "wide.toml"
    file.write_text('[backup_health]\nfreshness_window = "4d"\n')
    assert console.run("check", *AT).code == 1
    assert console.run("check", *AT, "--config", str(file)).code == 0


def test_names_cannot_break_the_line(console: Console) -> None:
    fleet = a_fleet("stale")
    hostile = "evil | tenants=0\nTENANTPILOT OK - \x1b[2J\u202e" + "x" * 100
    console.load(fleet._replace(tenants=[fleet.tenants[0]._replace(name=hostile)]))
    line = console.run("check", *AT).out
    assert line.count("\n") == 1
    assert line.count("|") == 1
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert line.startswith("TENANTPILOT WARNING - 1 tenant, 1 stale (evil ¦ tenants=0␊TEN…")
