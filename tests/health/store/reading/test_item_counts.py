"""The fleet read's counts from indexes, against `BackupQualityResolver`, item by item, on both engines.

Modules: health.store.reading.snapshot, health.quality.
"""

from __future__ import annotations

from itertools import product
from random import Random

from health.facts import BackupItem, ItemTally
from health.quality import BackupQualityResolver
from health.store.opening.reading import reading_once
from health.store.opening.urls import parse_database_url
from health.store.reading.snapshot import Snapshot
from tests.health.making import LONG_AGO, NOW, POLICY
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow

RESOLVER = BackupQualityResolver(POLICY)

MODES = [None, "", "full", "metadata_only", "Full", "full ", "METADATA_ONLY", "ful\u200bl"]
STATES = [None, "", "captured", "unassigned", "failed", "excluded", "Captured", "unassigned ", "skipped"]
ORPHANS = [0, 1, 2**31 - 1]
WARNINGS = [None, "", "25 of 153 settings"]
DELETED = [None, LONG_AGO]


def as_read(row: ItemRow) -> BackupItem:
    return BackupItem(
        id=row.id,
        policy_type=row.policy_type,
        policy_identifier=row.policy_identifier,
        display_name=row.display_name,
        platform=row.platform,
        capture_mode=row.capture_mode,
        assignments_state=row.assignments_state,
        orphaned_assignments=row.orphaned_assignments,
        integrity_warning=row.integrity_warning,
        captured_at=None,
    )


def fleet_of(items_by_tenant: list[list[ItemRow]]) -> Rows:
    """A tenant for each list of items: its basis has them. An older set and a newer failed one have other items."""
    rows = Rows([], [], [], [])
    item_id = 0
    for number, items in enumerate(items_by_tenant, start=1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", "Contoso", LONG_AGO))
        basis = SetRow(id=3 * number, tenant_id=number, completed_at=NOW, created_at=NOW)
        older = basis._replace(id=3 * number + 1, completed_at=LONG_AGO)
        failed = basis._replace(id=3 * number + 2, status="failed")
        rows.sets.extend([basis, older, failed])
        others = [ItemRow(policy_identifier="other", capture_mode=None) for _ in (older, failed)]
        for set_id, item in [(basis.id, item) for item in items] + [
            (backup_set.id, item) for backup_set, item in zip((older, failed), others, strict=True)
        ]:
            item_id += 1
            identity = f"{item.policy_identifier}-{item_id}"
            rows.items.append(
                item._replace(id=item_id, tenant_id=number, backup_set_id=set_id, policy_identifier=identity)
            )
    return rows


def counted_item_by_item(items: list[ItemRow]) -> ItemTally:
    return RESOLVER.tally(as_read(item) for item in items if item.deleted_at is None)


def counted_by_the_fleet_read(url: str) -> list[ItemTally | None]:
    with reading_once(parse_database_url(url)) as connection:
        facts = Snapshot(connection).facts()
    return [each.tally for each in sorted(facts, key=lambda each: each.tenant.id)]


def compare(url: str, items_by_tenant: list[list[ItemRow]]) -> None:
    load(url, fleet_of(items_by_tenant))
    found = counted_by_the_fleet_read(url)
    assert len(found) == len(items_by_tenant)
    for items, counted in zip(items_by_tenant, found, strict=True):
        assert counted == counted_item_by_item(items), items


def every_item() -> list[ItemRow]:
    return [
        ItemRow(
            capture_mode=mode,
            assignments_state=state,
            orphaned_assignments=orphans,
            integrity_warning=warning,
            deleted_at=deleted,
        )
        for mode, state, orphans, warning, deleted in product(MODES, STATES, ORPHANS, WARNINGS, DELETED)
    ]


def test_every_combination_of_words_in_a_set_of_its_own(database_url: str) -> None:
    items = every_item()
    assert len(items) == 1296
    compare(database_url, [[item] for item in items])


def test_random_sets_of_any_items(database_url: str) -> None:
    random = Random(4711)
    items = every_item()
    compare(database_url, [random.choices(items, k=random.choice([0, 1, 2, 5, 40])) for _ in range(120)])
