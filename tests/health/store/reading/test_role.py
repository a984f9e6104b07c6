"""Whether the database's role could write if our session did not prevent it: asked, not assumed.

(docs/reading.md, "Read-only")

Modules: health.store.reading, health.resolver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from tests.health.making import LONG_AGO, NOW
from tests.oracle.loading import load
from tests.oracle.rows import Rows, TenantRow
from tests.resolving import resolving
from tests.statements import statements

TABLES = ["tenants", "backup_schedules", "backup_sets", "backup_items"]
AsRole = Callable[..., str]


@pytest.fixture
def as_role(postgres_url: str) -> Iterator[AsRole]:
    """A role that may read the facts, with these further grants. Returns the URL that uses it."""
    roles: list[str] = []

    def made(*granted: str) -> str:
        name = f"tested_role_{len(roles)}"
        roles.append(name)
        with psycopg.connect(postgres_url) as owner:
            for statement in ("CREATE ROLE {} LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}", *granted):
                owner.execute(sql.SQL(statement).format(sql.Identifier(name)))
        return postgres_url.replace("postgres:@", f"{name}@")

    yield made
    with psycopg.connect(postgres_url) as owner:
        for name in roles:
            for statement in ("REASSIGN OWNED BY {} TO postgres", "DROP OWNED BY {}", "DROP ROLE {}"):
                owner.execute(sql.SQL(statement).format(sql.Identifier(name)))


def could_write(url: str) -> bool:
    with resolving(url) as resolver:
        assert resolver.fleet(NOW) == []
        return resolver.role_could_write()


def test_a_role_that_only_has_select_could_not(as_role: AsRole) -> None:
    assert not could_write(as_role())


def test_a_role_that_may_write_other_tables_could_not(as_role: AsRole) -> None:
    assert not could_write(as_role("CREATE TABLE notes (words text)", "GRANT ALL ON notes TO {}"))


def test_a_superuser_could(postgres_url: str) -> None:
    assert could_write(postgres_url)


@pytest.mark.parametrize("table", TABLES)
def test_the_owner_of_one_table_could(as_role: AsRole, table: str) -> None:
    assert could_write(as_role(f"ALTER TABLE {table} OWNER TO {{}}"))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("privilege", ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "INSERT (id)", "UPDATE (created_at)"])
def test_any_one_privilege_on_any_one_table_is_enough(as_role: AsRole, table: str, privilege: str) -> None:
    if table == "backup_items":
        privilege = privilege.replace("created_at", "captured_at")
    assert could_write(as_role(f"GRANT {privilege} ON {table} TO {{}}"))


@pytest.mark.parametrize("granted", ["GRANT pg_write_all_data TO {}", "GRANT DELETE ON backup_sets TO PUBLIC"])
def test_a_privilege_through_another_role_is_enough_too(as_role: AsRole, granted: str) -> None:
    assert could_write(as_role(granted))


def test_a_sqlite_file_is_not_asked(sqlite_url: str) -> None:
    with resolving(sqlite_url) as resolver, statements() as seen:
        assert not resolver.role_could_write()
    assert seen == []


def questions(seen: list[str]) -> int:
    """The number of statements that ask for privileges."""
    return sum("privilege" in statement for statement in seen)


def test_it_is_asked_once_a_connection(postgres_url: str) -> None:
    with resolving(postgres_url) as resolver, statements() as seen:
        for _ in range(3):
            assert resolver.fleet(NOW) == []
            assert resolver.role_could_write()
        assert questions(seen) == 1
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tenantpilot' AND datname = current_database()"
            )
        assert resolver.fleet(NOW) == []
        assert resolver.role_could_write()
    assert questions(seen) == 2


def test_without_an_answer_the_facts_are_read_all_the_same(postgres_url: str, as_role: AsRole) -> None:
    load(postgres_url, Rows([TenantRow(1, "contoso.example", "Contoso", LONG_AGO)], [], [], []))
    url = as_role(
        "REVOKE EXECUTE ON FUNCTION has_table_privilege(text, text) FROM PUBLIC", "GRANT ALL ON tenants TO {}"
    )
    with resolving(url) as resolver, statements() as seen:
        for _ in range(3):
            assert len(resolver.fleet(NOW)) == 1
            assert not resolver.role_could_write()
    assert questions(seen) == 1
