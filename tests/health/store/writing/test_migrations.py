"""The versions of the schema on a database with rows: what was there stays, to the last index and check.

Modules: health.store.migrations.upgrade.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config

from health.store.migrations import upgrade as migrations
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import upgrade
from health.store.writing.transactions import transaction
from tests.health.making import LONG_AGO, NOW
from tests.health.store.bare import Bare, bare
from tests.health.store.schema_versions import execute
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving

CONTENT: Final = '{"a": 1}'


@pytest.fixture
def url(tableless_url: str) -> str:
    """A database of the version before contents had digests, with a set of two items."""
    with transaction(parse_database_url(tableless_url), create=True) as connection:
        config = Config()
        config.set_main_option("script_location", migrations.__file__.rsplit("/", 1)[0])
        config.attributes["connection"] = connection
        command.upgrade(config, "tp0002")
    items = [ItemRow(1, 1, 1, policy_identifier="one"), ItemRow(2, 1, 1, policy_identifier="two", capture_mode=None)]
    load(
        tableless_url,
        Rows(
            [TenantRow(1, "contoso", "Contoso", LONG_AGO)],
            [SetRow(1, 1, completed_at=NOW, created_at=NOW)],
            items,
            [],
        ),
    )
    execute(tableless_url, f"UPDATE backup_items SET payload = '{CONTENT}' WHERE id = 1")
    return tableless_url


def indexes(store: Bare) -> Any:
    if store.dialect == "sqlite":
        return store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name")
    return store.execute("SELECT indexname, indexdef FROM pg_indexes ORDER BY indexname")


def test_every_row_index_and_check_is_what_it_was(url: str) -> None:
    columns = "id, policy_identifier, capture_mode, orphaned_assignments, captured_at, payload"
    with bare(url) as store:
        before = (indexes(store), store.execute(f"SELECT {columns} FROM backup_items ORDER BY id"))
    upgrade(parse_database_url(url))
    with bare(url) as store:
        found = [each for each in indexes(store) if "captured_payloads" not in str(each)]
        assert (found, store.execute(f"SELECT {columns} FROM backup_items ORDER BY id")) == before
        if store.dialect == "sqlite":
            listed = [row[1] for row in store.execute("PRAGMA table_info(backup_items)")]
            assert listed[-3:] == ["payload_digest", "assignments", "payload"]
            ((made_by,),) = store.execute("SELECT sql FROM sqlite_master WHERE name = 'backup_items'")
            assert len(re.findall("CHECK", made_by)) == 3
            with pytest.raises(Exception, match="CHECK constraint failed"):
                store.execute("UPDATE backup_items SET orphaned_assignments = -1")
            with pytest.raises(Exception, match="FOREIGN KEY constraint failed"):
                store.execute("UPDATE backup_items SET backup_set_id = 7")


def test_content_is_the_row_of_its_digest_or_else_the_items_own(url: str) -> None:
    upgrade(parse_database_url(url))
    execute(
        url,
        "INSERT INTO captured_payloads (tenant_id, digest, payload) VALUES (1, 'sha256:aa', '{\"kept\": true}')",
        "UPDATE backup_items SET payload_digest = 'sha256:aa' WHERE id = 2",
        "UPDATE backup_items SET payload_digest = 'sha256:bb' WHERE id = 1",
    )
    with resolving(url) as resolver:
        assert resolver.captured("contoso", 1, 1, NOW).payload == CONTENT
        assert resolver.captured("contoso", 1, 2, NOW).payload == '{"kept": true}'
        (first, second) = sorted(resolver.backup_set("contoso", 1, NOW).items, key=lambda item: item.id)
        assert (first.payload_digest, second.payload_digest) == ("sha256:bb", "sha256:aa")
    execute(url, "DELETE FROM captured_payloads")
    with resolving(url) as resolver:
        assert resolver.captured("contoso", 1, 2, NOW).payload is None
