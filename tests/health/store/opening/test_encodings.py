"""PostgreSQL databases that keep text in another encoding than UTF-8, or in none that they know (docs/operations.md).

Modules: health.store.opening.postgresql, health.store.reading.blocks, health.store.writing.transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from health.facts import TenantFacts
from health.policy import HealthPolicy
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import initialise
from health.store.writing.pruning import KeepLast, PruneRequest, prune
from health.store.writing.transactions import writing
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving
from tests.servers import with_database

TENANTS = 100
NOT_UTF_8 = "convert_from('\\xe9'::bytea, 'SQL_ASCII')"


@pytest.fixture
def url(request: pytest.FixtureRequest, postgres_server: str, postgres_owner: psycopg.Connection[Any]) -> Iterator[str]:
    """The URL of a database in the encoding of the parameter, with a fleet of several blocks."""
    name = f"in_{request.param.lower()}"
    made = f"CREATE DATABASE {name} ENCODING '{request.param}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    postgres_owner.execute(made.encode())
    url = with_database(postgres_server, name)
    initialise(parse_database_url(url))
    rows, at = Rows([], [], [], []), NOW - HOUR
    for number in range(1, TENANTS + 1):
        rows.tenants.append(TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO))
        rows.sets.append(SetRow(number, number, completed_at=at, created_at=at))
        rows.items.append(ItemRow(number, number, number))
    load(url, rows)
    yield url
    postgres_owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("url", ["SQL_ASCII"], indirect=True)
def test_bytes_in_no_encoding_are_escapes_and_hide_no_tenant(url: str) -> None:
    with resolving(url) as held, bare(url) as writer:

        def facts() -> dict[int, TenantFacts]:
            return {each.tenant.id: TenantFacts(each.tenant, each.basis, None, ()) for each in verdicts()}

        def verdicts() -> Any:
            answer = held.refreshed_fleet(NOW).verdicts
            with resolving(url) as fresh:
                assert fresh.fleet(NOW) == list(answer)
            return answer

        assert all(each.confirmed for each in verdicts())
        writer.execute(f"UPDATE tenants SET name = concat('caf', {NOT_UTF_8}) WHERE id = 2")
        assert facts()[2].tenant.name == "caf\\xe9"
        # From the second refresh on, blocks are compared.
        writer.execute(f"UPDATE backup_sets SET status = concat('completed', {NOT_UTF_8}) WHERE id = 3")
        assert facts()[3].basis is None
        writer.execute(f"UPDATE backup_sets SET name = {NOT_UTF_8} WHERE id = 4")
        basis = facts()[4].basis
        assert basis is not None
        assert basis.name == "\\xe9"
    with writing(parse_database_url(url)) as connection:
        assert prune(connection, PruneRequest(KeepLast(1)), HealthPolicy(), NOW).sets == ()


@pytest.mark.parametrize("url", ["LATIN1"], indirect=True)
def test_a_tenant_is_found_by_an_id_in_the_encoding_of_its_database(url: str) -> None:
    with resolving(url) as held, bare(url) as writer:
        writer.execute("UPDATE tenants SET external_id = concat('caf', chr(233)) WHERE id = 2")
        assert held.dashboard("café", NOW).health.tenant.id == 2
