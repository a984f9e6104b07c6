"""Captured content is stored once for each tenant and digest, and is removed when no item names it (docs/facts.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from health.digests import digest_of
from health.policy import HealthPolicy
from health.sources.captured import CapturedItem, CapturedSet, CapturedTenant
from health.store.opening.urls import parse_database_url
from health.store.writing.contents import drop_contents_of, drop_unnamed_contents
from health.store.writing.pruning import KeepSince, PrunePlan, PruneRequest, prune
from health.store.writing.sets import ImportSummary, write_set, write_tenant
from health.store.writing.transactions import writing
from tests.health.making import DAY, HOUR, NOW
from tests.health.store.bare import bare
from tests.resolving import resolving

ONE, TWO, THREE = '{"a":1}', '{"a":2}', '{"a":3}'
REFUSED: Final = '{"a":9007199254740993,"b":[1,2]}'


def a_set(number: int, *contents: str | None, tenant: str = "contoso", at: float = 0) -> CapturedSet:
    items = tuple(
        CapturedItem("Roles", f"{place}.json", "A", capture_mode="full", payload=content)
        for place, content in enumerate(contents)
    )
    ended = NOW - HOUR * number
    return CapturedSet(tenant, "nightly", "restic", f"run-{number}", "completed", items, completed_at=ended)


def write(url: str, *sets: CapturedSet) -> ImportSummary:
    summary = ImportSummary()
    with writing(parse_database_url(url)) as connection:
        for captured in sets:
            write_tenant(connection, CapturedTenant(captured.external_id, captured.external_id), NOW)
            summary = summary.plus(write_set(connection, captured, NOW))
    return summary


def stored(url: str) -> list[tuple[int, str]]:
    with bare(url) as store:
        rows = store.execute("SELECT tenant_id, CAST(payload AS text) FROM captured_payloads ORDER BY 1, 2")
    return [(tenant_id, content) for tenant_id, content in rows]


def named(url: str) -> list[tuple[str, bool]]:
    """Each item's digest, and whether it has content in its own row."""
    with bare(url) as store:
        rows = store.execute("SELECT payload_digest, payload FROM backup_items ORDER BY backup_set_id, id")
    return [(digest, payload is not None) for digest, payload in rows]


def bare_of(captured: CapturedSet) -> CapturedSet:
    """The set as `--without-payload` stores it."""
    items = [item._replace(payload=None, payload_digest=digest_of(item.payload or "")) for item in captured.items]
    return captured._replace(items=tuple(items))


def test_the_same_content_is_stored_once_a_tenant(database_url: str) -> None:
    write(database_url, a_set(2, ONE, TWO, ONE), a_set(1, ONE, '{ "a": 2.0 }'), a_set(1, ONE, tenant="fabrikam"))
    assert stored(database_url) == [(1, ONE), (1, TWO), (2, ONE)]
    assert named(database_url) == [(digest_of(each), False) for each in (ONE, TWO, ONE, ONE, TWO, ONE)]


def test_content_is_kept_as_it_came(database_url: str) -> None:
    odd = '{"b": 1e2, "a": [1.10], "n": 12345678901234567890, "s": "\\u0000 \\ud800"}'
    write(database_url, a_set(1, odd))
    with resolving(database_url) as resolver:
        assert resolver.captured("contoso", 1, 1, NOW).payload == odd
    assert stored(database_url) == [(1, odd)]


def test_a_digest_alone_says_that_the_content_was_not_kept(database_url: str) -> None:
    write(database_url, bare_of(a_set(1, ONE)))
    assert (stored(database_url), named(database_url)) == ([], [(digest_of(ONE), False)])
    assert write(database_url, bare_of(a_set(1, ONE))) == ImportSummary(sets_unchanged=1)
    # It comes again with its content.
    assert write(database_url, a_set(1, ONE)) == ImportSummary(sets_replaced=1, items_written=1)
    assert stored(database_url) == [(1, ONE)]


def test_content_of_another_set_changes_nothing_of_one_without(database_url: str) -> None:
    write(database_url, a_set(2, ONE), bare_of(a_set(1, ONE)))
    assert write(database_url, a_set(2, ONE), bare_of(a_set(1, ONE))) == ImportSummary(sets_unchanged=2)
    assert stored(database_url) == [(1, ONE)]


def test_content_in_the_items_of_another_program_is_the_same(database_url: str) -> None:
    write(database_url, a_set(1, None))
    with bare(database_url) as store:
        store.execute(f"UPDATE backup_items SET payload = '{ONE}'")
    assert write(database_url, a_set(1, '{"a": 1.0}')) == ImportSummary(sets_unchanged=1)
    assert write(database_url, a_set(1, TWO)) == ImportSummary(sets_replaced=1, items_written=1)
    assert (stored(database_url), named(database_url)) == ([(1, TWO)], [(digest_of(TWO), False)])


def test_content_that_rfc_8785_refuses_is_compared_by_value(database_url: str) -> None:
    write(database_url, a_set(1, REFUSED))
    spaced = REFUSED.replace(":", ": ")
    assert digest_of(spaced) != digest_of(REFUSED)
    assert write(database_url, a_set(1, spaced)) == ImportSummary(sets_unchanged=1)
    assert write(database_url, a_set(1, REFUSED.replace("3", "4"))) == ImportSummary(sets_replaced=1, items_written=1)


@pytest.mark.parametrize(("set_ids", "left"), [((1,), [ONE, THREE]), ((2,), [ONE, TWO]), ((1, 2), []), ((7,), None)])
def test_content_goes_with_the_last_set_that_names_it(
    database_url: str, set_ids: Sequence[int], left: list[str] | None
) -> None:
    write(database_url, a_set(2, ONE, TWO), a_set(1, ONE, THREE), a_set(1, TWO, tenant="fabrikam"))
    with writing(parse_database_url(database_url)) as connection:
        drop_contents_of(connection, 1, set_ids)
    expected = [ONE, TWO, THREE] if left is None else left
    assert stored(database_url) == [*((1, content) for content in expected), (2, TWO)]


@pytest.mark.parametrize(("tenant_ids", "left"), [(None, []), ([2], [(1, ONE)]), ([], [(1, ONE), (2, ONE)])])
def test_unused_content_is_removed(
    database_url: str, tenant_ids: list[int] | None, left: list[tuple[int, str]]
) -> None:
    for tenant in ("contoso", "fabrikam"):
        write(database_url, a_set(1, ONE, tenant=tenant))
        write(database_url, a_set(1, TWO, tenant=tenant))
    with writing(parse_database_url(database_url)) as connection:
        drop_unnamed_contents(connection, tenant_ids)
    assert stored(database_url) == sorted([*left, (1, TWO), (2, TWO)])


# prune


def pruned(url: str, *, payloads_only: bool) -> PrunePlan:
    with writing(parse_database_url(url)) as connection:
        request = PruneRequest(KeepSince(NOW - 7 * DAY), payloads_only)
        return prune(connection, request, HealthPolicy(), NOW)


def test_prune_removes_the_content_of_sets_that_go(database_url: str) -> None:
    write(database_url, a_set(24 * 9, ONE, TWO), a_set(24 * 8, ONE, THREE), a_set(1, ONE))
    assert [each.set_id for each in pruned(database_url, payloads_only=False).sets] == [1, 2]
    assert stored(database_url) == [(1, ONE)]


def test_prune_of_json_leaves_the_content_of_kept_sets(database_url: str) -> None:
    write(database_url, a_set(24 * 9, ONE, TWO), a_set(24 * 8, ONE), a_set(1, ONE))
    assert pruned(database_url, payloads_only=True).by_tenant() == [("contoso", 1, 1)]
    assert stored(database_url) == [(1, ONE)]
    # Equal digests are equal content, so they stay.
    assert named(database_url) == [(digest_of(each), False) for each in (ONE, TWO, ONE, ONE)]
    assert pruned(database_url, payloads_only=True).sets == ()
