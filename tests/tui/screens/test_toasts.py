"""The app's messages take the line of the key hints, and cover no row.

Modules: tui.app.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screens.driving import open_app
from tests.tui.screens.fleets import Facts
from tui.screens.tenants import TenantsScreen


@pytest.mark.parametrize("size", [(80, 24), (60, 12), (200, 50)])
async def test_only_the_last_line_and_the_last_words(sqlite_url: str, size: tuple[int, int]) -> None:
    facts = Facts()
    for number in range(60):
        facts.tenant(f"Tenant {number:02}", f"t{number:02}")
    async with open_app(facts.load(sqlite_url), toasts=True, size=size) as driver:
        await driver.arrived(TenantsScreen)
        before = driver.lines()
        await driver.press("y", "y")
        await driver.until(lambda: "sent to the terminal's clipboard: t00" in driver.lines()[-1])
        assert driver.lines()[:-1] == before[:-1]
        # The second message replaces the first: two would need two lines.
        await driver.press("j", "y")
        await driver.until(lambda: "sent to the terminal's clipboard: t01" in driver.lines()[-1])
        assert "t00" not in driver.lines()[-2]


async def test_a_path_is_whole(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("a long name " * 10) / ("and another one " * 8)
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    facts = Facts()
    facts.tenant("Contoso", "contoso.example")
    async with open_app(facts.load(sqlite_url), toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        await driver.press("ctrl+s")
        (written,) = folder.iterdir()
        path = "".join(str(written).split())
        await driver.until(lambda: path in "".join(driver.text().replace("▌", "").split()))


@pytest.mark.parametrize("length", [72, 73, 78, 79, 80, 156, 158])
async def test_words_that_just_fill_a_line_are_whole(sqlite_url: str, length: int) -> None:
    facts = Facts()
    facts.tenant("Contoso", "contoso.example")
    path = "/" + "a" * (length - 2) + "Z"
    async with open_app(facts.load(sqlite_url), toasts=True) as driver:
        await driver.arrived(TenantsScreen)
        driver.app.say(f"saved {path}")
        await driver.until(lambda: path in "".join(driver.text().replace("▌", "").split()), path)
