"""`diff`, `last-good`, `causes` and `coverage`: their documents, the other formats, and their exit codes.

Modules: tui.commands.diff, tui.commands.last_good, tui.commands.causes, tui.commands.coverage, tui.words.documents.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.tui.commands.console import AT, Console, a_fleet
from tui.commands.options import FORMATS

CONTOSO = ("--tenant", "contoso.example")
HOSTILE = "=1|2 \x1b[2J <b> *x*"


def two_nights() -> Rows:
    """Contoso: 3 items. The next night one is gone, one degraded and one new; after that, a failed run."""
    rows = Rows([TenantRow(1, "contoso.example", "Contoso", LONG_AGO)], [], [], [])
    for number, age in ((10, DAY), (20, HOUR)):
        rows.sets.append(SetRow(number, 1, completed_at=NOW - age, created_at=NOW - age))
    rows.sets.append(SetRow(30, 1, status="failed", error="403 Forbidden for 17 items", created_at=NOW))
    whole = [("a", "full"), ("b", "full"), ("c", "full")], [("a", "full"), ("c", "metadata_only"), ("d", "full")]
    for set_id, items in zip((10, 20), whole, strict=True):
        for name, mode in items:
            item = ItemRow(len(rows.items) + 1, 1, set_id, "Filters", name, HOSTILE, capture_mode=mode, payload="{}")
            rows.items.append(item)
    return rows


def entry(name: str, change: str, *aspects: str) -> dict[str, object]:
    identity = {"policy_type": "Filters", "policy_identifier": name, "display_name": HOSTILE}
    return {**identity, "change": change, "aspects": list(aspects)}


# diff


def test_diff_is_the_document_of_the_contract(any_console: Console) -> None:
    any_console.load(two_nights())
    found = any_console.run("diff", *CONTOSO, *AT)
    assert (found.code, found.err) == (1, "")
    assert found.document == {
        "schema": "tenantpilot.diff/1",
        "tenant": "contoso.example",
        "from": {"id": 10, "name": "nightly", "source": "oracle", "completed_at": "2026-11-22T09:00:00Z", "items": 3},
        "to": {"id": 20, "name": "nightly", "source": "oracle", "completed_at": "2026-11-23T08:00:00Z", "items": 3},
        "totals": {"added": 1, "gone": 1, "changed": 1, "unchanged": 1, "not_comparable": 0},
        "items": [entry("b", "gone"), entry("c", "changed", "quality"), entry("d", "added")],
    }


def test_diff_of_sets_by_their_ids(console: Console) -> None:
    console.load(two_nights())
    assert console.run("diff", *CONTOSO, "20", "20", *AT).code == 0
    assert console.run("diff", *CONTOSO, "20", *AT).code == 0
    backwards = console.run("diff", *CONTOSO, "20", "10", *AT).document
    assert [each["change"] for each in backwards["items"]] == ["gone", "changed", "added"]
    assert backwards["items"][0]["policy_identifier"] == "d"
    failed = console.run("diff", *CONTOSO, "30", *AT).document
    assert failed["from"] == {"id": 30, "name": "nightly", "source": "oracle", "completed_at": None, "items": 0}
    assert failed["totals"]["added"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("7",), "Nothing to compare: tenant 'contoso.example' has no set 7; see"),
        (("10", "7"), "Nothing to compare: tenant 'contoso.example' has no set 7; see"),
        (("10", "99"), "has no set 99; see"),
        (("99", "10"), "has no set 99; see"),
    ],
)
def test_diff_of_a_set_that_is_not_the_tenants(console: Console, words: tuple[str, ...], said: str) -> None:
    rows = two_nights()
    rows.tenants.append(TenantRow(2, "fabrikam.example", "Fabrikam", LONG_AGO))
    rows.sets.append(SetRow(99, 2, completed_at=NOW, created_at=NOW))
    console.load(rows)
    found = console.run("diff", *CONTOSO, *words, *AT)
    assert found.code == 3
    assert said in found.refusal()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("absent", "tenant 'absent-1' has no backup basis."),
        ("confirmed", "has no completed set of source 'oracle' before its latest backup; name one with FROM."),
        (
            "unreadable",
            "Nothing to compare: tenants.created_at of row 1 is not an instant: 'infinity'; correct that row.",
        ),
    ],
)
def test_diff_where_there_is_nothing_to_compare(any_console: Console, state: str, said: str) -> None:
    any_console.load(a_fleet(state))
    found = any_console.run("diff", "--tenant", f"{state}-1", *AT)
    assert found.code == 3
    assert said in found.refusal()


@pytest.mark.parametrize("command", ["diff", "last-good"])
def test_the_tenant_must_be_named_and_there(console: Console, command: str) -> None:
    console.load(two_nights())
    assert console.run(command, *AT).code == 2
    found = console.run(command, "--tenant", "nobody.example", *AT)
    assert found.code == 3
    assert "There is no tenant 'nobody.example'" in found.refusal()


# last-good


def test_last_good_is_the_document_of_the_contract(any_console: Console) -> None:
    any_console.load(two_nights())
    found = any_console.run("last-good", *CONTOSO, *AT)
    copy = {"backup_set": 10, "name": "nightly", "completed_at": "2026-11-22T09:00:00Z", "content_kept": True}
    identity = {"policy_type": "Filters", "display_name": HOSTILE}
    assert (found.code, found.document) == (
        0,
        {
            "schema": "tenantpilot.last_good/1",
            "tenant": "contoso.example",
            "basis": 20,
            "items": [
                {**identity, "policy_identifier": "b", "families": [], "last_good": copy},
                {**identity, "policy_identifier": "c", "families": ["metadata_only"], "last_good": copy},
            ],
        },
    )


def test_last_good_without_a_basis_and_without_a_copy(console: Console) -> None:
    console.load(a_fleet("absent", "degraded"))
    absent = console.run("last-good", "--tenant", "absent-1", *AT)
    assert (absent.code, absent.document["basis"], absent.document["items"]) == (0, None, [])
    degraded = console.run("last-good", "--tenant", "degraded-2", *AT)
    assert (degraded.code, degraded.document["items"][0]["last_good"]) == (0, None)


def test_last_good_of_a_tenant_that_cannot_be_read(console: Console) -> None:
    console.load(a_fleet("unreadable"))
    found = console.run("last-good", "--tenant", "unreadable-1", *AT)
    assert found.code == 3
    assert "Tenant 'unreadable-1' cannot be read: tenants.created_at of row 1" in found.refusal()


# causes


def test_causes_is_the_document_of_the_contract(any_console: Console) -> None:
    any_console.load(two_nights())
    found = any_console.run("causes", *AT)
    assert (found.code, found.document) == (
        0,
        {
            "schema": "tenantpilot.causes/1",
            "totals": {"tenants": 1, "causes": 1},
            "causes": [
                {
                    "cause": "403 Forbidden for … items",
                    "tenants": 1,
                    "first_at": "2026-11-23T09:00:00Z",
                    "examples": [{"tenant": "contoso.example", "backup_set": 30}],
                }
            ],
        },
    )


def test_causes_stand_at_the_top_of_a_report_in_markdown(console: Console) -> None:
    console.load(two_nights())
    lines = console.run("report", "--format", "markdown", *AT).out.splitlines()
    assert lines[4] == "- 1 tenant: 403 Forbidden for … items"
    assert lines[6].startswith("- **◆ degraded** Contoso")


# coverage


def test_coverage_is_the_document_of_the_contract(any_console: Console) -> None:
    any_console.load(two_nights())
    found = any_console.run("coverage", "--from", "2026-11-22T00:00:00Z", "--to", "2026-11-23T09:00:00Z", *AT)
    assert (found.code, found.document) == (
        0,
        {
            "schema": "tenantpilot.coverage/1",
            "from": "2026-11-22T00:00:00Z",
            "to": "2026-11-23T09:00:00Z",
            "tenants": [
                {
                    "tenant": "contoso.example",
                    "name": "Contoso",
                    "protected_seconds": 23 * 3600,
                    "degraded_seconds": 3600,
                    "uncovered_seconds": 0,
                    "unknown_seconds": 9 * 3600,
                }
            ],
        },
    )


def test_coverage_is_of_the_last_thirty_days_unless_said_otherwise(console: Console) -> None:
    console.load(two_nights())
    document = console.run("coverage", *AT).document
    assert (document["from"], document["to"]) == ("2026-10-24T09:00:00Z", "2026-11-23T09:00:00Z")
    document = console.run("coverage", "--to", "2026-11-01T00:00:00Z", *AT).document
    assert (document["from"], document["to"]) == ("2026-10-02T00:00:00Z", "2026-11-01T00:00:00Z")
    found = console.run("coverage", "--from", "2026-11-24T00:00:00Z", *AT)
    assert found.code == 2
    assert "--from is after --to" in found.refusal()


def test_coverage_for_a_customer_shows_times_as_people_read_them(console: Console) -> None:
    ends = "--from", "2026-10-31T03:13:37.39547Z", "--to", "2026-11-23T08:59:59.999Z"
    for form in ("markdown", "table"):
        heading, *_ = console.run("coverage", *ends, "--format", form, *AT).out.splitlines()
        assert heading.lstrip("# ") == "Backup coverage from 2026-10-31 03:13 UTC to 2026-11-23 08:59 UTC"


def test_coverage_is_in_triage_order_and_may_be_narrowed(console: Console, tmp_path: Path) -> None:
    console.load(a_fleet("unreadable", "absent", "stale", "confirmed"))
    tenants = [each["tenant"] for each in console.run("coverage", *AT).document["tenants"]]
    assert tenants == ["unreadable-1", "absent-2", "stale-3", "confirmed-4"]
    (one,) = console.run("coverage", "--tenant", "stale-3", *AT).document["tenants"]
    assert one["tenant"] == "stale-3"
    settings = tmp_path / "tenantpilot.toml"
    settings.write_text('[groups.gold]\ntenants = ["*-4"]')
    (one,) = console.run("coverage", "--group", "gold", "--config", str(settings), *AT).document["tenants"]
    assert one["tenant"] == "confirmed-4"


# The other forms


COMMANDS = [("diff", *CONTOSO), ("last-good", *CONTOSO), ("causes",), ("coverage",)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("form", FORMATS)
def test_text_from_outside_stays_text_in_every_form(console: Console, command: tuple[str, ...], form: str) -> None:
    rows = two_nights()
    rows.tenants[0] = rows.tenants[0]._replace(name=HOSTILE)
    console.load(rows)
    found = console.run(*command, "--format", form, *AT)
    assert found.err == ""
    assert "\x1b" not in found.out
    if form == "markdown":
        assert "<b>" not in found.out
        assert not any(" *x*" in line for line in found.out.splitlines())
        table = [line for line in found.out.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    if form == "csv":
        parsed = list(csv.reader(io.StringIO(found.out)))
        assert len({len(row) for row in parsed}) == 1
        assert not any(cell.startswith("=") for row in parsed for cell in row)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_forms_say_the_same(console: Console, command: tuple[str, ...]) -> None:
    """CSV, the Markdown table and the terminal have as many lines as the document has entries."""
    console.load(two_nights())
    document = console.run(*command, *AT).document
    (entries,) = (value for name, value in document.items() if name in ("items", "causes", "tenants"))
    assert entries
    printed = console.run(*command, "--format", "csv", *AT).out
    assert len(printed.splitlines()) == len(entries) + 1
    markdown = console.run(*command, "--format", "markdown", *AT).out
    assert sum(line.startswith("| ") for line in markdown.splitlines()) == len(entries) + 1


def test_a_diff_on_a_terminal(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    rows = two_nights()
    rows = rows._replace(items=[item._replace(display_name="Laptops") for item in rows.items])
    console.load(rows)
    assert console.run("diff", *CONTOSO, "--format", "table", *AT).out.splitlines() == [
        "Changes of Contoso (contoso.example)",
        "From nightly (10, oracle), completed 2026-11-22 09:00 UTC, 3 items",
        "to nightly (20, oracle), completed 2026-11-23 08:00 UTC, 3 items",
        "1 gone, 1 changed, 1 added, 1 unchanged",
        "CHANGE   TYPE     IDENTIFIER  NAME     IN",
        "gone     Filters  b           Laptops  -",
        "changed  Filters  c           Laptops  quality",
        "added    Filters  d           Laptops  -",
    ]
