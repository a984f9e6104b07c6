"""`e` writes the screen's data to a file and says where; a picture is harmless to look at.

Modules: tui.app, tui.words.export, tui.files.
"""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from health.answers import SETS_PAGE
from tests.oracle.rows import DEFAULT_POLICY, ItemRow
from tests.subject import fleet_report
from tests.tui.screens.driving import Clock, Driver, open_app, watched
from tests.tui.screens.fleets import HOUR, NOW, Facts, small_fleet
from tui.screens.backup_set import BackupSetScreen
from tui.screens.backup_sets import BackupSetsScreen
from tui.screens.choice import ChoiceScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen

FORMS = ("csv", "json", "markdown")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def exported(driver: Driver, form: str, folder: Path) -> str:
    """The file that the export of the shown screen wrote."""
    before = set(folder.iterdir())
    await driver.press("e")
    await driver.arrived(ChoiceScreen)
    await driver.press(*["j"] * FORMS.index(form), "enter")
    (path,) = set(folder.iterdir()) - before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # A toast breaks a path at its own width.
    assert re.search(f"saved(.*as)?{re.escape(str(path))}", "".join(driver.words().split()).replace("▌", ""))
    return path.read_text()


async def test_the_fleet_is_exported_as_its_report(sqlite_url: str, folder: Path) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url, toasts=True, size=(200, 40)) as driver:
        await driver.arrived(TenantsScreen)
        document = json.loads(await exported(driver, "json", folder))
        assert document.pop("bases")
        assert document == fleet_report(url, NOW, DEFAULT_POLICY)
        assert {path.name for path in folder.iterdir()} == {"tenantpilot-tenants-20261123T090000Z.json"}


async def test_a_filtered_fleet_is_exported_filtered_and_says_so(sqlite_url: str, folder: Path) -> None:
    url = small_fleet().load(sqlite_url)
    async with open_app(url, toasts=True, size=(200, 40)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("p", "p", "p", "p")
        shown = driver.shown("#shown")
        note = await exported(driver, "markdown", folder)
        assert f"Here is {shown}." in note
        assert "absent" in note
        rows = list(csv.DictReader(io.StringIO(await exported(driver, "csv", folder))))
        assert {row["posture"] for row in rows} == {"absent"}


async def test_a_tenant_is_exported_as_its_report_and_a_list_as_a_table(sqlite_url: str, folder: Path) -> None:
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.backup_set(tenant, NOW - HOUR, ItemRow(), name="=cmd()|x")
    url = facts.load(sqlite_url)
    async with open_app(url, tenant="contoso.example", toasts=True, size=(200, 40)) as driver:
        await driver.arrived(DashboardScreen)
        document = json.loads(await exported(driver, "json", folder))
        assert document["tenants"] == fleet_report(url, NOW, DEFAULT_POLICY)["tenants"]
        await driver.press("b")
        await driver.arrived(BackupSetsScreen)
        (row,) = csv.DictReader(io.StringIO(await exported(driver, "csv", folder)))
        assert "'=cmd()|x" in row.values()
        (row,) = json.loads(await exported(driver, "json", folder))["rows"]
        assert "=cmd()|x" in row.values()
        table = await exported(driver, "markdown", folder)
        assert "=cmd()\\|x" in table


async def test_facts_too_old_to_confirm_are_not_handed_on(sqlite_url: str, folder: Path) -> None:
    clock = Clock()
    async with open_app(small_fleet().load(sqlite_url), clock=clock, toasts=True) as driver:
        tenants = await driver.arrived(TenantsScreen)
        clock.forward(timedelta(seconds=91))
        await driver.until(lambda: tenants.unconfirmed)
        await driver.press("e")
        assert driver.app.screen is tenants
        assert "these facts are too old to hand on" in driver.words()
    assert list(folder.iterdir()) == []


async def test_an_export_of_some_pages_says_that_it_is_a_part(sqlite_url: str, folder: Path) -> None:
    """A file is handed on without the screen, which says how much there is."""
    facts = Facts()
    tenant = facts.tenant("Contoso")
    facts.tenant("Fabrikam")
    for hours in range(SETS_PAGE + 1):
        facts.backup_set(tenant, NOW - (hours + 1) * HOUR, ItemRow(display_name="Alpha"), ItemRow(display_name="Bravo"))
    async with open_app(facts.load(sqlite_url), toasts=True, size=(200, 40)) as driver:
        await driver.arrived(TenantsScreen)
        await said(driver, "saved /")
        await driver.press("slash", *"contoso", "enter")
        await said(driver, "saved 1 of 2 tenants as /")
        await driver.press("enter")
        await driver.arrived(DashboardScreen)
        await driver.press("b")
        await driver.arrived(BackupSetsScreen)
        await said(driver, f"saved the newest {SETS_PAGE} as /")
        await driver.press("enter")
        await driver.arrived(BackupSetScreen)
        await said(driver, "saved /")
        await driver.press("slash", *"alpha", "enter")
        await said(driver, "saved 1 of 2 items as /")


async def said(driver: Driver, words: str) -> None:
    """Export the screen's data, and expect this sentence."""
    await driver.press("e")
    await driver.arrived(ChoiceScreen)
    await driver.press("enter")
    assert words in driver.words()


async def test_before_there_are_facts_there_is_nothing_to_export(sqlite_url: str) -> None:
    slow = watched(small_fleet().load(sqlite_url))
    held = slow.hold_back("refreshed_fleet")
    async with open_app(slow, toasts=True) as driver:
        await driver.until(held.reached.is_set)
        await driver.press("e")
        assert "nothing to export yet" in driver.words()
        held.let_go()


async def test_a_folder_that_cannot_be_written_to_is_reported(sqlite_url: str, folder: Path) -> None:
    async with open_app(small_fleet().load(sqlite_url), toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        folder.rmdir()
        await driver.press("ctrl+s")
        assert "not saved: No such file or directory" in driver.words()
        assert driver.app.is_running


async def test_a_picture_has_the_words_and_runs_or_fetches_nothing(sqlite_url: str, folder: Path) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant("<script>alert(1)</script>&\x1b[2J", "one"), NOW - HOUR)
    async with open_app(facts.load(sqlite_url), toasts=True, size=(120, 24)) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("ctrl+s")
    (path,) = folder.glob("tenantpilot-screen-*.svg")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    svg = path.read_text()
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg.replace("&#60;", "&lt;").replace("&#62;", "&gt;")
    assert "\x1b" not in svg
    assert "url(" not in svg.replace("url(#", "")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")
