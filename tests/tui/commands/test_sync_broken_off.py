"""`tenantpilot sync` in a real terminal: its bar, and Ctrl-C, which keeps whole sets (docs/sync.md).

Modules: tui.commands.sync, tui.commands.sync_import.
"""

from __future__ import annotations

import json
import re
from typing import Final

import pytest

from tests.end_to_end.terminal import Terminal
from tests.health.sources.trees import plant, policy
from tests.tui.commands.recorder import TENANTPILOT, Recorder

TENANTS: Final = 150
ITEMS: Final = 3
INTERRUPTED: Final = "tenantpilot: Interrupted: whole sets stay; the next sync goes on from there."
FLEET: Final = """
[sources.nightly]
kind = "intunecd"
path = "backups/*"
tenant = "{folder}"
completed_at = "newest-file"
cron = "30 2 * * *"
"""


@pytest.fixture
def fleet(recorder: Recorder) -> Recorder:
    """A machine with a settings file and many backups beside it."""
    (recorder.folder / "tenantpilot.toml").write_text(FLEET)
    recorder.env |= {"TENANTPILOT_CONFIG": str(recorder.folder / "tenantpilot.toml"), "TERM": "xterm-256color"}
    for number in range(TENANTS):
        files = {f"Filters/{item}.json": policy(f"{number} {item}") for item in range(ITEMS)}
        plant(recorder.folder / "backups" / f"tenant-{number:03}", files)
    return recorder


def done_of(terminal: Terminal) -> int:
    """The progress that the bar shows, in per cent."""
    return max(map(int, re.findall(r"(\d+)%", terminal.screen)), default=0)


def test_ctrl_c_keeps_whole_sets_and_the_next_one_goes_on(fleet: Recorder) -> None:
    with Terminal([TENANTPILOT, "sync", "--jobs", "2"], fleet.env, cwd=fleet.folder) as terminal:
        terminal.until(lambda: done_of(terminal) >= 4, "some sets")
        terminal.press("ctrl+c")
        assert terminal.ends() == 130
        assert terminal.is_restored
        assert INTERRUPTED in terminal.lines
        assert "Traceback" not in terminal.text
    sets, items = fleet.rows("backup_sets"), fleet.rows("backup_items")
    assert 0 < len(sets) < TENANTS
    assert {stored["status"] for stored in sets} == {"completed"}
    assert len(items) == ITEMS * len(sets)
    # From the beginning every tenant is in the fleet, with its schedule.
    assert len(fleet.rows("tenants")) == len(fleet.rows("backup_schedules")) == TENANTS
    ran = {row["tenant_id"] for row in fleet.rows("backup_schedules") if row["last_run_at"] is not None}
    assert ran == {stored["tenant_id"] for stored in sets}
    done = json.loads(fleet.tenantpilot("sync", "--format", "json").stdout)
    assert done["totals"] == {
        "tenants": TENANTS,
        "new": TENANTS - len(sets),
        "unchanged": len(sets),
        "refused": 0,
    }


def test_the_bar_is_for_terminals_and_its_end_is_the_lines(fleet: Recorder) -> None:
    (fleet.folder / "backups" / "tenant-000" / "Filters" / "0.json").unlink()
    with Terminal([TENANTPILOT, "sync"], fleet.env, cwd=fleet.folder) as terminal:
        assert terminal.ends() == 0
        assert "Sources" in terminal.text
        assert "100%" in terminal.text
        assert "nightly: 150 tenants: 150 new" in terminal.lines
    assert fleet.tenantpilot("sync").stderr == b""
