"""`tenantpilot report`: its formats and exit codes. Text from outside stays text in each format."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.oracle.rows import DEFAULT_POLICY, ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.subject import fleet_report
from tests.tui.commands.console import AT, Console, a_fleet
from tui.commands.options import FORMATS

STATES = ("unreadable", "absent", "stale", "degraded", "follow_up", "confirmed")


def a_tenant(name: str, **schedule: Any) -> Rows:
    """A tenant of this name: stale, degraded, and with a schedule of this name that needs follow-up."""
    completed_at = NOW - 3 * DAY - 4 * HOUR
    failed = ScheduleRow(1, 1, name=name, created_at=NOW - HOUR / 2, last_run_status="failed")
    return Rows(
        [TenantRow(1, "contoso.example", name, LONG_AGO)],
        [SetRow(1, 1, name=name, source=name, completed_at=completed_at, created_at=completed_at)],
        [ItemRow(1, 1, 1, capture_mode="metadata_only"), ItemRow(2, 1, 1, policy_identifier="policy-2")],
        [failed._replace(**schedule)],
    )


# JSON


def test_json_is_the_document_of_the_contract(any_console: Console) -> None:
    any_console.load(a_fleet(*STATES))
    found = any_console.run("report", "--format", "json", *AT)
    assert (found.code, found.err) == (0, "")
    assert found.document == fleet_report(any_console.url, NOW, DEFAULT_POLICY)
    assert [entry["tenant"].split("-")[0] for entry in found.document["tenants"]] == list(STATES)


def test_json_is_the_default_without_a_terminal(console: Console) -> None:
    console.load(a_fleet("confirmed"))
    assert console.run("report", *AT).document["schema"] == "tenantpilot.report/1"


def test_json_is_ascii_only_and_gives_every_character_back(console: Console) -> None:
    name = "Ω \x1b[2J \u202e \U0001f600 ⟨U+001B⟩ \x7f \x9b <b>"
    console.load(a_tenant(name))
    found = console.run("report", "--format", "json", *AT)
    assert found.out.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", found.out)
    (entry,) = found.document["tenants"]
    assert (entry["name"], entry["basis"]["name"], entry["basis"]["source"]) == (name, name, name)
    assert entry["schedules"]["follow_up"][0]["name"] == name


def test_now_may_stand_before_or_behind_in_any_offset(console: Console) -> None:
    console.load(a_fleet("stale"))
    expected = console.run("report", *AT).out
    assert console.bare(*AT, "report", "--database", console.url).out == expected
    assert console.bare("--database", console.url, "report", *AT).out == expected
    assert console.run("report", "--now", "2026-11-23T10:30:00+01:30").out == expected
    assert console.run("report", "--now", "2026-11-23T09:00:00.000000Z").out == expected
    # Behind the command it wins.
    assert console.bare("--now", "2020-01-01T00:00:00Z", "report", *AT, "--database", console.url).out == expected


def test_another_instant_gives_another_verdict(console: Console) -> None:
    console.load(a_fleet("confirmed"))
    for now, posture in (("2026-11-24T08:00:00Z", "healthy"), ("2026-11-24T08:00:00.000001Z", "stale")):
        document = console.run("report", "--now", now).document
        assert document["evaluated_at"] == now
        assert document["tenants"][0]["posture"] == posture


@pytest.mark.parametrize("form", FORMATS)
def test_it_exits_0_whenever_it_could_report(any_console: Console, form: str) -> None:
    assert any_console.run("report", "--format", form).code == 0
    any_console.load(a_fleet(*STATES))
    found = any_console.run("report", "--format", form, *AT)
    assert (found.code, found.err) == (0, "")
    assert found.out.endswith("\n")
    assert not found.out.endswith("\n\n")


def test_narrowing_changes_report_and_totals(any_console: Console) -> None:
    any_console.load(a_fleet(*STATES))
    found = any_console.run("report", *AT, "--tenant", "stale-3", "--tenant", "absent-2", "--tenant", "stale-3")
    assert [entry["tenant"] for entry in found.document["tenants"]] == ["absent-2", "stale-3"]
    assert found.document["totals"]["tenants"] == 2
    unknown = any_console.run("report", *AT, "--tenant", "stale-3", "--tenant", "STALE-3")
    assert unknown.code == 3
    assert unknown.refusal() == "There is no tenant 'STALE-3' in the fleet: see 'tenantpilot tenant list'."


# What goes stale


def going_stale() -> Rows:
    """One tenant of every state, and one that is confirmed for only one hour more."""
    rows = a_fleet(*STATES, "confirmed")
    last = rows.sets[-1]
    completed_at = NOW - timedelta(hours=23)
    return rows._replace(sets=[*rows.sets[:-1], last._replace(completed_at=completed_at, created_at=completed_at)])


def test_stale_within_is_what_the_later_report_has_more(any_console: Console) -> None:
    any_console.load(going_stale())
    now = any_console.run("report", *AT).document

    def stale(document: Any) -> set[str]:
        return {each["tenant"] for each in document["tenants"] if "latest_backup_stale" in each["reasons"]}

    for within, later in (
        ("59m59s", "2026-11-23T09:59:59Z"),
        ("1h", "2026-11-23T10:00:00Z"),
        ("1h1s", "2026-11-23T10:00:01Z"),
        ("23h", "2026-11-24T08:00:00Z"),
        ("2d", "2026-11-25T09:00:00Z"),
    ):
        narrowed = any_console.run("report", *AT, "--stale-within", within).document
        then = any_console.run("report", "--now", later).document
        found = [entry["tenant"] for entry in narrowed["tenants"]]
        assert set(found) == stale(then) - stale(now)
        # Each with its verdict of now, in triage order.
        assert narrowed["tenants"] == [entry for entry in now["tenants"] if entry["tenant"] in found]
        assert narrowed["totals"]["tenants"] == len(found)
    assert len(found) == 4


def test_a_narrowed_table_and_note_say_so_and_when(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    console.load(going_stale())
    table = console.run("report", "--format", "table", *AT, "--stale-within", "8h").out.splitlines()
    only = "only what goes stale within 8h if nothing runs"
    assert only in " ".join(table[:3])
    assert any("in 1h" in line and "Confirmed 7" in line for line in table)
    note = console.run("report", "--format", "markdown", *AT, "--stale-within", "8h").out
    assert f"Here is {only}." in note
    assert "- **✓ healthy** Confirmed 7 (confirmed-7)\n  - Goes stale in 1h\n" in note


# The table


def test_the_table(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    console.load(a_fleet(*STATES))
    lines = console.run("report", "--format", "table", *AT).out.splitlines()
    assert lines[0] == ("6 tenants  ? unreadable 1  ✕ absent 1  ▲ stale 1  ◆ degraded 1  ◷ follow-up 1  ✓ healthy 1")
    assert lines[1] == "judged at 2026-11-23T09:00:00Z, window 24h"
    assert lines[2].split() == ["POSTURE", "TENANT", "LATEST", "BACKUP", "GOES", "STALE", "DEGRADED", "WHY"]
    cells = [re.split(r"  +", line) for line in lines[3:] if not line.startswith(" ")]
    assert [row[:2] for row in cells] == [
        ["? unreadable", "Unreadable 1"],
        ["✕ absent", "Absent 2"],
        ["▲ stale", "Stale 3"],
        ["◆ degraded", "Degraded 4"],
        ["◷ follow-up", "Follow_Up 5"],
        ["✓ healthy", "Confirmed 6"],
    ]
    assert cells[1][2:] == ["never", "-", "-", "no backup basis"]
    assert cells[2][2:] == ["3d ago", "2d ago", "0/1", "latest backup is stale"]
    assert cells[3][2:] == ["1h ago", "in 23h", "1/1", "1 metadata only"]
    assert cells[4][2:] == ["1h ago", "in 23h", "0/1", "nightly: last run failed"]
    assert cells[5][2:] == ["1h ago", "in 23h", "0/1"]


@pytest.mark.parametrize("columns", ["1", "60", "79", "80"])
def test_a_long_name_hides_no_posture_and_no_reasons(
    console: Console, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    console.load(a_tenant("a very long name " * 12))
    lines = console.run("report", "--format", "table", *AT).out.splitlines()[2:]
    assert lines[0].split() == ["POSTURE", "TENANT", "LATEST", "BACKUP", "DEGRADED", "WHY"]
    assert lines[1].startswith("▲ stale ")
    why = "".join(line[lines[0].index("WHY") :] for line in lines[1:]).replace(" ", "")
    assert why.startswith("latestbackupisstale;1metadataonly;averylongname")


@pytest.mark.parametrize("columns", ["1", "80", "200"])
def test_the_table_fits_the_terminal(console: Console, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    console.load(a_tenant("a very long name " * 12))
    table = console.run("report", "--format", "table", *AT).out.splitlines()[2:]
    assert max(map(len, table)) <= max(int(columns), 60)


# CSV


def csv_rows(console: Console) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(console.run("report", "--format", "csv", *AT).out)))


def test_csv(console: Console) -> None:
    console.load(a_fleet(*STATES))
    rows = csv_rows(console)
    assert [row["posture"] for row in rows] == ["unreadable", "absent", "stale", "degraded", "healthy", "healthy"]
    assert [row["confirmed"] for row in rows] == ["no", "no", "no", "no", "no", "yes"]
    assert rows[3] == {
        "tenant": "degraded-4",
        "name": "Degraded 4",
        "posture": "degraded",
        "confirmed": "no",
        "reasons": "latest_backup_degraded",
        "basis_id": "4",
        "basis_completed_at": "2026-11-23T08:00:00Z",
        "freshness": "fresh",
        "items": "1",
        "degraded_items": "1",
        "families": "metadata_only=1",
        "schedules_enabled": "0",
        "follow_up": "",
        "unreadable": "",
    }
    assert rows[4]["follow_up"] == "nightly: last_run_unsuccessful"
    assert rows[0]["unreadable"] == "tenants.created_at of row 1 is not an instant: 'infinity'"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " =", "\u2003=", "\t=", "=\x00"])
def test_a_csv_cell_that_looks_like_a_formula_gets_a_quote(console: Console, begin: str) -> None:
    name = f"{begin}cmd|' /C calc'!A0"
    fleet = a_tenant(name)
    console.load(fleet._replace(tenants=[fleet.tenants[0]._replace(external_id=name)]))
    (row,) = csv_rows(console)
    for column in ("tenant", "name", "follow_up"):
        assert row[column].startswith("'"), row[column]
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("name", ['a "quoted" name', "a, b; c", "a\nb", "'=1", "Ünï", "1-1", "a=b"])
def test_any_other_csv_cell_is_the_text_itself_on_one_line(console: Console, name: str) -> None:
    console.load(a_tenant(name))
    (row,) = csv_rows(console)
    assert row["name"] == name.replace("\n", "␊")


# Markdown


def markdown(console: Console) -> list[str]:
    return console.run("report", "--format", "markdown", *AT).out.splitlines()


def test_markdown(console: Console) -> None:
    console.load(a_fleet("stale", "absent", "unreadable", "confirmed", "degraded", "follow_up"))
    assert markdown(console) == [
        "# Backup health at 2026-11-23 09:00 UTC",
        "",
        "6 tenants  ? unreadable 1  ✕ absent 1  ▲ stale 1  ◆ degraded 1  ◷ follow-up 1  ✓ healthy 1."
        " Freshness window: 24h.",
        "",
        "- **? unreadable** Unreadable 3 (unreadable-3)",
        r"  - cannot be read: tenants.created\_at of row 3 is not an instant: 'infinity'; correct that row",
        "- **✕ absent** Absent 2 (absent-2)",
        "  - No backup basis: no completed backup set to start a recovery from",
        "- **▲ stale** Stale 1 (stale-1)",
        "  - Latest backup is stale: completed 3d ago, window 24h",
        "- **◆ degraded** Degraded 5 (degraded-5)",
        "  - Latest backup is degraded: 1 of 1 items; 1 metadata only",
        r"- **◷ follow-up** Follow\_Up 6 (follow\_up-6)",
        "  - Schedule needs follow-up: nightly: last run failed",
        "",
        "Confirmed: 1 tenant. That does not prove that a restore will succeed.",
    ]


def test_markdown_of_a_fleet_in_order_says_what_it_does_not_prove(console: Console) -> None:
    console.load(a_fleet("confirmed", "confirmed"))
    lines = markdown(console)
    assert lines[-1] == "Confirmed: 2 tenants. That does not prove that a restore will succeed."
    assert not any(line.startswith("-") for line in lines)


@pytest.mark.parametrize(
    "name",
    [
        "**bold** _it_ `code` ~~gone~~",
        "[link](https://evil.example)",
        "![image](https://evil.example/x.png)",
        "<script>alert(1)</script>",
        "<https://evil.example>",
        "https://evil.example",
        "WWW.evil.example",
        "mailto:me@evil.example",
        "@everyone #1",
        "&copy; &#x2705;",
        "a | b",
        "$x^2$",
        ":white_check_mark: :100:",
        "# heading\n- **✓ healthy** all",
        "\\[not escaped",
        "```\nfence",
    ],
)
def test_markup_in_a_name_is_text(console: Console, name: str) -> None:
    console.load(a_tenant(name))
    lines = markdown(console)
    # One line for the tenant and one for each of its three reasons, with any name.
    assert len(lines) == 8
    for line in lines[4:]:
        text = re.sub(r"^(- \*\*▲ stale\*\* |  - )", "", line)
        unescaped = re.sub(r"\\[\\`*_\[\]<>#|~!&@$:.]", "", text)
        assert not re.search(r"[\\`*_\[\]<>#|~!&@$]|:\S|www\.", unescaped, re.IGNORECASE), line


def test_the_words_of_a_condition_have_its_figures(console: Console) -> None:
    ran = NOW - timedelta(days=2)
    console.load(a_tenant("nightly", last_run_at=ran, next_run_at=NOW - timedelta(hours=5), created_at=LONG_AGO))
    sentence = "  - Schedule needs follow-up: nightly: overdue by 5h (grace 1h), last run failed"
    assert markdown(console)[-1] == sentence


def test_a_report_of_many_tenants_is_json_in_one_piece(console: Console) -> None:
    console.load(a_fleet(*["stale"] * 300))
    assert len(json.loads(console.run("report", *AT).out)["tenants"]) == 300
