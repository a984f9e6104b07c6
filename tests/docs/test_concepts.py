"""`docs/concepts.md`: its tables have every word of the verdict, in the verdict's own order, and no other."""

from __future__ import annotations

import re

from health.coverage import COVERAGE_DAYS
from health.posture import Posture, Reason
from health.quality import ITEM_FAMILIES, SET_FAMILIES
from health.report import CONFIRMING_SCREENS
from health.schedules import Condition
from tests.docs.pages import DOCS
from tui.widgets.coverage_strip import LOOKS, NOT_KNOWN

PAGE = (DOCS / "concepts.md").read_text(encoding="utf-8")


def column(heading: str) -> list[str]:
    """The first column of every table that begins with this heading."""
    tables = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [name for table in tables for name in re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)]


def test_every_posture_and_every_reason() -> None:
    assert column("posture") == [posture.value for posture in Posture]
    assert column("reason") == [reason.value for reason in Reason]


def test_every_family() -> None:
    assert column("family") == [*(family.name for family in ITEM_FAMILIES), *SET_FAMILIES]


def test_every_condition() -> None:
    assert column("condition") == [condition.value for condition in Condition]


def test_every_reason_is_confirmed_where_the_product_leads() -> None:
    named = {
        "backup_sets": "the tenant's backup sets",
        "backup_set": "the basis",
        "schedules": "the tenant's schedules",
    }
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))
    assert rows == {reason.value: named[CONFIRMING_SCREENS[reason]] for reason in Reason}


def test_every_cell_of_the_coverage() -> None:
    section = PAGE.partition("## Coverage\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\W)` \| ([^|]+) \|", section, re.MULTILINE) == [
        *(look[:2] for look in LOOKS.values()),
        (NOT_KNOWN, "unknown"),
    ]
    assert f"the last {COVERAGE_DAYS} days" in section
