"""Tenants and schedules looked after by hand, and what imports ask about earlier sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from health.captured import CapturedItem, CapturedSchedule, CapturedSet, CapturedTenant
from health.store import roster
from health.store.engines import reading_once, writing
from health.store.errors import StoreConflict
from health.store.urls import parse_database_url
from health.store.writing import write_set, write_tenant
from tests.health.making import DAY, HOUR, LONG_AGO, NOW, TICK
from tests.health.store.bare import bare

NIGHTLY = CapturedSchedule("contoso", "nightly", cron="0 2 * * *", timezone="Europe/Berlin")


def writes(url: str, *actions: Callable[[Connection], object]) -> None:
    """Each in a transaction of its own."""
    for action in actions:
        with writing(parse_database_url(url)) as connection:
            action(connection)


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with bare(url) as store:
        return store.execute(statement)


@pytest.fixture
def url(database_url: str) -> str:
    """Two tenants; the first has a schedule."""
    writes(
        database_url,
        lambda connection: roster.add_tenant(connection, "contoso", "Contoso", LONG_AGO),
        lambda connection: roster.add_tenant(connection, "fabrikam", "Fabrikam", LONG_AGO),
        lambda connection: roster.add_schedule(connection, NIGHTLY, LONG_AGO),
    )
    return database_url


def test_a_tenant_is_added_once(url: str) -> None:
    with pytest.raises(StoreConflict, match="There is a tenant 'contoso' already"):
        writes(url, lambda connection: roster.add_tenant(connection, "contoso", "Another", NOW))
    assert rows(url, "SELECT external_id, name FROM tenants ORDER BY id") == [
        ("contoso", "Contoso"),
        ("fabrikam", "Fabrikam"),
    ]


def test_an_external_id_of_an_archived_tenant_is_taken(url: str) -> None:
    writes(url, lambda connection: roster.archive_tenant(connection, "contoso", NOW))
    with pytest.raises(StoreConflict, match="already"):
        writes(url, lambda connection: roster.add_tenant(connection, "contoso", "Contoso", NOW))


def test_renaming_changes_one_name(url: str) -> None:
    writes(url, lambda connection: roster.rename_tenant(connection, "contoso", "Contoso Ltd"))
    assert rows(url, "SELECT name FROM tenants ORDER BY id") == [("Contoso Ltd",), ("Fabrikam",)]


def test_archiving_and_back(url: str) -> None:
    writes(url, lambda connection: roster.archive_tenant(connection, "contoso", NOW))
    ((archived,),) = rows(url, "SELECT archived_at FROM tenants WHERE external_id = 'contoso'")
    assert str(archived)[:19] == "2026-11-23 09:00:00"
    writes(url, lambda connection: roster.archive_tenant(connection, "contoso", None))
    assert rows(url, "SELECT archived_at FROM tenants") == [(None,), (None,)]


@pytest.mark.parametrize(
    "action",
    [
        lambda connection: roster.rename_tenant(connection, "nobody", "x"),
        lambda connection: roster.archive_tenant(connection, "nobody", NOW),
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(external_id="nobody"), NOW),
        lambda connection: roster.enable_schedule(connection, "nobody", "nightly", NOW),
        lambda connection: roster.disable_schedule(connection, "nobody", "nightly"),
        lambda connection: roster.list_schedules(connection, "nobody"),
        lambda connection: roster.have_tenant(connection, "nobody", None, NOW),
    ],
)
def test_nobody_is_nobody(url: str, action: Callable[[Connection], object]) -> None:
    with pytest.raises(StoreConflict, match="There is no tenant 'nobody'"):
        writes(url, action)


def test_having_a_tenant_adds_it_only_if_it_is_not_there(url: str) -> None:
    writes(
        url,
        lambda connection: roster.have_tenant(connection, "contoso", "Another name", NOW),
        lambda connection: roster.have_tenant(connection, "tailspin", "Tailspin", NOW),
    )
    assert rows(url, "SELECT name FROM tenants ORDER BY id") == [("Contoso",), ("Fabrikam",), ("Tailspin",)]


def test_tenants_are_listed_by_external_id_archived_ones_too(url: str) -> None:
    writes(url, lambda connection: roster.archive_tenant(connection, "fabrikam", NOW))
    with reading_once(parse_database_url(url)) as connection:
        listed = roster.list_tenants(connection)
    assert [(row.external_id, row.name, row.archived_at is None) for row in listed] == [
        ("contoso", "Contoso", True),
        ("fabrikam", "Fabrikam", False),
    ]


# Schedules


def test_a_schedule_is_added_enabled_and_once(url: str) -> None:
    with pytest.raises(StoreConflict, match="has a schedule 'nightly' already"):
        writes(url, lambda connection: roster.add_schedule(connection, NIGHTLY, NOW))
    writes(url, lambda connection: roster.add_schedule(connection, NIGHTLY._replace(external_id="fabrikam"), NOW))
    found = rows(
        url, "SELECT tenant_id, name, is_enabled, cron, timezone, enabled_at FROM backup_schedules ORDER BY id"
    )
    assert [(tenant, name, bool(enabled), *rest) for tenant, name, enabled, *rest in found] == [
        (1, "nightly", True, "0 2 * * *", "Europe/Berlin", None),
        (2, "nightly", True, "0 2 * * *", "Europe/Berlin", None),
    ]


def test_the_name_of_a_deleted_schedule_is_free(url: str) -> None:
    with bare(url) as store:
        store.execute("UPDATE backup_schedules SET deleted_at = created_at")
    with pytest.raises(StoreConflict, match="has no schedule 'nightly'"):
        writes(url, lambda connection: roster.enable_schedule(connection, "contoso", "nightly", NOW))
    writes(url, lambda connection: roster.add_schedule(connection, NIGHTLY, NOW))
    assert len(rows(url, "SELECT id FROM backup_schedules")) == 2


def state(url: str) -> list[tuple[bool, str | None]]:
    found = rows(url, "SELECT is_enabled, CAST(enabled_at AS text) FROM backup_schedules ORDER BY id")
    return [(bool(enabled), None if since is None else since[:19]) for enabled, since in found]


def test_enabling_counts_from_then_and_enabling_what_is_enabled_changes_nothing(url: str) -> None:
    def enable(at: datetime) -> None:
        writes(url, lambda connection: roster.enable_schedule(connection, "contoso", "nightly", at))

    enable(NOW)
    assert state(url) == [(True, None)]
    writes(url, lambda connection: roster.disable_schedule(connection, "contoso", "nightly"))
    assert state(url) == [(False, None)]
    enable(NOW)
    assert state(url) == [(True, "2026-11-23 09:00:00")]
    enable(NOW + DAY)
    assert state(url) == [(True, "2026-11-23 09:00:00")]
    writes(url, lambda connection: roster.disable_schedule(connection, "contoso", "nightly"))
    assert state(url) == [(False, "2026-11-23 09:00:00")]


def test_only_the_tenants_own_schedule_is_changed(url: str) -> None:
    writes(
        url,
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(external_id="fabrikam"), NOW),
        lambda connection: roster.disable_schedule(connection, "fabrikam", "nightly"),
    )
    assert state(url) == [(True, None), (False, None)]


def test_schedules_are_listed_by_tenant_and_name_without_deleted_ones(url: str) -> None:
    writes(
        url,
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(name="hourly"), NOW),
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(name="gone"), NOW),
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(external_id="fabrikam"), NOW),
    )
    with bare(url) as store:
        store.execute("UPDATE backup_schedules SET deleted_at = created_at WHERE name = 'gone'")
    with reading_once(parse_database_url(url)) as connection:
        every = [row[:2] for row in roster.list_schedules(connection, None)]
        one = [row[:2] for row in roster.list_schedules(connection, "fabrikam")]
    assert every == [("contoso", "hourly"), ("contoso", "nightly"), ("fabrikam", "nightly")]
    assert one == [("fabrikam", "nightly")]


# What earlier sets had


def a_run(reference: str, completed_at: datetime, *types: str, **columns: Any) -> CapturedSet:
    usual = CapturedSet(
        external_id="contoso",
        name="run",
        source="intunecd",
        source_ref=reference,
        status="completed",
        items=tuple(CapturedItem(policy_type, "a.json", "A") for policy_type in types),
        completed_at=completed_at,
    )
    return usual._replace(**columns)


@pytest.fixture
def runs(url: str) -> Iterator[Connection]:
    captured = [
        a_run("oldest", NOW - 3 * DAY, "Filters", "Roles"),
        a_run("older", NOW - DAY, "Roles", "Scripts"),
        a_run("newest", NOW - HOUR, "Roles"),
        a_run("partial", NOW, "Apps", status="partial"),
        a_run("running", NOW, "Apps", status="running"),
        a_run("deleted", NOW, "Apps", deleted_at=NOW),
        a_run("other source", NOW, "Apps", source="tenuvault"),
        a_run("other tenant", NOW, "Apps", external_id="fabrikam"),
    ]
    with writing(parse_database_url(url)) as connection:
        for each in captured:
            write_set(connection, each, NOW)
        yield connection


def types_of(connection: Connection, *, before: datetime | None = None) -> set[str]:
    return set(roster.types_of_last_completed_set(connection, "contoso", "intunecd", before=before))


def test_the_types_of_the_last_completed_set_of_a_source(runs: Connection) -> None:
    assert types_of(runs) == {"Roles"}
    assert types_of(runs, before=NOW) == {"Roles"}
    # Strictly earlier, so that importing a run again does not compare it with itself.
    assert types_of(runs, before=NOW - HOUR) == {"Roles", "Scripts"}
    assert types_of(runs, before=NOW - HOUR + TICK) == {"Roles"}
    assert types_of(runs, before=NOW - DAY) == {"Filters", "Roles"}
    assert types_of(runs, before=NOW - 9 * DAY) == set()


def test_of_two_runs_of_one_instant_the_later_written_counts(runs: Connection) -> None:
    write_set(runs, a_run("tie", NOW - HOUR, "Wi-Fi"), NOW)
    assert types_of(runs) == {"Wi-Fi"}


def test_types_of_deleted_items_are_no_longer_expected(runs: Connection) -> None:
    gone = CapturedItem("Filters", "a.json", "A", deleted_at=NOW)
    write_set(runs, a_run("newest", NOW - HOUR, "Roles")._replace(items=(gone,)), NOW)
    assert types_of(runs) == set()


def test_of_nobody_and_of_another_source_nothing_is_expected(runs: Connection) -> None:
    assert roster.types_of_last_completed_set(runs, "nobody", "intunecd") == frozenset()
    assert roster.types_of_last_completed_set(runs, "contoso", "velero") == frozenset()


def test_the_references_of_completed_sets(runs: Connection) -> None:
    write_tenant(runs, CapturedTenant("contoso", "Contoso"), NOW)
    found = roster.known_references(runs, "contoso", "intunecd")
    assert found == {"oldest", "older", "newest", "deleted"}
    assert roster.known_references(runs, "nobody", "intunecd") == frozenset()
