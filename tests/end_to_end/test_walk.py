"""From a red row to the proof in two keys, in a real terminal. Every word and figure on the way equals the report's.

Modules: tui.screens, tui.drillthrough, health.report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.conftest import OpenScreens
from tests.end_to_end.terminal import Terminal

GLYPHS: Final = {"absent": "✕", "stale": "▲", "degraded": "◆", "follow-up": "◷", "healthy": "✓", "unreadable": "?"}
FAMILIES: Final = {
    "unknown_quality": "unknown quality",
    "metadata_only": "metadata only",
    "assignments_not_captured": "assignments not captured",
    "orphaned_assignments": "orphaned assignments",
    "integrity_warning": "integrity warning",
    "incomplete_run": "incomplete run",
    "empty_set": "empty set",
    "missing_items": "missing items",
    "contradictory_run": "contradictory run",
}
COUNTED: Final = set(FAMILIES) - {"incomplete_run", "empty_set", "contradictory_run"}
CONDITIONS: Final = {
    "cannot_evaluate": "cannot be evaluated",
    "stuck": "stuck: running for",
    "never_ran": "never ran",
    "overdue": "overdue by",
    "not_planned": "no next run planned",
    "last_run_unsuccessful": "last run",
    "success_without_backup": "success reported",
}
SCREENS: Final = {"backup_sets": "Backup sets", "backup_set": "Backup set", "schedules": "Schedules"}


def state(tenant: dict[str, Any]) -> str:
    """The word with which a tenant of the report is shown."""
    if tenant["posture"] is None:
        return "unreadable"
    if tenant["posture"] == "healthy":
        return "healthy" if tenant["confirmed"] else "follow-up"
    return str(tenant["posture"])


def span(seconds: int) -> str:
    """A span in its largest unit and the next smaller one, without the second if it is zero."""
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    for (unit, size), (smaller, part) in zip(units, [*units[1:], ("", 1)], strict=True):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size}{unit}" + (f" {rest}{smaller}" if rest and unit in "dh" else "")
    return "0s"


def latest_backup(tenant: dict[str, Any]) -> str:
    """The age of the latest backup in words, from the report's figures."""
    if tenant["posture"] is None:
        return "-"
    if tenant["basis"] is None:
        return "never"
    age = tenant["basis"]["age_seconds"]
    return f"{span(age)} ago" if age > 0 else f"in {span(-age)}"


def listed_rows(terminal: Terminal) -> Iterator[list[str]]:
    """The rows of the list on the screen, as cells."""
    headings = next(place for place, line in enumerate(terminal.lines) if "POSTURE" in line)
    # Above the keys two lines show the row under the cursor in full.
    for line in terminal.lines[headings + 1 : -3]:
        if line.strip():
            yield re.split(r"\s{2,}", line[2:])


def every_row(terminal: Terminal, number: int) -> list[list[str]]:
    """All rows, page by page."""
    found: dict[str, list[str]] = {}

    def taken() -> bool:
        found.update({"".join(row): row for row in listed_rows(terminal)})
        return len(found) >= number

    while not taken():
        known = len(found)
        terminal.press("pagedown")
        terminal.until(lambda known=known, found=found: taken() or len(found) > known, "another page")  # type: ignore[misc]
        terminal.settles()
        # A half-drawn page would mix two rows.
        found = dict(list(found.items())[:known])
    return list(found.values())


def with_reason(document: dict[str, Any], reason: str) -> dict[str, Any]:
    """The tenant of the report that has this reason and the most other ones."""
    having = [tenant for tenant in document["tenants"] if reason in tenant["reasons"]]
    return max(having, key=lambda tenant: len(tenant["reasons"]))


def open_tenant(terminal: Terminal, tenant: dict[str, Any]) -> None:
    """Filter for a tenant and open its dashboard."""
    terminal.press("/", *tenant["tenant"], "enter")
    terminal.sees("1 of 40,", f"> {GLYPHS[state(tenant)]}")
    terminal.sees("Latest attempts", after=["enter"])


def test_the_list_is_the_report(demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any]) -> None:
    totals = demo_report["totals"]
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    terminal.settles()
    for word, count in {
        "unreadable": totals["unreadable"],
        "absent": totals["absent"],
        "stale": totals["stale"],
        "degraded": totals["degraded"],
        "follow-up": totals["healthy"] - totals["confirmed"],
        "healthy": totals["confirmed"],
    }.items():
        assert f"{GLYPHS[word]} {count} {word}" in terminal.words
    assert f"{totals['tenants']} tenants" in terminal.words

    rows = every_row(terminal, totals["tenants"])
    assert len(rows) == totals["tenants"]
    for row, tenant in zip(rows, demo_report["tenants"], strict=True):
        assert row[0] == f"{GLYPHS[state(tenant)]} {state(tenant)}"
        # The middle of a name that does not fit is left out.
        beginning, _, ending = row[1].partition("…")
        assert tenant["name"].startswith(beginning)
        assert tenant["name"].endswith(ending)
        assert row[2] == latest_backup(tenant)
        for family, count in (tenant["basis"] or {"families": {}})["families"].items():
            # Without the plural's letter, because the number may be one.
            words = f"{count} {FAMILIES[family].removesuffix('s')}" if family in COUNTED else FAMILIES[family]
            why = row[3].removesuffix("…")
            assert words in why or row[3].endswith("…")

    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_restored
    assert terminal.after_screens == ""


def test_a_wide_window_has_more_columns_and_the_same_figures(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any]
) -> None:
    terminal = open_screens(demo_file, size=(200, 50))
    terminal.sees("sorted: triage", "GOES STALE", "DEGRADED")
    terminal.settles()
    rows = list(listed_rows(terminal))
    assert len(rows) == 40
    for row, tenant in zip(rows, demo_report["tenants"], strict=True):
        basis = tenant["basis"]
        assert row[1] == tenant["name"]
        assert row[4] == ("-" if basis is None else f"{basis['degraded_items']}/{basis['items']}")
        for entry in (tenant["schedules"] or {"follow_up": []})["follow_up"][:1]:
            assert entry["name"] in row[5]
            assert CONDITIONS[entry["conditions"][0]] in row[5]


ITEMS: Final = {
    "no_backup_basis": "> No backup basis",
    "latest_backup_stale": "> Latest backup is stale",
    "latest_backup_degraded": "> Latest backup is degraded",
    "schedule_follow_up": "need",
}


def test_from_each_kind_of_reason_to_its_proof_and_back(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any]
) -> None:
    terminal = open_screens(demo_file)
    for reason, item in ITEMS.items():
        tenant = with_reason(demo_report, reason)
        terminal.sees("40 tenants, sorted")
        open_tenant(terminal, tenant)
        terminal.sees(f"{GLYPHS[state(tenant)]} {state(tenant)}", latest_backup(tenant), "Needs attention")

        terminal.press(*"j" * tenant["reasons"].index(reason))
        at_item = partial(_is_marked, terminal, item)
        terminal.until(at_item, item)
        terminal.press("enter")
        confirm = next(each for each in tenant["confirm"] if each["reason"] == reason)
        terminal.until(partial(_crumb_is, terminal, SCREENS[confirm["screen"]]), "the crumb of the proof")
        terminal.sees(*proof(tenant, reason))
        assert "healthy" not in terminal.screen

        terminal.press("backspace")
        terminal.until(at_item, item)
        terminal.press("backspace")
        terminal.sees("1 of 40,")
        # In the list Esc clears the filter, and never quits.
        terminal.press("escape")
    terminal.sees("40 tenants, sorted")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_restored


def _is_marked(terminal: Terminal, item: str) -> bool:
    return any(line.lstrip().startswith(">") and item in line for line in terminal.lines)


def _crumb_is(terminal: Terminal, name: str) -> bool:
    return f"> {name} " in terminal.lines[0]


def proof(tenant: dict[str, Any], reason: str) -> list[str]:
    """The words and figures that confirm a reason, from the report."""
    basis = tenant["basis"]
    if reason == "no_backup_basis":
        return ["No backup basis:"]
    if reason == "schedule_follow_up":
        entries = tenant["schedules"]["follow_up"]
        # The row under the cursor is shown in full, the others at least with their first words.
        first = [f"{len(entries)} need", entries[0]["name"][:12]]
        return [*first, *(CONDITIONS[condition] for condition in entries[0]["conditions"])]
    completed = basis["completed_at"].replace("T", " ").split(".")[0].rstrip("Z")
    recency = [f"{completed} UTC", "window 24h" if basis["freshness"] != "in_the_future" else "tolerance"]
    if reason == "latest_backup_stale":
        return [*recency, "▲ stale", latest_backup(tenant)]
    counted = [
        FAMILIES[name] if name not in COUNTED else f"{FAMILIES[name]}: {count:,}"
        for name, count in basis["families"].items()
    ]
    degraded = basis["degraded_items"]
    return [*counted, f"{degraded} of {basis['items']} items degraded"]


def test_a_confirmed_tenant_has_the_check_and_its_limit(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any]
) -> None:
    confirmed = next(tenant for tenant in demo_report["tenants"] if tenant["confirmed"])
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    open_tenant(terminal, confirmed)
    terminal.sees("✓ healthy", "This does not prove that a restore will succeed.")
    assert "Needs attention" not in terminal.screen


def test_a_start_at_a_place_has_its_way_back(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any]
) -> None:
    tenant = with_reason(demo_report, "latest_backup_degraded")
    terminal = open_screens(demo_file, "--tenant", tenant["tenant"], "--screen", "backup_set")
    terminal.sees("Degradation families", f"of {tenant['basis']['items']} items degraded")
    terminal.press("backspace")
    terminal.sees("The basis governs")
    terminal.press("backspace")
    terminal.sees("Latest attempts")
    terminal.press("backspace")
    terminal.sees("sorted: triage")
    terminal.press("backspace", "q")
    assert terminal.ends() == 0
