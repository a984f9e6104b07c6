"""Changes, last good copies, causes, known reasons, groups and the past, in a real terminal.

Modules: tui.screens.causes, tui.screens.changes, tui.screens.last_good_copy, tui.screens.runs, tui.screens.tenants.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.conftest import NOW, OpenScreens, Run, url_of

SIZES: Final = ((80, 24), (120, 40))


@pytest.fixture(params=SIZES, ids=["80x24", "120x40"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


def document(run: Run, database: Path, *command: str) -> dict[str, Any]:
    done = run(*command, "--format", "json", "--database", url_of(database), "--now", NOW)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def with_a_copy(run: Run, database: Path, report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tenants with an item that was whole before, and the item."""
    for tenant in report["tenants"]:
        if "latest_backup_degraded" in tenant["reasons"]:
            items = document(run, database, "last-good", "--tenant", tenant["tenant"])["items"]
            yield from ((tenant["tenant"], item) for item in items if item["families"] and item["last_good"])


def test_a_cause_and_its_tenants(demo_file: Path, open_screens: OpenScreens, run: Run, size: tuple[int, int]) -> None:
    causes = document(run, demo_file, "causes")
    terminal = open_screens(demo_file, size=size)
    terminal.sees("sorted: triage")
    first, totals = causes["causes"][0], causes["totals"]
    terminal.press("o")
    terminal.sees(f"{totals['tenants']} tenants in need of attention, {totals['causes']} causes", first["cause"])
    terminal.press("enter")
    terminal.sees(f"{first['tenants']} of 40, cause")
    terminal.press("escape")
    terminal.sees("40 tenants, sorted")
    terminal.press("q")
    assert terminal.ends() == 0


def test_changes_and_a_last_good_copy(
    demo_file: Path, open_screens: OpenScreens, run: Run, demo_report: dict[str, Any], size: tuple[int, int]
) -> None:
    tenant, item = next(with_a_copy(run, demo_file, demo_report))
    terminal = open_screens(demo_file, "--tenant", tenant, size=size)
    terminal.sees("Latest attempts")
    terminal.press("=")
    terminal.sees("Changes", "From ", "unchanged")
    terminal.press("backspace")
    terminal.sees("Latest attempts")
    terminal.press("q")
    assert terminal.ends() == 0
    identity = f"{item['policy_type']}/{item['policy_identifier']}"
    place = ("--tenant", tenant, "--screen", "last_good_copy", "--item", identity)
    terminal = open_screens(demo_file, *place, size=size)
    terminal.sees("Last good copy", "last whole", "An earlier copy says nothing about now")
    assert "✓" not in terminal.screen
    terminal.press("q")
    assert terminal.ends() == 0


def test_the_runs_of_a_schedule(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any], size: tuple[int, int]
) -> None:
    tenant = next(each for each in demo_report["tenants"] if (each["schedules"] or {}).get("follow_up"))
    terminal = open_screens(demo_file, "--tenant", tenant["tenant"], "--screen", "schedules", size=size)
    terminal.sees("Schedules: ")
    terminal.press("enter")
    terminal.sees("DURATION", "follow-up: ")
    terminal.press("q")
    assert terminal.ends() == 0


def test_known_reasons_and_groups(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any], tmp_path: Path
) -> None:
    """They stand beside the verdicts, which equal a report without them, and are read again when the file changes."""
    tenant = next(each for each in demo_report["tenants"] if each["posture"] == "absent")
    known = tmp_path / "known.toml"
    settings = tmp_path / "tenantpilot.toml"
    groups = '[groups.gold]\ntenants = ["*"]\nowner = "ana"\n'
    settings.write_text(f'[known]\nfile = "known.toml"\n[ui]\nrefresh = "0s"\n{groups}')
    end = "until = 2026-11-27T18:00:00Z\n"
    entries = "".join(
        f'[[known]]\ntenant = "{tenant["tenant"]}"\nreason = "{each}"\nwho = "ana"\nwhy = "ticket 4711"\n{end}'
        for each in tenant["reasons"]
    )
    known.write_text(entries)
    for file in (known, settings):
        file.chmod(0o600)
    where = ("--config", str(settings), "--tenant", tenant["tenant"])
    terminal = open_screens(demo_file, *where)
    terminal.sees("✕ absent", "group gold, owner ana", "known until Fri 18:00, ana: ticket 4711")
    known.write_text(entries.replace(end, "", 1))
    terminal.press("r")
    terminal.sees("line 1: until is missing")
    assert "known until" not in terminal.screen
    terminal.press("backspace")
    totals = demo_report["totals"]
    terminal.sees(f"✕ {totals['absent']} absent", f"▲ {totals['stale']} stale", "sorted: triage")
    terminal.press("q")
    assert terminal.ends() == 0


def test_the_past(demo_file: Path, open_screens: OpenScreens, size: tuple[int, int], run: Run) -> None:
    then = "2026-11-20T09:00:00Z"
    done = run("report", "--format", "json", "--database", url_of(demo_file), "--now", NOW, "--as-of", then)
    totals = json.loads(done.stdout)["totals"]
    terminal = open_screens(demo_file, "--as-of", then, size=size)
    terminal.sees(
        "as of 2026-11-20 09:00Z: schedules and deletions unknown, nothing confirmed",
        f"✕ {totals['absent']} absent",
        f"○ {totals['healthy']} unconfirmed",
    )
    assert "✓" not in terminal.screen
    terminal.press("q")
    assert terminal.ends() == 0
