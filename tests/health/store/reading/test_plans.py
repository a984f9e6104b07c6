"""The databases' plans for the reading statements: from indexes, per tenant, with and without statistics.

The statements are caught on their way to the driver. Each is explained on the same connection, because the
connection's settings are part of the plan.

Modules: health.store.reading.snapshot, health.store.writing.tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from health.answers import SetKey
from health.posture import TenantBackupHealth, judge
from health.store.opening.reading import reading_once
from health.store.opening.statements import Asked, Statements
from health.store.opening.urls import parse_database_url
from health.store.reading import examination_statements, history_statements
from health.store.reading.snapshot import Snapshot
from tests.health.making import NOW, POLICY, facts_of
from tests.health.store.reading.stages import Stages
from tests.statements import before_each_statement

UNREADABLE_ITEM_INDEXES = ["ix_backup_items_deletion_unknown", "ix_backup_items_orphans_unknown"]
COUNTING_INDEXES = [
    "ix_backup_items_present",
    "ix_backup_items_degraded",
    "ix_backup_items_not_recorded",
    "ix_backup_items_unknown_quality",
    "ix_backup_items_metadata_only",
    "ix_backup_items_assignments_not_captured",
    "ix_backup_items_orphaned_assignments",
    "ix_backup_items_integrity_warning",
]

UNREADABLE_SET_INDEXES = ["ix_backup_sets_no_instant", "ix_backup_sets_deletion_unknown"]
"""Indexes over all tenants that should be empty: they are scanned as a whole. In SQLite the indexes of unreadable items
are first searched for any row, and only then set by set."""


class Explained(NamedTuple):
    """A statement with the lines of its plan."""

    statement: str
    plan: list[str]


Ask = Callable[[Statements], object]


def explain(url: str, ask: Ask) -> list[Explained]:
    """The statements of a question to a database, each with its plan."""
    with reading_once(parse_database_url(url)) as connection:
        caught = caught_while(ask, connection)
    # In its own transaction, because a question may end the transaction in which it is asked.
    with reading_once(parse_database_url(url)) as connection:
        prefix = "EXPLAIN QUERY PLAN " if url.startswith("sqlite") else "EXPLAIN "
        return [
            Explained(
                each.statement, [str(row[-1]) for row in connection.rows(prefix + each.statement, each.parameters)]
            )
            for each in caught
        ]


def caught_while(ask: Ask, connection: Statements) -> list[Asked]:
    caught: list[Asked] = []
    with before_each_statement(caught.append):
        ask(connection)
    return caught


def ask_fleet(connection: Statements) -> object:
    return Snapshot(connection).facts()


def ask_tenant(connection: Statements) -> object:
    return Snapshot(connection).facts(("tenant-1",))


def ask_tenants(connection: Statements) -> object:
    return Snapshot(connection).facts(("tenant-1", "tenant-2", "nobody"))


def health_of_one() -> TenantBackupHealth:
    return judge(facts_of(None), POLICY, NOW)


def ask_first_page(connection: Statements) -> object:
    return Snapshot(connection).sets(health_of_one(), POLICY, 30)


def ask_next_page(connection: Statements) -> object:
    happened = "2026-01-01 02:00:00.000000" + ("+00" if connection.dialect == "postgresql" else "")
    return Snapshot(connection).sets(health_of_one(), POLICY, 30, SetKey(happened, 102))


def ask_set(connection: Statements) -> object:
    return Snapshot(connection).set_of(health_of_one(), POLICY, 100)


def ask_items(connection: Statements) -> object:
    return Snapshot(connection).items(1, 100)


def ask_captured(connection: Statements) -> object:
    return Snapshot(connection).captured(1, 100, 10000)


def scanned(url: str, plan: list[str]) -> list[str]:
    """Lines that scan all sets or all items, except the tiny indexes of unreadable sets."""
    if url.startswith("sqlite"):
        return [
            line
            for line in plan
            if re.match(r"SCAN (backup_sets|backup_items|item|lost|candidate)\b", line)
            and not any(f"INDEX {index}" in line for index in UNREADABLE_SET_INDEXES + UNREADABLE_ITEM_INDEXES)
        ]
    # An index scan without a condition is a full scan too. The condition stands in the next line.
    return [
        line
        for line, following in zip(plan, [*plan[1:], ""], strict=True)
        if re.search(r"Scan( Backward)?( using \S+)? on backup_(sets|items)\b", line)
        and not following.lstrip().startswith(("Index Cond", "Recheck Cond"))
        and not any(f"using {index}" in line for index in UNREADABLE_SET_INDEXES)
    ]


def indexes_of(url: str, plan: list[str], table: str) -> list[str]:
    """The indexes by which a table is read, in the order of the plan."""
    pattern = rf"SEARCH {table} USING (?:COVERING )?INDEX (\S+)"
    if not url.startswith("sqlite"):
        pattern = rf"using (\S+) on \S+ {table}\b"
    return [found[1] for line in plan if (found := re.search(pattern, line))]


def counted_by(url: str, explained: list[Explained]) -> list[str]:
    (plan,) = [each.plan for each in explained if "count(*)" in each.statement]
    return indexes_of(url, plan, r"item(?:_\d)?")


@pytest.mark.parametrize("ask", [ask_fleet, ask_tenant, ask_tenants, ask_first_page, ask_next_page, ask_set])
def test_sets_and_items_are_never_scanned_and_counts_are_indexed(staged: Stages, ask: Ask) -> None:
    for stage, url in staged:
        explained = explain(url, ask)
        assert explained
        for statement, plan in explained:
            assert scanned(url, plan) == [], (stage, statement, plan)
        # Each once, in any order.
        assert sorted(counted_by(url, explained)) == sorted(UNREADABLE_ITEM_INDEXES + COUNTING_INDEXES), stage


@pytest.mark.parametrize("ask", [ask_items, ask_captured])
def test_the_items_of_one_set_are_found_by_their_key(staged: Stages, ask: Ask) -> None:
    for stage, url in staged:
        for statement, plan in explain(url, ask):
            assert scanned(url, plan) == [], (stage, statement, plan)


@pytest.mark.parametrize("ask", [ask_fleet, ask_tenant, ask_tenants])
def test_the_latest_set_and_unreadable_ones_come_from_an_index(staged: Stages, ask: Ask) -> None:
    for stage, url in staged:
        explained = explain(url, ask)
        (latest,) = [each.plan for each in explained if "candidate" in each.statement]
        assert indexes_of(url, latest, "candidate") == ["ix_backup_sets_latest"], (stage, latest)
        assert not any("TEMP B-TREE" in line or "Sort" in line for line in latest), (stage, latest)
        (lost,) = [each.plan for each in explained if each.statement.startswith("SELECT tenant_id, id, 'completed_at'")]
        assert re.findall(r"(?:using|on|INDEX) (ix_\w+)", "\n".join(lost)) == UNREADABLE_SET_INDEXES, (stage, lost)


@pytest.mark.parametrize("narrowed", [False, True])
def test_content_is_compared_from_tenant_to_tenant(staged: Stages, narrowed: bool) -> None:
    def ask(connection: Statements) -> None:
        dialect = connection.dialect
        ids: dict[str, list[int]] = {"tenant_ids": list(range(1, 50))} if narrowed else {}
        connection.rows(examination_statements.basis_ends(dialect))
        connection.rows(examination_statements.basis_contents(dialect, narrowed), ids)
        connection.rows(history_statements.first_sets(dialect, narrowed), ids)

    for stage, url in staged:
        # Without rows one plan is as good as another.
        for statement, plan in explain(url, ask) if "analysed" in stage else ():
            assert scanned(url, plan) == [], (stage, statement, plan)


@pytest.mark.parametrize("ask", [ask_tenant, ask_tenants])
def test_named_tenants_are_never_looked_for_among_all_others(staged: Stages, ask: Ask) -> None:
    for stage, url in staged:
        for statement, plan in explain(url, ask):
            among_all = (
                [line for line in plan if re.match(r"SCAN (tenants|backup_schedules)\b", line)]
                if url.startswith("sqlite")
                else [
                    line
                    for line, following in zip(plan, [*plan[1:], ""], strict=True)
                    if re.search(r"Scan( using \S+)? on (tenants|backup_schedules)\b", line)
                    and not following.lstrip().startswith(("Index Cond", "Recheck Cond"))
                ]
            )
            assert among_all == [], (stage, statement, plan)


@pytest.mark.parametrize("ask", [ask_fleet, ask_tenant])
def test_in_sqlite_no_count_looks_at_a_row_of_an_item(sqlite_staged: Stages, ask: Ask) -> None:
    """By the byte code: cursors on the table itself are opened, but no column is read through one."""
    for stage, url in sqlite_staged:
        with reading_once(parse_database_url(url)) as connection:
            (counts,) = [each for each in caught_while(ask, connection) if "count(*)" in each.statement]
            ((page,),) = connection.rows("SELECT rootpage FROM sqlite_master WHERE name = 'backup_items'")
            code = connection.rows("EXPLAIN " + counts.statement, counts.parameters)
        cursors = {row[2] for row in code if row[1] == "OpenRead" and row[3] == page}
        assert [row for row in code if row[1] == "Column" and row[2] in cursors] == [], stage


def test_in_postgresql_counts_read_indexes_only(postgres_staged: Stages) -> None:
    for stage, url in postgres_staged:
        for ask, counts in ((ask_fleet, 10), (ask_tenant, 10)):
            (plan,) = [each.plan for each in explain(url, ask) if "count(*)" in each.statement]
            lines = [line for line in plan if "backup_items" in line]
            assert len(lines) == counts
            assert all("Index Only Scan" in line for line in lines), (stage, lines)
            assert not any("Filter" in following for following in _after(plan, lines)), stage


def _after(plan: list[str], lines: list[str]) -> list[str]:
    """The two lines after each of these: its condition, and its filter if there is one."""
    return [
        following.strip()
        for place, line in enumerate(plan)
        if line in lines
        for following in plan[place + 1 : place + 3]
        if following.strip().startswith(("Index Cond", "Filter"))
    ]
