"""The header: the nearest crumbs, the tenant, and a problem while there is one."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.tui.widgets.hosting import hosted, lines, words
from tui.widgets.header_line import HeaderLine, crumbs_that_fit, place_that_fits, words_that_fit


async def test_the_header_keeps_the_nearest_crumbs_and_says_a_problem() -> None:
    header = HeaderLine("fleet@db1 read-only")
    async with hosted(header, size=(60, 10)) as pilot:
        header.crumbs = ("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set")
        header.age = "facts 12s old"
        await pilot.pause()
        first = lines(pilot)[0]
        assert " Contoso > Backup set " in first
        assert "TenantPilot" not in first
        assert "facts 12s old" in first
        await pilot.resize_terminal(160, 10)
        await pilot.pause()
        assert "TenantPilot > Tenants > Contoso > Backup sets > Backup set" in lines(pilot)[0]
        assert "fleet@db1 read-only" in lines(pilot)[0]

        header.problem = "db1 does not answer: [/]\x1b[2J"
        await pilot.pause()
        assert "db1 does not answer: [/]␛[2J" in words(pilot)
        header.problem = ""
        await pilot.pause()
        assert "does not answer" not in words(pilot)


WHOSE = "Contoso (contoso.example)"
WAY = ("TenantPilot", "Tenants", WHOSE, "Backup sets", "Backup set")


@pytest.mark.parametrize(
    ("crumbs", "room", "shown"),
    [
        (("TenantPilot", "Tenants"), 40, "TenantPilot > Tenants"),
        (WAY[:3], 49, f"TenantPilot > Tenants > {WHOSE}"),
        (WAY[:3], 48, f"… > {WHOSE}"),
        (WAY, 56, f"… > {WHOSE} > Backup sets > Backup set"),
        (WAY, 55, f"… > {WHOSE} > Backup set"),
        (WAY, 41, f"{WHOSE} > Backup set"),
        (WAY, 37, WHOSE),
        ((*WAY, "AND - App Protection"), 44, f"{WHOSE} > AND - Ap…tection"),
        (WAY, 24, "Con…so (contoso.example)"),
        (WAY, 20, "C… (contoso.example)"),
        (WAY, 19, "Contoso (….example)"),
        (WAY, 2, "Con…e)"),
    ],
)
def test_the_crumbs_never_leave_out_the_tenant(crumbs: tuple[str, ...], room: int, shown: str) -> None:
    assert crumbs_that_fit(list(crumbs), room) == shown


@pytest.mark.parametrize("production", [True, False])
@pytest.mark.parametrize("age", ["facts 0s old", "facts 12m 59s old", "reading", "no facts"])
@pytest.mark.parametrize(
    "place", ["fleet.db read-only", "eu: triage@db-eu.internal.example/fleet read-only at 2026-11-23 09:00Z"]
)
def test_the_tenant_is_the_last_thing_a_header_gives_up(production: bool, age: str, place: str) -> None:
    """At every width from 60 on, also with a production database with a long name."""
    for here in (WAY[:3], WAY[:4], WAY, (*WAY, "AND - App Protection of everybody's phones")):
        for width in range(60, 240):
            words = words_that_fit(list(here), place, age, width, production=production)
            assert WHOSE in words.crumbs
            assert bool(words.production) is production
            assert words.age.strip() in age
            assert words.age.strip()
            assert (
                sum(cell_len(each) + 2 for each in (words.crumbs, words.production, words.age) if each)
                + cell_len(words.place)
                <= width
            )
    wide = words_that_fit(list(WAY), place, age, 240, production=production)
    assert wide.crumbs == " > ".join(WAY)
    assert (wide.place, wide.age.strip()) == (place, age)


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_a_long_name_with_a_production_database(width: int) -> None:
    header = HeaderLine("eu: triage@db-eu.internal.example/fleet read-only", production=True)
    async with hosted(header, size=(width, 10)) as pilot:
        header.crumbs = ("TenantPilot", "Tenants", "Adventure Works (adventure-works.example)", "Backup set")
        header.age = "facts 12s old"
        await pilot.pause()
        first = lines(pilot)[0]
        assert "Adventure Works (adventure-works.example)" in first
        assert "PROD" in first
        assert "12s old" in first


@pytest.mark.parametrize("production", [True, False])
def test_a_long_name_is_cut_and_the_id_beside_it_is_not(production: bool) -> None:
    whose = "First Up Consultants of the Eastern Provinces (first-up-consultants.example)"
    way = ["TenantPilot", "Tenants", whose, "Backup set"]
    words = words_that_fit(way, "fleet.db read-only", "facts 12s old", 60, production=production)
    assert words.crumbs.startswith("First")
    assert words.crumbs.endswith(" (first-up-consultants.example)")


@pytest.mark.parametrize(
    ("place", "room", "shown"),
    [
        ("fleet.db read-only", 18, "fleet.db read-only"),
        ("fleet.db read-only", 17, "fleet.db"),
        ("triage@db1/fleet read-only", 18, "tria…eet read-only"),
        ("triage@db1/fleet read-only", 17, "triage@db1/fleet"),
        ("triage@db1/fleet read-only at 2026-11-23 09:00Z", 40, "tria…leet read-only at 2026-11-23 09:00Z"),
        ("triage@db1/fleet read-only at 2026-11-23 09:00Z", 35, "triage@…/fleet at 2026-11-23 09:00Z"),
        ("triage@db1/fleet read-only at 2026-11-23 09:00Z", 20, "triage@db1/fleet"),
    ],
)
def test_what_follows_a_databases_name_is_there_whole_or_not_at_all(place: str, room: int, shown: str) -> None:
    assert place_that_fits(place, room) == shown
    assert cell_len(shown) <= room
