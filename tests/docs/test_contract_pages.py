"""`docs/facts.md`, `docs/documents.md` and `docs/screens.md` have the columns, keys and screens of the product."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from health.store.writing.tables import metadata
from tests.docs.pages import DOCS, blocks
from tests.docs.test_pointers import headings
from tests.health.making import NOW, POLICY, a_schedule, a_set, judged
from tests.subject import report_document
from tui.routes import ROUTES

FACTS = (DOCS / "facts.md").read_text(encoding="utf-8")


def columns_on_the_page(table: str) -> dict[str, bool]:
    """The columns of a table by name in their order, each with whether it may be null."""
    section = FACTS.partition(f"\n## `{table}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\|([^|]*)\|", section, re.MULTILINE)
    return {name: null.strip() == "yes" for name, null in rows}


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_is_on_the_page(table: Any) -> None:
    page = columns_on_the_page(table.name)
    there = {column.name: column.nullable for column in table.columns}
    assert {name: null for name, null in page.items() if name in there} == there


def test_the_report_on_the_page_has_the_keys_of_a_report() -> None:
    verdict = judged(a_set(completed_at=NOW - 3 * POLICY.freshness_window, status="partial"), a_schedule())
    product = report_document([verdict], POLICY, NOW)
    page = json.loads(blocks("documents.md", "json")[0])
    assert list(page) == list(product)
    for key in ("policy", "totals"):
        assert list(page[key]) == list(product[key])
    (shown,), (entry,) = page["tenants"], product["tenants"]
    assert list(shown) == list(entry)
    for key in ("basis", "schedules"):
        assert list(shown[key]) == list(entry[key])
    assert [list(way) for way in shown["confirm"]][:2] == [list(way) for way in entry["confirm"]][:2]


def test_every_screen_has_its_heading() -> None:
    wanted = {route.name.replace("_", " ").capitalize() for route in ROUTES}
    assert wanted - headings("docs/screens.md") == set()
