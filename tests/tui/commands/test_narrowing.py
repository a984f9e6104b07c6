"""`--group`, `--filter`, `--posture`, what is known, and `--as-of`: in `report`, `check` and `metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.health.making import NOW
from tests.tui.commands.console import AT, Console, Outcome, a_fleet

STATES = ("unreadable", "absent", "stale", "degraded", "follow_up", "confirmed")
GOLD = '[groups.gold]\ntenants = ["stale-3", "confirmed-*"]\n[groups.night_shift]\ntenants = ["absent-2"]\n'
ENTRY = """[[known]]
tenant = "{}"
reason = "{}"
until = {}
who = "ana"
why = "ticket 4711"
"""
TOMORROW, YESTERDAY = "2026-11-24T09:00:00Z", "2026-11-22T09:00:00Z"
STALE = ENTRY.format("stale-3", "latest_backup_stale", TOMORROW)


@pytest.fixture
def fleet(console: Console) -> Console:
    console.load(a_fleet(*STATES))
    return console


class Settings:
    """A settings file, and beside it a file of known reasons."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tenantpilot.toml"
        self.known = folder / "known.toml"

    def run(self, console: Console, *words: str, groups: str = "", known: str | None = None) -> Outcome:
        named = "" if known is None else "[known]\nfile = 'known.toml'\n"
        self.file.write_text(named + groups)
        self.known.write_text(known or "")
        return console.run(*words, *AT, "--config", str(self.file))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def tenants(found: Outcome) -> list[str]:
    return [each["tenant"] for each in found.document["tenants"]]


# Narrowing


@pytest.mark.parametrize(
    ("words", "left", "narrowed_by"),
    [
        (("--posture", "stale"), ["stale-3"], {"posture": "stale"}),
        (("--posture", "healthy"), ["confirmed-6"], {"posture": "healthy"}),
        (("--posture", "follow-up"), ["follow_up-5"], {"posture": "follow-up"}),
        (("--posture", "unreadable"), ["unreadable-1"], {"posture": "unreadable"}),
        (("--posture", "degraded,stale"), ["stale-3", "degraded-4"], {"posture": "stale,degraded"}),
        (
            ("--posture", "absent", "--posture", " healthy, absent"),
            ["absent-2", "confirmed-6"],
            {"posture": "absent,healthy"},
        ),
        (("--filter", "metadata ONLY"), ["degraded-4"], {"filter": "metadata ONLY"}),
        (("--filter", "healthy -follow"), ["confirmed-6"], {"filter": "healthy -follow"}),
        (("--group", "gold"), ["stale-3", "confirmed-6"], {"group": "gold"}),
        (("--filter", "group:gold -stale"), ["confirmed-6"], {"filter": "group:gold -stale"}),
        (
            ("--group", "gold", "--filter", "6", "--posture", "healthy"),
            ["confirmed-6"],
            {"group": "gold", "filter": "6", "posture": "healthy"},
        ),
        (("--filter", "nobody"), [], {"filter": "nobody"}),
    ],
)
def test_a_report_is_narrowed_as_the_screens_are(
    fleet: Console, settings: Settings, words: tuple[str, ...], left: list[str], narrowed_by: dict[str, str]
) -> None:
    found = settings.run(fleet, "report", *words, groups=GOLD)
    assert (found.code, found.err) == (0, "")
    assert tenants(found) == left
    assert found.document["narrowed_by"] == narrowed_by
    assert found.document["totals"]["tenants"] == len(left)


@pytest.mark.parametrize(("words", "left"), [("ana: ticket", ["stale-3"]), ("stale -4711", []), ("bob:", [])])
def test_the_filter_finds_what_is_known(fleet: Console, settings: Settings, words: str, left: list[str]) -> None:
    assert tenants(settings.run(fleet, "report", "--filter", words, known=STALE)) == left
    found = settings.run(fleet, "check", "--filter", words, known=STALE)
    assert f"tenants={len(left)}" in found.out
    # Only --known leaves a tenant out of the status.
    assert found.code == (1 if left else 3)


def test_without_narrowing_the_document_is_the_same_as_ever(fleet: Console, settings: Settings) -> None:
    """The fleet's verdicts are the same with and without groups and known reasons."""
    plain = fleet.run("report", *AT).document
    assert settings.run(fleet, "report", groups=GOLD).document == plain
    known = settings.run(fleet, "report", groups=GOLD, known=STALE).document
    for entry in known["tenants"]:
        entry.pop("known", None)
    assert known == plain


@pytest.mark.parametrize("command", ["report", "check", "causes", "coverage"])
def test_an_unknown_group(fleet: Console, settings: Settings, command: str) -> None:
    found = settings.run(fleet, command, "--group", "golf", groups=GOLD)
    assert found.code == (3 if command == "check" else 2)
    assert "--group: the settings have no group 'golf'; the nearest is 'gold'" in found.refusal()


@pytest.mark.parametrize("command", ["report", "metrics"])
def test_a_tenant_in_two_groups_is_an_error_that_names_both(fleet: Console, settings: Settings, command: str) -> None:
    found = settings.run(fleet, command, groups=GOLD + '[groups.all]\ntenants = ["*"]')
    assert found.code == 2
    assert "is in two groups, " in found.refusal()


def test_a_table_says_what_it_was_narrowed_by(fleet: Console, settings: Settings) -> None:
    lines = settings.run(fleet, "report", "--group", "gold", "--format", "table", groups=GOLD).out.splitlines()
    assert lines[1].endswith("; only group gold")


def test_markdown_counts_by_group(fleet: Console, settings: Settings) -> None:
    lines = settings.run(fleet, "report", "--format", "markdown", groups=GOLD).out.splitlines()
    assert "- gold: 2 tenants  ▲ stale 1  ✓ healthy 1" in lines
    assert "- night_shift: 1 tenant  ✕ absent 1" in lines


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--filter", "metadata | only"), 3, "only filter metadata ¦ only | tenants=0"),
        (("--filter", "metadata only"), 1, ", only filter metadata only | tenants=1"),
        (("--posture", "healthy"), 0, ", only posture healthy | tenants=1"),
        (("--posture", "absent", "--group", "night_shift"), 2, ", only group night_shift, posture absent | tenants=1"),
        ((), 2, "1 confirmed | tenants=6"),
    ],
)
def test_check_takes_the_same_words_and_says_so(
    fleet: Console, settings: Settings, words: tuple[str, ...], code: int, said: str
) -> None:
    found = settings.run(fleet, "check", *words, groups=GOLD)
    assert found.code == code
    assert said in found.out


VIEWS = """[views.morning]
group = "gold"
posture = "stale"
sort = "age"
[views.later]
stale_within = "30h"
[views.one]
tenant = "absent-2"
[views.proof]
tenant = "absent-2"
screen = "backup_sets"
"""


@pytest.mark.parametrize(
    ("words", "left", "narrowed_by"),
    [
        (("--view", "morning"), ["stale-3"], {"group": "gold", "posture": "stale"}),
        (("--view", "morning", "--posture", "healthy"), ["confirmed-6"], {"group": "gold", "posture": "healthy"}),
        (("--view", "morning", "--group", "night_shift"), [], {"group": "night_shift", "posture": "stale"}),
        (("--view", "one"), ["absent-2"], None),
        (("--view", "one", "--tenant", "stale-3"), ["stale-3"], None),
        (("--view", "later"), ["degraded-4", "follow_up-5", "confirmed-6"], None),
    ],
)
def test_a_view_of_the_settings(
    fleet: Console, settings: Settings, words: tuple[str, ...], left: list[str], narrowed_by: dict[str, str] | None
) -> None:
    found = settings.run(fleet, "report", *words, groups=GOLD + VIEWS)
    assert (found.code, found.err) == (0, "")
    assert tenants(found) == left
    assert found.document.get("narrowed_by") == narrowed_by
    if "later" not in words:
        line = settings.run(fleet, "check", *words, groups=GOLD + VIEWS).out
        assert line.split(" - ")[1].split(",")[0].startswith(f"{len(left)} tenant")


@pytest.mark.parametrize(
    ("words", "groups", "said"),
    [
        (
            ("report", "--view", "mornin"),
            GOLD + VIEWS,
            "no view 'mornin'; the nearest is 'morning'",
        ),
        (("report", "--view", "x"), GOLD, "the settings have no view 'x'; write it as [views.NAME]"),
        (("check", "--view", "proof"), GOLD + VIEWS, "--view: 'proof' opens a screen"),
        (("check", "--view", "later"), GOLD + VIEWS, "it says stale_within"),
        (("report", "--view", "morning"), VIEWS, "the settings have no group 'gold'; write it as [groups.NAME]"),
        (("report", "--posture", "stael"), "", "there is no 'stael'; the nearest is 'stale'"),
        (("report", "--posture", "absent,stael"), "", "there is no 'stael'; the nearest is 'stale'"),
        (("report", "--posture", "absent,"), "", "there is no ''"),
        (("report",), "[views.a]\nposture = 'absent,stael'", "there is no posture 'stael'; the nearest is 'stale'"),
        (("report",), "[views.a]\nposture = 'stael'", "there is no posture 'stael'; the nearest is 'stale'"),
        (("report",), "[views.a]\nscreen = 'run'\ntenant = 'x'", "there is no screen 'run'; the nearest is 'runs'"),
        (("report",), "[views.a]\nscreen = 'runs'\ntenant = 'x'", "--screen runs needs --schedule ID"),
        (("report",), "[views.a]\nitem = 'x'", "must be an item in quotes, TYPE/IDENTIFIER"),
        (("report",), "[views.a]\npostur = 'x'", "the nearest known one is views.a.posture"),
        (("report",), "[views.A]\n", "its name must be at most 32 small letters"),
    ],
)
def test_an_unknown_view_or_word(
    fleet: Console, settings: Settings, words: tuple[str, ...], groups: str, said: str
) -> None:
    found = settings.run(fleet, *words, groups=groups)
    assert found.code == (3 if "check" in words else 2)
    assert said in found.refusal()


@pytest.mark.parametrize(
    "option",
    [
        ("--view", "a"),
        ("--as-of", "2026-11-23T09:00:00Z"),
        ("--set", "3"),
        ("--filter", "x"),
        ("--changed",),
        ("--sort", "age"),
    ],
)
def test_a_place_in_front_of_a_command_is_not_ignored(fleet: Console, option: tuple[str, ...]) -> None:
    found = fleet.run(*option, "report", *AT)
    assert found.code == 2
    assert f"{option[0]} here opens a screen: leave 'report' out, or write {option[0]} after it." in found.refusal()


def test_check_of_a_group(fleet: Console, settings: Settings) -> None:
    found = settings.run(fleet, "check", "--group", "gold", groups=GOLD)
    assert (found.code, found.out.split(" - ")[1].split(",")[0]) == (1, "2 tenants")


# What is known


def test_a_report_has_what_is_known_of_a_tenant(fleet: Console, settings: Settings) -> None:
    entries = {each["tenant"]: each for each in settings.run(fleet, "report", known=STALE).document["tenants"]}
    assert entries["stale-3"]["known"] == [
        {"reason": "latest_backup_stale", "until": TOMORROW, "who": "ana", "why": "ticket 4711"}
    ]
    assert [name for name, each in entries.items() if "known" in each] == ["stale-3"]


@pytest.mark.parametrize(
    "known",
    [
        "",
        ENTRY.format("stale-3", "latest_backup_stale", YESTERDAY),
        ENTRY.format("stale-3", "schedule_follow_up", TOMORROW),
        ENTRY.format("unreadable-1", "latest_backup_stale", TOMORROW),
    ],
)
def test_an_entry_that_has_ended_is_not_in_the_report(fleet: Console, settings: Settings, known: str) -> None:
    assert not any("known" in each for each in settings.run(fleet, "report", known=known).document["tenants"])


def test_it_stands_beside_the_reasons_in_words(fleet: Console, settings: Settings) -> None:
    known = STALE + ENTRY.format("degraded-4", "latest_backup_degraded", YESTERDAY)
    table = settings.run(fleet, "report", "--format", "markdown", known=known).out
    assert "  - known until Tue 09:00, ana: ticket 4711" in table
    assert "  - expired 1d ago, ana: ticket 4711" in table


@pytest.mark.parametrize(
    ("states", "known", "code", "said"),
    [
        (("stale", "confirmed"), [("stale-1", "latest_backup_stale", TOMORROW)], 0, "1 known (Stale 1)"),
        (("stale", "confirmed"), [("stale-1", "latest_backup_stale", YESTERDAY)], 1, "known of Stale 1 expired 1d ago"),
        (("stale", "degraded"), [("stale-1", "latest_backup_stale", TOMORROW)], 1, "1 known (Stale 1)"),
        (("absent", "stale"), [("absent-1", "no_backup_basis", TOMORROW)], 1, "1 known (Absent 1)"),
        (("absent",), [("absent-1", "no_backup_basis", TOMORROW)], 0, "1 known (Absent 1)"),
        (("unreadable", "confirmed"), [("unreadable-1", "latest_backup_stale", TOMORROW)], 3, "1 unreadable"),
    ],
)
def test_check_known(
    console: Console, settings: Settings, states: Any, known: list[tuple[str, str, str]], code: int, said: str
) -> None:
    console.load(a_fleet(*states))
    text = "".join(ENTRY.format(*each) for each in known)
    found = settings.run(console, "check", "--known", known=text)
    assert (found.code, found.err) == (code, "")
    assert said in found.out
    # Counts and names stay. Without the option nothing changes.
    assert settings.run(console, "check", known=text).out.split(" | ")[1] == found.out.split(" | ")[1]
    assert settings.run(console, "check", known=text).out == console.run("check", *AT).out


def test_a_reason_besides_counts_again(console: Console, settings: Settings) -> None:
    rows = a_fleet("stale")
    rows.items[0] = rows.items[0]._replace(capture_mode="metadata_only")
    console.load(rows)
    entry = ENTRY.format("stale-1", "latest_backup_stale", TOMORROW)
    found = settings.run(console, "check", "--known", known=entry)
    assert (found.code, "known" in found.out) == (1, False)
    both = entry + ENTRY.format("stale-1", "latest_backup_degraded", TOMORROW)
    assert settings.run(console, "check", "--known", known=both).code == 0


@pytest.mark.parametrize("command", [("report",), ("check", "--known"), ("metrics",)])
def test_an_entry_for_an_unknown_tenant_is_an_error_with_its_line(
    any_console: Console, settings: Settings, command: tuple[str, ...]
) -> None:
    rows = a_fleet("stale", "confirmed")
    rows.tenants[1] = rows.tenants[1]._replace(archived_at=NOW)
    any_console.load(rows)
    known = ENTRY.format("stale-1", "latest_backup_stale", TOMORROW)
    wrong = known + ENTRY.format("nobody.example", "latest_backup_stale", TOMORROW)
    found = settings.run(any_console, *command, known=wrong)
    assert found.code == (3 if "check" in command else 2)
    assert "known.toml, line 7: there is no tenant 'nobody.example'" in found.refusal()
    # An archived tenant exists.
    archived = known + ENTRY.format("confirmed-2", "latest_backup_stale", TOMORROW)
    assert settings.run(any_console, *command, known=archived).err == ""


def test_metrics_count_what_is_known_and_have_the_group(fleet: Console, settings: Settings) -> None:
    plain = settings.run(fleet, "metrics").out
    assert "tenantpilot_tenants_known" not in plain
    assert "group=" not in plain
    found = settings.run(fleet, "metrics", groups=GOLD, known=STALE).out
    assert "tenantpilot_tenants_known 1.0" in found
    assert 'tenantpilot_tenant_state{group="gold",state="stale",tenant="stale-3"} 1.0' in found
    assert 'tenantpilot_tenant_state{group="",state="degraded",tenant="degraded-4"} 1.0' in found
    assert 'tenantpilot_tenants{state="stale"} 1.0' in found


# As of


def test_as_of_says_what_cannot_be_known_and_confirms_nothing(fleet: Console) -> None:
    document = fleet.run("report", "--as-of", "2026-11-23T08:30:00Z", *AT).document
    assert document["evaluated_at"] == "2026-11-23T08:30:00Z"
    assert document["as_of"] == {"instant": "2026-11-23T08:30:00Z", "not_known": ["schedules", "deletions"]}
    assert document["totals"]["confirmed"] == document["totals"]["schedule_follow_up"] == 0
    assert not any(each["confirmed"] for each in document["tenants"])
    assert {each["tenant"]: each["posture"] for each in document["tenants"]}["confirmed-6"] == "healthy"
    table = fleet.run("report", "--as-of", "2026-11-23T08:30:00Z", "--format", "table", *AT).out
    assert "○ unconfirmed 2" in table
    assert "✓" not in table
    assert "◷" not in table
    assert "nothing is confirmed" in " ".join(table.split())
    before = fleet.run("report", "--as-of", "2026-11-23T07:59:59Z", *AT).document
    assert {each["tenant"]: each["posture"] for each in before["tenants"]}["confirmed-6"] == "absent"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as-of", "2026-11-23T09:00:00.000001Z"), "--as-of is in the future"),
        (("--as-of", "2026-11-23T08:00:00Z", "--stale-within", "8h"), "--stale-within is about the future"),
    ],
)
def test_as_of_is_about_the_past(fleet: Console, words: tuple[str, ...], said: str) -> None:
    found = fleet.run("report", *words, *AT)
    assert found.code == 2
    assert said in found.refusal()
