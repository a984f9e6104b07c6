"""An import is written whole or not at all, and its error is one sentence."""

from __future__ import annotations

import pytest

from health.sources.captured import CapturedFacts, CapturedSet, CapturedTenant
from health.sources.door import Door
from health.store.opening.errors import StoreConflict, StoreError
from health.store.opening.urls import parse_database_url
from health.store.writing.input_order import write_facts
from health.store.writing.sets import ImportSummary
from health.store.writing.transactions import writing
from tests.health.making import NOW
from tests.health.store.bare import bare
from tests.health.store.writing.test_sets import CONTOSO, FACTS, ITEMS, NIGHTLY, a_run, column, everything, write


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (CapturedFacts(sets=(a_run(external_id="nobody"),)), "There is no tenant 'nobody'"),
        (CapturedFacts(schedules=(NIGHTLY._replace(external_id="nobody"),)), "There is no tenant 'nobody'"),
        (CapturedFacts(sets=(a_run(schedule="weekly"),)), "has no schedule 'weekly'"),
    ],
)
def test_facts_of_an_unknown_tenant_are_refused(database_url: str, facts: CapturedFacts, sentence: str) -> None:
    write(database_url, FACTS)
    with pytest.raises(StoreConflict, match=sentence):
        write(database_url, facts)


BROKEN = (
    a_run(source_ref="run-2", items=(ITEMS[0], ITEMS[0])),
    a_run(source_ref="run-2", items=(*ITEMS, ITEMS[0]._replace(policy_identifier="z", orphaned_assignments=-1))),
    a_run(source_ref="run-2", completed_at=None),
    a_run(items=(ITEMS[1]._replace(policy_identifier="new"),) * 2),
    a_run(source_ref="run-2", external_id="nobody"),
)


@pytest.mark.parametrize("broken", BROKEN)
def test_an_error_in_the_middle_leaves_nothing_of_an_import(database_url: str, broken: CapturedSet) -> None:
    write(database_url, FACTS)
    before = everything(database_url)
    facts = CapturedFacts(
        (CONTOSO._replace(name="Renamed"), CapturedTenant("new.example", "New")),
        (NIGHTLY._replace(cron=None), NIGHTLY._replace(name="weekly")),
        (a_run(source_ref="run-0", name="before"), a_run(name="changed"), broken, a_run(source_ref="run-3")),
    )
    with pytest.raises(StoreError) as refused:
        write(database_url, facts)
    assert "\n" not in str(refused.value)
    assert everything(database_url) == before


def test_a_clash_with_a_stored_row_is_a_conflict_and_not_a_fault(database_url: str) -> None:
    with pytest.raises(StoreConflict, match="nothing was written"):
        write(database_url, FACTS._replace(sets=BROKEN[:1]))


def test_an_import_that_is_interrupted_leaves_nothing(database_url: str) -> None:
    before = everything(database_url)

    def interrupted() -> None:
        with writing(parse_database_url(database_url)) as connection:
            write_facts(connection, FACTS, NOW, Door(as_given=True))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert everything(database_url) == before


def test_bytes_that_are_not_text_are_replaced_like_any_change(sqlite_url: str) -> None:
    write(sqlite_url, FACTS)
    with bare(sqlite_url) as store:
        store.execute("UPDATE tenants SET name = CAST(x'ff' AS TEXT)")
        store.execute("UPDATE backup_sets SET name = CAST(x'ff' AS TEXT)")
        store.execute("UPDATE backup_items SET display_name = CAST(x'ff' AS TEXT), payload = 'no JSON'")
    assert write(sqlite_url, FACTS) == ImportSummary(sets_replaced=1, items_written=2)
    assert column(sqlite_url, "backup_sets", "name") == ["nightly"]
    assert write(sqlite_url, FACTS) == ImportSummary(sets_unchanged=1)
