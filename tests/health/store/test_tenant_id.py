"""`tenant_id` is in every key, constraint, index, join and filter of the three large tables.

So tenants never mix, and a distributed PostgreSQL can keep each tenant's rows on one node. The statements are caught
on their way to the driver (docs/facts.md, "The facts").

Modules: health.store.writing.tables, health.store.reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import Inspector

from health.answers import SetKey
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.urls import parse_database_url
from health.store.reading.fleet_statements import unreadable_candidates
from health.store.writing.tables import metadata
from tests.engines import ONE_SERVER
from tests.health.making import DAY, LONG_AGO, NOW
from tests.health.store.bare import Bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow
from tests.statements import statements

OF_A_TENANT: Final = ("backup_schedules", "backup_sets", "backup_items", "captured_payloads")

# The schema


@pytest.fixture(scope="module")
def inspector(shared_url: str) -> Iterator[Inspector]:
    engine = create_engine(shared_url.replace("postgresql://", "postgresql+psycopg://"))
    yield inspect(engine)
    engine.dispose()


def indexes(store: Bare, table: str) -> dict[str, str]:
    """Every index of a table, also those of its keys and constraints, with its first column."""
    listed = (
        "SELECT list.name, info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info"
        " WHERE info.seqno = 0"
    )
    if store.dialect == "postgresql":
        listed = (
            "SELECT indexrelid::regclass::text, attname FROM pg_index JOIN pg_attribute ON attrelid = indexrelid"
            " WHERE attnum = 1 AND indrelid = CAST(? AS regclass)"
        )
    return dict(store.execute(listed, (table,)))


def test_every_table_but_tenants_itself_is_one_of_these() -> None:
    assert set(metadata.tables) == {"tenants", *OF_A_TENANT}


@pytest.mark.parametrize("table", OF_A_TENANT)
def test_every_key_constraint_and_index_begins_with_the_tenant(shared: Bare, table: str) -> None:
    found = indexes(shared, table)
    assert set(found.values()) == {"tenant_id"}


@pytest.mark.parametrize("table", OF_A_TENANT)
def test_in_postgresql_the_primary_key_is_one_of_them(inspector: Inspector, table: str) -> None:
    if inspector.dialect.name == "sqlite":
        pytest.skip("SQLite counts ids up only where they alone are the key; it places no tenants on nodes")
    own = "digest" if table == "captured_payloads" else "id"
    assert inspector.get_pk_constraint(table)["constrained_columns"] == ["tenant_id", own]


@pytest.mark.parametrize("table", OF_A_TENANT)
def test_every_foreign_key_leads_to_the_same_tenant(inspector: Inspector, table: str) -> None:
    keys = inspector.get_foreign_keys(table)
    assert keys
    for key in keys:
        columns = dict(zip(key["constrained_columns"], key["referred_columns"], strict=True))
        assert columns["tenant_id"] == ("id" if key["referred_table"] == "tenants" else "tenant_id")


# The statements


def a_fleet() -> Rows:
    """Two tenants with more sets than one page of the test has."""
    sets = [
        SetRow(10 * tenant + age, tenant, completed_at=NOW - age * DAY, created_at=NOW - age * DAY)
        for tenant in (1, 2)
        for age in range(3)
    ]
    return Rows(
        [TenantRow(number, f"tenant-{number}", "Contoso", LONG_AGO) for number in (1, 2)],
        sets,
        [ItemRow(each.id, each.tenant_id, each.id) for each in sets],
        [ScheduleRow(number, number, created_at=LONG_AGO) for number in (1, 2)],
    )


FLEET: Final = object()
"""A placeholder for the verdicts of the fleet, which are asked for first."""

QUESTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "fleet": ("fleet", NOW),
    "refreshed_fleet": ("refreshed_fleet", NOW),
    "tenants": ("tenants", ["tenant-1", "tenant-2"], NOW),
    "dashboard": ("dashboard", "tenant-1", NOW),
    "backup_sets": ("backup_sets", "tenant-1", NOW),
    "the next page of backup_sets": ("backup_sets", "tenant-1", NOW, SetKey(f"{NOW:%F %T}.000000", 10), 1),
    "backup_set": ("backup_set", "tenant-1", 11, NOW),
    "the basis by backup_set": ("backup_set", "tenant-1", None, NOW),
    "captured": ("captured", "tenant-1", 10, 10, NOW),
    "captured_in_sets": ("captured_in_sets", "tenant-1", [(10, 10), None, (11, 11)], NOW),
    "schedules": ("schedules", "tenant-1", NOW),
    "runs": ("runs", "tenant-1", 1, NOW),
    "the next page of runs": ("runs", "tenant-1", 1, NOW, SetKey(f"{NOW:%F %T}.000000", 10), 1),
    "as_of": ("as_of", NOW - DAY),
    "as_of some": ("as_of", NOW - DAY, ["tenant-1"]),
    "changes": ("changes", "tenant-1", NOW),
    "changes of two sets": ("changes", "tenant-1", NOW, 12, 10),
    "last_good": ("last_good", "tenant-1", NOW),
    "causes": ("causes", FLEET, NOW),
    "coverage": ("coverage", NOW - 7 * DAY, NOW, NOW),
    "coverage of some": ("coverage", NOW - 7 * DAY, NOW, NOW, ["tenant-1"]),
    "examined": ("examined", NOW),
    "missing_tenants": ("missing_tenants", ["tenant-1", "tenant-3"]),
    "role_could_write": ("role_could_write",),
    "connect": ("connect",),
}


ASKS_NOTHING: Final = {"interrupt", "close", "own_time", "connected_to"}


def test_every_question_is_asked_here() -> None:
    public = {name for name, value in vars(TenantBackupHealthResolver).items() if name[0] != "_" and callable(value)}
    assert {name for name, *_ in QUESTIONS.values()} == public - ASKS_NOTHING


@pytest.mark.parametrize("name", sorted(ASKS_NOTHING))
def test_the_other_methods_send_no_statement(shared_url: str, name: str) -> None:
    resolver = TenantBackupHealthResolver(parse_database_url(shared_url), HealthPolicy())
    try:
        resolver.connect()
        with statements() as seen:
            getattr(resolver, name)()
        assert seen == []
    finally:
        resolver.close()


def ask(resolver: TenantBackupHealthResolver, question: tuple[Any, ...]) -> Any:
    """Ask one of the questions."""
    name, *arguments = question
    given = [resolver.fleet(NOW) if each is FLEET else each for each in arguments]
    return getattr(resolver, name)(*given)


@pytest.mark.parametrize("database_url", ONE_SERVER, indirect=True)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_statement_names_the_tenant_of_every_row_it_touches(database_url: str, question: str) -> None:
    load(database_url, a_fleet())
    resolver = TenantBackupHealthResolver(parse_database_url(database_url), HealthPolicy())
    try:
        with statements() as seen:
            ask(resolver, QUESTIONS[question])
    finally:
        resolver.close()
    dialect = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    without_facts = {"role_could_write", "connect", "missing_tenants"}
    assert any(table in statement for statement in seen for table in OF_A_TENANT) or question in without_facts
    # It looks for sets without a known place among the others, in two indexes of all tenants, and joins nothing.
    of_all_tenants = unreadable_candidates(dialect)
    loose = {found for statement in seen if statement != of_all_tenants for found in without_tenant(statement)}
    # SQLite has no nodes, so an unreadable item is first looked for in all tenants.
    assert loose <= ({"lost"} if dialect == "sqlite" else set())
    assert without_tenant(of_all_tenants) == ["backup_sets", "backup_sets"]
    assert of_all_tenants.startswith("SELECT tenant_id, ")


def test_in_postgresql_anothers_same_ids_change_nothing(postgres_url: str) -> None:
    load(postgres_url, of_tenant(1, a_fleet()))
    resolver = TenantBackupHealthResolver(parse_database_url(postgres_url), HealthPolicy())
    try:
        asked = [arguments for arguments in QUESTIONS.values() if "tenant-1" in arguments]
        assert len(asked) >= 7
        before = [ask(resolver, each) for each in asked]
        load(postgres_url, the_same_ids_of_another(of_tenant(1, a_fleet())))
        assert [ask(resolver, each) for each in asked] == before
    finally:
        resolver.close()


def of_tenant(number: int, rows: Rows) -> Rows:
    return Rows(
        [row for row in rows.tenants if row.id == number],
        [row for row in rows.sets if row.tenant_id == number],
        [row for row in rows.items if row.tenant_id == number],
        [row for row in rows.schedules if row.tenant_id == number],
    )


def the_same_ids_of_another(rows: Rows) -> Rows:
    """Copy every row as one of tenant 2, with worse values."""
    return Rows(
        [row._replace(id=2, external_id="tenant-2") for row in rows.tenants],
        [row._replace(tenant_id=2, name="theirs", status="partial") for row in rows.sets],
        [row._replace(tenant_id=2, display_name="Theirs", capture_mode=None) for row in rows.items],
        [row._replace(tenant_id=2, name="theirs", last_run_status="failed") for row in rows.schedules],
    )


_NAMED = re.compile(
    rf"(?:FROM|JOIN|,)\s+(?P<table>{'|'.join(OF_A_TENANT)})\b"
    r"(?:\s+(?:AS\s+)?(?!(?:AS|JOIN|LEFT|INNER|CROSS|ON|WHERE|INDEXED|ORDER|GROUP|LIMIT)\b)(?P<alias>\w+))?",
    re.IGNORECASE,
)
_TENANT = r"(?:\w+\.tenant_id|tenants\.id|\?)"


def without_tenant(statement: str) -> list[str]:
    """The tables, by their names in the statement, that it reads without a condition on the tenant."""
    loose = []
    for part in selects(statement):
        for named in _NAMED.finditer(part, part.find(" FROM ")):
            name = named["alias"] or named["table"]
            own = rf"{name}\.tenant_id"
            tied = rf"\b(?:ON|WHERE|AND)\s+(?:{own} = (?!{own}\b){_TENANT}|(?!{own}\b){_TENANT} = {own})(?=\s|$)"
            # An OR among the selected columns loosens nothing.
            if " OR " in part[part.find(" FROM ") :] or not re.search(tied, part):
                loose.append(name)
    return loose


def selects(statement: str) -> list[str]:
    """Each SELECT of a statement by itself, in one line, without the text in brackets, which is checked separately."""
    without_literals = re.sub(r"'[^']*'", "''", " ".join(statement.split())).replace('"', "")
    text = re.sub(r"(?<![:\w]):\w+\b", "?", without_literals)
    found: list[str] = []
    open_parts: list[list[str]] = [[]]
    for piece in re.split(r"([()])", text):
        if piece == "(":
            open_parts.append([])
        elif piece == ")":
            found.append("".join(open_parts.pop()))
            open_parts[-1].append("()")
        else:
            open_parts[-1].append(piece)
    (outermost,) = open_parts
    return [part for part in (*found, "".join(outermost)) if re.search(r"\bSELECT\b", part)]


@pytest.mark.parametrize(
    ("statement", "loose"),
    [
        ("SELECT * FROM backup_sets", ["backup_sets"]),
        ("SELECT * FROM backup_sets WHERE id = ?", ["backup_sets"]),
        ("SELECT * FROM backup_sets WHERE tenant_id > ?", ["backup_sets"]),
        ("SELECT * FROM backup_sets WHERE backup_sets.tenant_id = ?", []),
        ("SELECT * FROM backup_sets WHERE backup_sets.tenant_id = ? OR backup_sets.id = ?", ["backup_sets"]),
        ("SELECT backup_sets.id = ? OR backup_sets.error = ? FROM backup_sets WHERE backup_sets.tenant_id = ?", []),
        ("SELECT * FROM backup_sets WHERE (backup_sets.tenant_id = ? OR backup_sets.id = ?)", ["backup_sets"]),
        ("SELECT * FROM backup_sets WHERE backup_sets.tenant_id = backup_sets.tenant_id", ["backup_sets"]),
        ("SELECT * FROM backup_sets AS s WHERE s.tenant_id = :tenant_id AND s.id = ?", []),
        ('SELECT * FROM backup_sets AS "before" WHERE "before".tenant_id = ?', []),
        ("SELECT backup_sets.id FROM tenants, backup_sets WHERE tenants.id = backup_sets.tenant_id", []),
        ("SELECT backup_sets.id FROM tenants, backup_sets WHERE tenants.id = ?", ["backup_sets"]),
        ("SELECT * FROM backup_sets s JOIN tenants ON tenants.id = s.tenant_id", []),
        ("SELECT * FROM backup_sets s JOIN backup_items i ON i.tenant_id = s.tenant_id", []),
        ("SELECT * FROM backup_sets s JOIN backup_items i ON i.backup_set_id = s.id WHERE s.tenant_id = ?", ["i"]),
        ("SELECT (SELECT 1 FROM backup_items AS i WHERE i.backup_set_id = tenants.id) FROM tenants", ["i"]),
        ("SELECT (SELECT 1 FROM backup_items AS i WHERE i.tenant_id = tenants.id) FROM tenants", []),
        ("SELECT coalesce((SELECT 1 FROM backup_items), 0) FROM tenants", ["backup_items"]),
        ("WITH x AS (SELECT 1 FROM backup_schedules) SELECT * FROM x", ["backup_schedules"]),
    ],
)
def test_a_statement_without_a_tenant_is_found(statement: str, loose: list[str]) -> None:
    assert without_tenant(statement) == loose
