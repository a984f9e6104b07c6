"""The header: the nearest crumbs, whose this is, and a problem while there is one."""

from __future__ import annotations

import pytest

from tests.tui.widgets.hosting import hosted, lines, words
from tui.widgets.header_line import HeaderLine, crumbs_that_fit


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


@pytest.mark.parametrize(
    ("crumbs", "room", "shown"),
    [
        (("TenantPilot", "Tenants"), 40, "TenantPilot > Tenants"),
        (("TenantPilot", "Tenants", "Contoso"), 31, "TenantPilot > Tenants > Contoso"),
        (("TenantPilot", "Tenants", "Contoso"), 30, "… > Contoso"),
        (
            ("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"),
            38,
            "… > Contoso > Backup sets > Backup set",
        ),
        (("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"), 37, "… > Contoso > Backup set"),
        (("TenantPilot", "Tenants", "Contoso", "Backup sets", "Backup set"), 23, "Contoso > Backup set"),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup set"), 30, "Lucerne…blishing > Backup set"),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup sets"), 20, "Luc…ng > Backup sets"),
        (
            ("TenantPilot", "Tenants", "Contoso", "Backup set", "AND - App Protection"),
            29,
            "Contoso > AND - App…rotection",
        ),
        (("TenantPilot", "Tenants", "Lucerne Publishing", "Backup set"), 10, "Luc…ng > Backup set"),
    ],
)
def test_the_crumbs_never_leave_out_whose_this_is(crumbs: tuple[str, ...], room: int, shown: str) -> None:
    assert crumbs_that_fit(list(crumbs), room) == shown
