"""On every screen `e` writes evidence: whose, which set, judged when, by which window, how it is narrowed.

(docs/screens.md, "Whose it is")

Modules: tui.words.evidence, tui.screens.facts_screen.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.rows import DEFAULT_POLICY
from tests.subject import fleet_report
from tests.tui.screens.driving import open_app, real_resolver
from tests.tui.screens.fleets import DAY, HOUR, NOW, Facts, small_fleet
from tests.tui.screens.walks import WALKS, Stop, every_stop, last_walk, walk, walk_on, walked_fleet, walks_past
from tui.context import Database
from tui.groups import Group, Groups
from tui.place import Place
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen
from tui.words.evidence import Evidence, captured_json, evidence_as

FORMS = ("csv", "json", "markdown")
SIZES = ((60, 20), (80, 24), (120, 40))
OF_THE_FLEET = {"tenants", "causes"}
OF_A_SET = {"backup_set", "captured_item", "last_good_copy"}


@pytest.fixture
def url(sqlite_url: str) -> str:
    return walked_fleet().load(sqlite_url)


async def exported(url: str, keys: str, **context: Any) -> dict[str, str]:
    """The export of the screen at the end of a walk, in every format."""
    async with open_app(url, **context) as driver:
        await walk(driver, keys)
        return {form: driver.facts.exported(form) for form in FORMS}


@pytest.mark.parametrize("stops", walks_past(WALKS), ids=last_walk)
async def test_every_export_says_whose_it_is_and_when_it_was_judged(stops: list[Stop], url: str) -> None:
    with every_stop() as at:
        async with open_app(url) as driver:
            await driver.arrived(TenantsScreen)
            for stop in stops:
                await walk_on(driver, stop.keys)
                with at(stop):
                    found = {form: driver.facts.exported(form) for form in FORMS}
                    assert_says_whose_and_when(stop.name, found)
                    if stop.name in OF_A_SET:
                        assert_names_the_set_and_its_source(found)


def assert_says_whose_and_when(name: str, found: dict[str, str]) -> None:
    if name not in OF_THE_FLEET:
        for form, text in found.items():
            assert "contoso.example" in text, form
            assert "Contoso" in text, form
    for form, text in found.items():
        # An age would be wrong later. Only the screen may show it, because it says how old it is.
        assert " ago" not in text.replace("last visit", ""), form
    document = json.loads(found["json"])
    assert document["evaluated_at"] == "2026-11-23T09:00:00Z"
    window = document.get("policy", document)
    assert window["freshness_window_seconds"] == 86400
    assert "24h" in found["markdown"] or "86400" in found["markdown"]


def assert_names_the_set_and_its_source(found: dict[str, str]) -> None:
    about = json.loads(found["json"])["set"]
    (row, *_) = csv.DictReader(io.StringIO(found["csv"]))
    for each in (about, {key: row[f"set_{key}"] for key in about}):
        assert str(each["source_ref"]) == f"run-{each['id']}"
        assert (each["source"], each["status"], each["error"] or None) == ("intunecd", "completed", None)
        assert each["completed_at"].endswith("Z")
    assert f"set_source_ref: run\\-{about['id']}" in found["markdown"] or f"run-{about['id']}" in found["markdown"]


@pytest.mark.parametrize("keys", ["", "enter"], ids=["fleet", "dashboard"])
async def test_the_report_that_is_exported_names_the_row_of_each_basis(keys: str, url: str) -> None:
    found = await exported(url, keys)
    document = json.loads(found["json"])
    named = {"id": 3, "source": "intunecd", "source_ref": "run-3", "status": "completed"}
    completed_at = {"completed_at": "2026-11-23T08:00:00Z"}
    assert document["bases"] == [{"tenant": "contoso.example"} | named | completed_at]
    # Beside the contract's fields: those are what the report has.
    report = {name: document[name] for name in document if name not in ("bases", "attempts")}
    assert report == fleet_report(url, NOW, DEFAULT_POLICY)
    (row,) = csv.DictReader(io.StringIO(found["csv"]))
    assert {name: row[f"basis_{name}"] for name in named} == {name: str(value) for name, value in named.items()}
    assert (row["basis_completed_at"], row["evaluated_at"]) == ("2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z")
    assert (row["freshness_window_seconds"], row["tenant"]) == ("86400", "contoso.example")
    assert row["part"] == ("Contoso (contoso.example)" if keys else "")


async def test_a_dashboards_export_has_its_attempts_with_their_errors(sqlite_url: str) -> None:
    error = "AADSTS7000222: the secret *expired* " + "on this day " * 30
    facts = Facts()
    contoso = facts.tenant("Contoso")
    facts.backup_set(contoso, NOW - 2 * DAY, source_ref="run-1")
    failed = {"status": "failed", "error": error, "started_at": NOW - 2 * HOUR, "created_at": NOW - 2 * HOUR}
    facts.backup_set(contoso, None, **failed)
    async with open_app(facts.load(sqlite_url), tenant="contoso.example") as driver:
        await driver.arrived(DashboardScreen)
        document = json.loads(driver.facts.exported("json"))
        one, other = document["attempts"]
        assert one["id"] == 2
        assert (one["status"], one["error"], one["completed_at"]) == ("failed", error, None)
        assert one["started_at"] == "2026-11-23T07:00:00Z"
        assert (other["id"], other["source_ref"], other["completed_at"]) == (1, "run-1", "2026-11-21T09:00:00Z")
        assert other["in_the_verdict"] == "basis"
        text = driver.facts.exported("markdown")
        (line,) = (each for each in text.splitlines() if "AADSTS7000222" in each)
        assert "failed" in line
        assert "on this day " * 29 in line
        assert "\\*expired\\*" in line


async def test_an_export_without_a_basis_says_when_it_was_judged(sqlite_url: str) -> None:
    async with open_app(small_fleet().load(sqlite_url)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("2")
        assert json.loads(driver.facts.exported("json"))["bases"] == []
        (row,) = csv.DictReader(io.StringIO(driver.facts.exported("csv")))
        assert (row["tenant"], row["basis_source_ref"]) == ("contoso.example", "")
        assert row["part"] == "1 of 6, only absent, sorted: triage"
        await driver.press("slash", *"zzz", "enter")
        (row,) = csv.DictReader(io.StringIO(driver.facts.exported("csv")))
        assert (row["tenant"], row["evaluated_at"]) == ("", "2026-11-23T09:00:00Z")
        assert row["part"] == "0 of 6, only absent, filter zzz, sorted: triage"
        assert "Here is 0 of 6, only absent, filter zzz, sorted: triage." in driver.facts.exported("markdown")


async def test_an_export_of_a_cause_has_the_whole_cause(sqlite_url: str) -> None:
    error = "AADSTS7000222: the provided client secret keys are expired"
    facts = Facts()
    facts.tenant("Fabrikam")
    facts.backup_set(facts.tenant("Contoso"), None, status="failed", error=error, created_at=NOW - HOUR)
    async with open_app(facts.load(sqlite_url), place=Place(cause=error)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        await driver.until(lambda: tenants.cause is not None)
        (row,) = csv.DictReader(io.StringIO(driver.facts.exported("csv")))
        assert row["part"] == f"1 of 2, cause {error}, sorted: triage"


async def test_the_set_of_a_last_good_copy_says_where_it_came_from(url: str) -> None:
    wanted = {"id": 2, "name": "run 2", "status": "completed", "source": "intunecd", "source_ref": "run-2"}
    for keys in ("enter b j enter", "enter b j enter enter", *WALKS["last_good_copy"]):
        found = await exported(url, keys)
        copies = [row["last_good"] for row in json.loads(found["json"])["rows"] if row["last_good"]]
        assert copies, keys
        assert all(wanted.items() <= copy.items() for copy in copies), keys
        assert "source_ref=run-2" in found["csv"]
    document = json.loads((await exported(url, "enter b j enter enter equals_sign"))["json"])
    assert wanted.items() <= document["from"].items()


async def test_the_two_sets_that_are_compared(url: str) -> None:
    for keys in WALKS["changes"]:
        document = json.loads((await exported(url, keys))["json"])
        assert {document[side]["source_ref"] for side in ("from", "to")} <= {"run-1", "run-2", "run-3"}
        assert document["totals"]["gone"] + document["totals"]["changed"] == len(document["rows"])
    document = json.loads((await exported(url, "enter equals_sign enter"))["json"])
    assert (document["from"]["id"], document["to"]["id"]) == (2, 3)
    assert document["item"]["policy_identifier"].startswith("policy-")


async def test_an_item_is_the_json_it_is_with_its_warning_and_families(url: str) -> None:
    found = await exported(url, "enter b j enter enter")
    assert '"payload": {"n": 7, "digits": 1.10}' in found["json"]
    (row,) = json.loads(found["json"])["rows"]
    assert (row["families"], row["policy_identifier"]) == (["metadata_only"], "policy-0")
    assert row["last_good"]["id"] == 2
    (row,) = csv.DictReader(io.StringIO(found["csv"]))
    assert json.loads(row["payload"]) == {"n": 7, "digits": 1.1}
    assert '    {"n": 7, "digits": 1.10}' in found["markdown"]
    warned = json.loads((await exported(url, "enter b j enter j enter"))["json"])["rows"]
    assert [each["integrity_warning"] for each in warned] == ["the file was cut off"]


async def test_an_item_that_is_gone_is_in_no_family(url: str) -> None:
    rows = json.loads((await exported(url, "enter b j enter"))["json"])["rows"]
    assert [(row["policy_identifier"], row["families"]) for row in rows if row.get("gone")] == [("policy-2", [])]


async def test_families_and_errors_are_in_the_list_of_sets(url: str) -> None:
    rows = json.loads((await exported(url, "enter b"))["json"])["rows"]
    assert [row["error"] for row in rows] == ["AADSTS7000222: expired", None, None, None]
    assert rows[1]["families"] == {"metadata_only": 1, "integrity_warning": 1}
    assert [row["in_the_verdict"] for row in rows] == ["failed", "basis", "older", "older"]


async def test_a_narrowed_set_says_so(url: str) -> None:
    found = await exported(url, "enter b j enter f f f slash 0 enter")
    document = json.loads(found["json"])
    assert document["narrowed_by"] == {"filter": "0", "family": "metadata_only"}
    assert document["part"] == "1 of 2 items"
    assert "filter=0" in found["csv"]
    assert "metadata" in found["markdown"]


async def test_a_filtered_fleets_json_says_how_it_is_narrowed(sqlite_url: str) -> None:
    groups = Groups([Group("gold", ("*",))])
    place = Place(group="gold", filter="-zzz", posture="stale", sort="name")
    async with open_app(small_fleet().load(sqlite_url), groups=groups, place=place) as driver:
        await driver.arrived(TenantsScreen)
        document = json.loads(driver.facts.exported("json"))
        assert document["narrowed_by"] == {"group": "gold", "filter": "-zzz", "posture": "stale"}
        assert [each["name"] for each in document["tenants"]] == ["Fabrikam"]
        await driver.press("escape", "w", "w")
        document = json.loads(driver.facts.exported("json"))
        assert document["narrowed_by"] == {"stale_within": "8h"}
        await driver.press("escape")
        assert "narrowed_by" not in json.loads(driver.facts.exported("json"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"a": 1e2, "b": [1.10]}', True),
        ('{"ä": "‮\x7f😀"}', True),
        ("not json", False),
        ('{"a": NaN}', False),
        ("[" * 100_000, False),
    ],
)
def test_captured_json_is_unchanged_and_harmless_on_a_terminal(text: str, kept: bool) -> None:
    row = {"payload": captured_json(text)}
    written = evidence_as("json", Evidence("x", {}, [row]))
    assert written.isascii()
    assert all(char.isprintable() or char == "\n" for char in written)
    found = json.loads(written)["rows"][0]["payload"]
    assert found == (json.loads(text) if kept else text)


def test_hostile_text_is_inert_in_every_form() -> None:
    row = {"name": "=cmd()|x\x1b[2J<script>", "error": None}
    evidence = Evidence("T\x1b[2J", {"tenant": "*x*", "narrowed_by": {"filter": "=1"}}, [row])
    for form in FORMS:
        text = evidence_as(form, evidence)
        assert "\x1b" not in text
        assert "\n=cmd" not in text
    assert "'=cmd()|x" in evidence_as("csv", evidence)
    assert "<script>" not in evidence_as("markdown", evidence).replace("\\<script\\>", "")
    empty = evidence_as("csv", Evidence("x", {"tenant": "a"}, []))
    assert empty == "tenant\na\n"


async def test_a_confirmed_tenant_and_its_basis_are_named(sqlite_url: str) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("Contoso"), NOW - HOUR, source_ref="run-1", name="nightly")
    found = await exported(facts.load(sqlite_url), "enter")
    assert "Here is Contoso (contoso.example)." in found["markdown"]
    basis = "- Basis: nightly, set 1 from intunecd run-1, completed at 2026-11-23T08:00:00Z"
    assert basis in found["markdown"]


async def test_facts_without_rows_still_say_whose_they_are(sqlite_url: str) -> None:
    facts = Facts()
    facts.tenant("Contoso")
    facts.schedule(1, last_run_at=NOW - timedelta(days=9), created_at=NOW - HOUR)
    url = facts.load(sqlite_url)
    for keys in ("enter b", "enter s enter"):
        found = await exported(url, keys)
        assert all("contoso.example" in text for text in found.values())


@pytest.mark.parametrize("stops", walks_past(set(WALKS) - OF_THE_FLEET), ids=last_walk)
async def test_every_screen_and_picture_says_whose_it_is(
    stops: list[Stop], url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    resolver = real_resolver(url)
    production = Database("triage@db-eu.internal.example/fleet", lambda: resolver, "eu", production=True)
    with every_stop() as at:
        async with open_app(url, size=SIZES[0], database=production) as driver:
            await driver.arrived(TenantsScreen)
            for stop in stops:
                if stop is not stops[0]:
                    await driver.resize(*SIZES[0])
                await walk_on(driver, stop.keys)
                with at(stop):
                    for size in SIZES:
                        await driver.resize(*size)
                        await driver.pump()
                        assert "Contoso (contoso.example)" in driver.lines()[0]
                        assert "PROD" in driver.lines()[0]
                    await driver.press("ctrl+s")
                    (path,) = tmp_path.glob("tenantpilot-contoso.example-*.svg")
                    picture = path.read_text().replace("&#160;", " ")
                    path.unlink()
                    assert "Contoso (contoso.example)" in picture
                    assert "judged at 2026-11-23 09:00:00 UTC" in picture
