"""Items on disk: as they came, in the order of their lines (docs/import-facts.md, "Any other tool: import facts")."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from health.sources.captured import NOT_DELETED, CapturedItem, RefusedInput
from health.sources.fact_spool import ItemSpool, SpooledItems

AT = datetime(2026, 11, 23, 2, 14, 30, 123456, UTC)
FULL = CapturedItem(
    *("path", "/srv", "/srv é\n", "linux", "full", "captured", 2, "w", AT, AT, "[1]", '{"a":1}', "sha256:aa")
)


def an_item(identifier: str, policy_type: str = "path") -> CapturedItem:
    return CapturedItem(policy_type, identifier, identifier)


@pytest.mark.parametrize("item", [FULL, FULL._replace(deleted_at=NOT_DELETED), an_item("/srv"), an_item("")])
def test_an_item_comes_back_as_it_was(item: CapturedItem) -> None:
    spool = ItemSpool()
    spool.add(0, 1, item)
    assert list(spool.items(0)) == [item]


def test_each_set_has_its_items_in_the_order_of_their_lines() -> None:
    spool = ItemSpool()
    for line, (set_number, name) in enumerate([(1, "z"), (0, "b"), (1, "a"), (0, "a"), (1, "m")], 1):
        assert spool.add(set_number, line, an_item(name)) == line
    assert [item.policy_identifier for item in spool.items(1)] == ["z", "a", "m"]
    items = SpooledItems(spool, 0, 2)
    assert (len(items), tuple(items), items[1]) == (2, (an_item("b"), an_item("a")), an_item("a"))
    assert tuple(items) == tuple(items)


def test_the_first_line_about_an_item_counts() -> None:
    spool = ItemSpool()
    spool.add(0, 7, FULL)
    assert spool.add(0, 9, FULL._replace(display_name="another")) == 7
    assert spool.add(1, 9, FULL) == 9
    assert spool.add(0, 10, FULL._replace(policy_type="other")) == 10
    assert next(spool.items(0)) == FULL


def test_a_full_disk_is_a_refusal() -> None:
    spool = ItemSpool()
    spool._file.execute("PRAGMA max_page_count = 8")
    large = an_item("x" * 100_000)
    with pytest.raises(RefusedInput, match=r"do not fit into the folder of temporary files .*: set TMPDIR to"):
        spool.add(0, 1, large)
