"""Every finding in words."""

from __future__ import annotations

import re

import pytest

from health.doctor.finding import Finding, Trouble
from health.instants import NOT_SAID
from tui.words.findings import named, said_of

FIGURES = {
    "ahead_seconds": -400,
    "behind_seconds": 100,
    "missing_tenants": 2,
    "tenants_of_these_sources": 3,
    "tenants_with_an_interval": 5,
    "window_seconds": 86_400,
    "suggested_window_seconds": 93_600,
    "longest_interval_seconds": 604_800,
    "tenants_of_the_fleet": 1_200,
    "with_a_disabled_one": 1,
    "schedules": 4,
    "days": 30,
}


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("names", [("ana",), ("ana", "ben")], ids=["one", "two"])
def test_each_is_two_whole_sentences(trouble: Trouble, names: tuple[str, ...]) -> None:
    said = said_of(Finding(trouble, names, FIGURES))
    for sentence in said:
        assert re.fullmatch(r"[^{}]+\.", sentence)
        assert re.match(r"[A-Z0-9]", sentence)


def test_figures_and_numbers() -> None:
    assert said_of(Finding(Trouble.CLOCK_DIFFERS, (), FIGURES)).found == (
        "The database's clock is 6m behind this machine's: every age is wrong by that."
    )
    assert said_of(Finding(Trouble.WINDOW_TOO_SHORT, ("a", "b", "c"), FIGURES)) == (
        "Of 5 tenants whose interval is known 3 are backed up no more often than the window of 24h: they go stale"
        " before the next backup is there.",
        'Write freshness_window = "26h" under [backup_health].',
    )
    assert said_of(Finding(Trouble.NO_SCHEDULE, ("a",), FIGURES)).found.startswith(
        "1 of 1,200 tenants have no enabled schedule (1 with a disabled one): "
    )
    without_disabled = {**FIGURES, "with_a_disabled_one": 0}
    assert "schedule: a run" in said_of(Finding(Trouble.NO_SCHEDULE, ("a",), without_disabled)).found
    assert said_of(Finding(Trouble.SOURCE_NOT_SYNCED, ("git",), FIGURES)).mend.startswith("Run 'tenantpilot sync git'")
    assert said_of(Finding(Trouble.SOURCE_NOT_SYNCED, ("a", "b"), FIGURES)).mend.startswith("Run 'tenantpilot sync',")
    silent = {"behind_seconds": int(NOT_SAID.total_seconds())}
    assert "does not say how old" in said_of(Finding(Trouble.STANDBY_BEHIND, (), silent)).found


def test_names_and_groups() -> None:
    finding = Finding(Trouble.EQUAL_CONTENT, tuple("abcde"), {}, (("a", "b"), ("c", "d", "e")))
    assert named(finding, 5) == "a = b, c = d = e"
    assert named(finding, 1) == "a = b and 1 more"
    assert named(Finding(Trouble.REFUSED_BY_LAST_SYNC, tuple("abc")), 3) == "a, b, c"
    assert named(Finding(Trouble.REFUSED_BY_LAST_SYNC, tuple("abc")), 2) == "a, b and 1 more"
    assert named(Finding(Trouble.NO_TENANT), 5) == ""
