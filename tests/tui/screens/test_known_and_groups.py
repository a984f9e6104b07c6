"""Known reasons and groups stand beside a verdict, and change no verdict, no place and no count.

Modules: tui.screens.tenants, tui.screens.dashboard, tui.pilot, tui.groups, tui.known_notes, tui.words.known_words.
"""

from __future__ import annotations

import pickle
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from health.known import KnownEntry
from health.posture import Reason
from tests.tui.screens.driving import cells, listed, open_app
from tests.tui.screens.fleets import DAY, NOW, small_fleet
from tui.commands.options import Invocation
from tui.commands.session import session_of
from tui.groups import Group, Groups
from tui.known_notes import KnownNotes, read_notes
from tui.place import Place
from tui.screens.dashboard import DashboardScreen
from tui.screens.tenants import TenantsScreen

STALE: Final = "fabrikam.example"
ENTRY: Final = KnownEntry(STALE, Reason.LATEST_BACKUP_STALE, NOW + timedelta(hours=9), "ana", "ticket 4711")
WORDS: Final = "known until Mon 18:00, ana: ticket 4711"
GOLD: Final = Groups([Group("gold", ("fab*", "contoso.example"), "ana")])


@pytest.fixture
def url(sqlite_url: str) -> str:
    return small_fleet().load(sqlite_url)


def notes(*entries: KnownEntry) -> KnownNotes:
    return KnownNotes(entries, "", {each.tenant: f"line 7: there is no tenant {each.tenant!r}" for each in entries})


async def seen(url: str, **context: Any) -> tuple[list[Any], str, list[list[str]]]:
    """The verdicts in their order, the counts, and the cells of the verdict's columns."""
    async with open_app(url, size=(160, 40), **context) as driver:
        tenants = await driver.arrived(TenantsScreen)
        rows = [
            [row[name].text for name in ("POSTURE", "TENANT", "LATEST BACKUP", "DEGRADED")] for row in cells(tenants)
        ]
        return listed(tenants), driver.shown("#counts"), rows


async def test_the_fleets_verdicts_are_the_same_with_and_without(url: str) -> None:
    alone = await seen(url)
    assert await seen(url, known=notes(ENTRY), groups=GOLD) == alone


async def test_the_fleets_verdicts_are_the_same_as_the_settings_have_them(url: str, tmp_path: Path) -> None:
    """With known reasons, groups and views in the file; under a view the tenants that it leaves have the same ones."""
    known_file(tmp_path, "2026-11-23T18:00:00Z")
    config = tmp_path / "tenantpilot.toml"
    config.write_text(
        f'[known]\nfile = "known.toml"\n[groups.gold]\ntenants = ["{STALE}"]\nowner = "ana"\n'
        '[views.morning]\ngroup = "gold"\nposture = "stale"\nsort = "name"\n'
    )
    config.chmod(0o600)
    invocation = Invocation(config=config, database=url)
    verdicts, counts, rows = await seen(url)
    for view in (None, "morning"):
        context = session_of(invocation).context(invocation, Place(), view)
        given = {"known": context.known, "groups": context.groups, "place": context.place}
        found, counted, shown = await seen(url, **given)
        assert counted == counts
        assert found == [each for each in verdicts if view is None or each.tenant.external_id == STALE]
        assert shown == [each for each in rows if view is None or each[1] == "Fabrikam"]


async def test_what_is_known_stands_beside_the_verdict(url: str) -> None:
    async with open_app(url, size=(160, 40), known=notes(ENTRY)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        why = {row["TENANT"].text: row["WHY"].text for row in cells(tenants)}
        assert why["Fabrikam"] == f"latest backup is stale; {WORDS}"
        assert not any("known" in words for name, words in why.items() if name != "Fabrikam")
        await driver.open_tenant(STALE)
        await driver.arrived(DashboardScreen)
        assert WORDS in driver.shown("#beside")
        assert "▲ stale" in driver.words()


async def test_the_filter_finds_what_is_known(url: str, tmp_path: Path) -> None:
    path = known_file(tmp_path, "2026-11-23T18:00:00Z")
    async with open_app(url, known=read_notes(path)) as driver:
        tenants = await driver.arrived(TenantsScreen)
        whole = len(listed(tenants))
        for words, found in (("ticket ANA: 18:00", 1), ("-4711", whole - 1), ("4711 -ana:", 0), ("bob:", 0)):
            await driver.press("slash")
            await driver.enter_words(words)
            assert len(listed(tenants)) == found, words
            await driver.press("escape")
        await driver.press("slash")
        await driver.enter_words("bob:")
        path.write_text(path.read_text().replace("ana", "bob"))
        await driver.press("enter", "r")
        await driver.until(lambda: [health.tenant.external_id for health in listed(tenants)] == [STALE])


async def test_an_entry_whose_time_is_up_says_so(url: str) -> None:
    async with open_app(url, known=notes(ENTRY._replace(until=NOW - 2 * DAY)), tenant=STALE) as driver:
        await driver.arrived(DashboardScreen)
        await driver.until(lambda: driver.shown("#beside") == "expired 2d ago, ana: ticket 4711")


async def test_an_entry_without_a_tenant_makes_nothing_known(url: str) -> None:
    async with open_app(url, known=notes(ENTRY, ENTRY._replace(tenant="nobody.example"))) as driver:
        await driver.arrived(TenantsScreen)
        assert "line 7: there is no tenant 'nobody.example'" in driver.words()
        assert "known until" not in driver.words()
    async with open_app(url, known=KnownNotes((), "line 3: until is missing", {})) as driver:
        await driver.arrived(TenantsScreen)
        assert "line 3: until is missing" in driver.words()


def known_file(folder: Path, *until: str) -> Path:
    """Write a file with an entry for the stale tenant for each of these ends; only this user can write it."""
    path = folder / "known.toml"
    path.write_text(
        "".join(
            f'[[known]]\ntenant = "{STALE}"\nreason = "latest_backup_stale"\nuntil = {each}\nwho = "ana"\n'
            'why = "ticket 4711"\n'
            for each in until
        )
    )
    path.chmod(0o600)
    return path


async def test_the_file_is_read_again_when_it_changed(url: str, tmp_path: Path) -> None:
    path = known_file(tmp_path)
    async with open_app(url, size=(160, 40), known=read_notes(path)) as driver:
        await driver.arrived(TenantsScreen)
        assert "known until" not in driver.words()
        known_file(tmp_path, "2026-11-23T18:00:00Z")
        await driver.press("r")
        await driver.until(lambda: WORDS in driver.words())
        known_file(tmp_path, "2026-11-23T18:00:00")
        await driver.press("r")
        await driver.until(lambda: "line 1: until must be an instant" in driver.words())
        assert "known until" not in driver.words()
        path.unlink()
        await driver.press("r")
        await driver.until(lambda: "known.toml does not exist" in driver.words())
        known_file(tmp_path, "2026-11-23T18:00:00Z")
        await driver.press("r")
        await driver.until(lambda: WORDS in driver.words())
        assert "does not exist" not in driver.words()


async def test_a_dashboard_looks_at_the_file_too(url: str, tmp_path: Path) -> None:
    known_file(tmp_path)
    async with open_app(url, known=read_notes(tmp_path / "known.toml"), tenant=STALE) as driver:
        await driver.arrived(DashboardScreen)
        assert driver.shown("#beside") == ""
        known_file(tmp_path, "2026-11-23T18:00:00Z")
        await driver.press("r")
        await driver.until(lambda: driver.shown("#beside") == WORDS)
        path = known_file(tmp_path, "2026-11-23T18:00:00Z")
        path.write_text(path.read_text().replace(STALE, "nobody.example"))
        await driver.press("r")
        await driver.until(lambda: "line 1: there is no tenant 'nobody.example'" in driver.shown("#beside"))


async def test_a_verdict_judged_again_keeps_its_known_reasons(url: str) -> None:
    """A verdict whose time is up makes a new view. A wrong file stays reported in it."""
    async with open_app(url, known=notes(ENTRY, ENTRY._replace(tenant="nobody.example"))) as driver:
        tenants = await driver.arrived(TenantsScreen)
        again = tenants.judged_again(tenants.facts, NOW + 9 * DAY)
        assert again.answer.verdicts != tenants.facts.answer.verdicts
        assert again.notes is tenants.facts.notes
        assert again.notes is not None
        assert again.notes.by_tenant == {}


async def test_a_key_copies_an_entry_for_each_reason(url: str) -> None:
    async with open_app(url, toasts=True) as driver:
        await driver.open_tenant(STALE)
        await driver.arrived(DashboardScreen)
        await driver.press("K")
        entry = tomllib.loads(driver.app.clipboard)["known"]
        assert entry == [
            {"tenant": STALE, "reason": "latest_backup_stale", "until": NOW + DAY, "who": "", "why": ""},
        ]
        await driver.press("escape")
        await driver.arrived(TenantsScreen)
        await driver.press("end", "K")
        await driver.until(lambda: "this tenant has no reason" in driver.words())


async def test_groups_are_a_column_a_filter_word_and_the_owner(url: str) -> None:
    async with open_app(url, size=(120, 40), groups=GOLD) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert "GROUP" in driver.text()
        assert {row["TENANT"].text: row["GROUP"].text for row in cells(tenants)}["Contoso"] == "gold"
        await driver.resize(119, 40)
        await driver.until(lambda: "GROUP" not in driver.text())
        await driver.press("slash")
        await driver.enter_words("group:gold")
        assert {health.tenant.name for health in listed(tenants)} == {"Fabrikam", "Contoso"}
        await driver.press("enter", "enter")
        await driver.arrived(DashboardScreen)
        assert driver.shown("#beside") == "group gold, owner ana"


async def test_a_tenant_in_two_groups_is_said_and_breaks_nothing(url: str) -> None:
    groups = Groups([Group("gold", ("fab*",)), Group("silver", ("*",))])
    async with open_app(url, size=(160, 40), groups=groups) as driver:
        tenants = await driver.arrived(TenantsScreen)
        assert "tenant 'fabrikam.example' is in two groups, gold and silver" in driver.words()
        assert {row["TENANT"].text: row["GROUP"].text for row in cells(tenants)}["Fabrikam"] == ""


def test_the_settings_reach_the_screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from the second process, which sends them to the first."""
    monkeypatch.chdir(tmp_path)
    until = "2026-11-27T18:00:00Z"
    (tmp_path / "known.toml").write_text(
        f'[[known]]\ntenant = "a"\nreason = "latest_backup_stale"\nuntil = "{until}"\nwho = "ana"\nwhy = "w"\n'
    )
    (tmp_path / "known.toml").chmod(0o600)
    config = tmp_path / "tenantpilot.toml"
    config.write_text('[known]\nfile = "known.toml"\n[groups.gold]\ntenants = ["a"]\nowner = "ana"\n')
    config.chmod(0o600)
    invocation = Invocation(config=config, database=f"sqlite:///{tmp_path / 'x.db'}")
    context = session_of(invocation).context(invocation)
    sent = pickle.loads(pickle.dumps((context.known, context.groups)))
    assert sent[0].entries[0].who == "ana"
    assert "there is no tenant 'a'" in sent[0].without_tenant["a"]
    assert sent[1].of("a").owner == "ana"
