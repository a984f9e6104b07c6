"""Tenants and schedules, managed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from health.sources.captured import CapturedSchedule
from health.store.opening.errors import StoreConflict
from health.store.opening.reading import reading_once
from health.store.opening.urls import parse_database_url
from health.store.reading.roster import list_schedules, list_tenants
from health.store.writing import roster
from health.store.writing.transactions import statements_of, writing
from tests.health.making import DAY, LONG_AGO, NOW
from tests.health.store.bare import bare

NIGHTLY = CapturedSchedule("contoso", "nightly", cron="0 2 * * *", timezone="Europe/Berlin")


def writes(url: str, *actions: Callable[[Connection], object]) -> None:
    """Run each in its own transaction."""
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
        lambda connection: list_schedules(statements_of(connection), "nobody"),
        lambda connection: roster.have_tenant(connection, "nobody", None, NOW),
    ],
)
def test_an_unknown_tenant_is_refused(url: str, action: Callable[[Connection], object]) -> None:
    with pytest.raises(StoreConflict, match="There is no tenant 'nobody'"):
        writes(url, action)


def test_a_tenant_is_added_only_if_it_is_missing(url: str) -> None:
    writes(
        url,
        lambda connection: roster.have_tenant(connection, "contoso", "Another name", NOW),
        lambda connection: roster.have_tenant(connection, "tailspin", "Tailspin", NOW),
    )
    assert rows(url, "SELECT name FROM tenants ORDER BY id") == [("Contoso",), ("Fabrikam",), ("Tailspin",)]


@pytest.mark.parametrize("moment", range(4))
def test_a_tenant_that_another_run_adds_at_that_moment_is_taken(postgres_url: str, moment: int) -> None:
    """Whatever we have asked by then. In SQLite a writer is alone."""
    asked: list[str] = []
    added: list[str] = []

    def other_run(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not added and (len(asked) == moment or statement.startswith("INSERT")):
            added.append(statement)
            writes(postgres_url, lambda other: roster.add_tenant(other, "contoso", "By the other run", NOW))
        asked.append(statement)

    with writing(parse_database_url(postgres_url)) as connection:
        event.listen(connection, "before_cursor_execute", other_run)
        roster.have_tenant(connection, "contoso", "By this run", NOW)
    assert added
    assert rows(postgres_url, "SELECT name FROM tenants") == [("By the other run",)]


def test_tenants_are_listed_by_external_id_archived_ones_too(url: str) -> None:
    writes(url, lambda connection: roster.archive_tenant(connection, "fabrikam", NOW))
    with reading_once(parse_database_url(url)) as connection:
        listed = list_tenants(connection)
    assert [(row[0], row[1], row[3] is None) for row in listed] == [
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


def test_enabling_counts_from_then_and_twice_is_once(url: str) -> None:
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


def test_schedules_are_listed_by_tenant_and_name_without_deleted(url: str) -> None:
    writes(
        url,
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(name="hourly"), NOW),
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(name="gone"), NOW),
        lambda connection: roster.add_schedule(connection, NIGHTLY._replace(external_id="fabrikam"), NOW),
    )
    with bare(url) as store:
        store.execute("UPDATE backup_schedules SET deleted_at = created_at WHERE name = 'gone'")
    with reading_once(parse_database_url(url)) as connection:
        every = [row[:2] for row in list_schedules(connection, None)]
        one = [row[:2] for row in list_schedules(connection, "fabrikam")]
    assert every == [("contoso", "hourly"), ("contoso", "nightly"), ("fabrikam", "nightly")]
    assert one == [("fabrikam", "nightly")]
