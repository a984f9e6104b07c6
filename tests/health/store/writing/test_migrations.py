"""The versions of the schema on a database with rows: every row, index and check stays.

Modules: health.store.migrations.upgrade.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config

from health.digests import digest_of
from health.documents import diff_document, last_good_document
from health.store.migrations import upgrade as migrations
from health.store.opening.urls import parse_database_url
from health.store.writing.administration import upgrade
from health.store.writing.transactions import transaction
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.health.store.bare import Bare, bare
from tests.health.store.schema_versions import execute
from tests.oracle.rows import DEFAULT_POLICY
from tests.resolving import resolving
from tests.subject import fleet_report

CONTENT: Final = '{"a": 1}'
LATER: Final = ("ix_backup_sets_failing", "ix_backup_sets_runs")
"""The indexes of the version that added runs. The second one replaces `REPLACED`."""
REPLACED: Final = "ix_backup_sets_schedule"


@pytest.fixture
def url(tableless_url: str) -> str:
    """A database of the version before contents had digests, with a set of two items."""
    with transaction(parse_database_url(tableless_url), create=True) as connection:
        config = Config()
        config.set_main_option("script_location", migrations.__file__.rsplit("/", 1)[0])
        config.attributes["connection"] = connection
        command.upgrade(config, "tp0002")
    # Not with the rows of the oracle, which have today's columns.
    with bare(tableless_url) as store:
        store.insert("tenants", id=1, external_id="contoso", name="Contoso", created_at=LONG_AGO)
        a_set = {"name": "n", "source": "s", "status": "completed", "completed_at": NOW, "created_at": NOW}
        store.insert("backup_sets", id=1, tenant_id=1, **a_set)
        for number, name, mode, payload in ((1, "one", "full", CONTENT), (2, "two", None, None)):
            of_the_set = {"id": number, "tenant_id": 1, "backup_set_id": 1, "policy_type": "Filters"}
            named = {"policy_identifier": name, "display_name": name, "capture_mode": mode}
            store.insert("backup_items", **of_the_set, **named, payload=payload)
    return tableless_url


def indexes(store: Bare) -> Any:
    if store.dialect == "sqlite":
        return store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name")
    return store.execute("SELECT indexname, indexdef FROM pg_indexes ORDER BY indexname")


def test_every_row_index_and_check_stays(url: str) -> None:
    columns = "id, policy_identifier, capture_mode, orphaned_assignments, captured_at"
    with bare(url) as store:
        made = [each for each in indexes(store) if each[0] != REPLACED]
        before = (made, store.execute(f"SELECT {columns} FROM backup_items ORDER BY id"))
    upgrade(parse_database_url(url))
    with bare(url) as store:
        found = [each for each in indexes(store) if "captured_payloads" not in str(each) and each[0] not in LATER]
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
        f"UPDATE backup_items SET payload_digest = 'sha256:bb', payload = '{CONTENT}' WHERE id = 1",
    )
    with resolving(url) as resolver:
        assert resolver.captured("contoso", 1, 1, NOW).payload == CONTENT
        assert resolver.captured("contoso", 1, 2, NOW).payload == '{"kept": true}'
        (first, second) = sorted(resolver.backup_set("contoso", 1, NOW).items, key=lambda item: item.id)
        assert (first.payload_digest, second.payload_digest) == ("sha256:bb", "sha256:aa")
    execute(url, "DELETE FROM captured_payloads")
    with resolving(url) as resolver:
        assert resolver.captured("contoso", 1, 2, NOW).payload is None


def test_older_content_moves_to_its_digest(url: str) -> None:
    execute(
        url,
        "INSERT INTO tenants (id, external_id, name, created_at) SELECT 2, 'fabrikam', 'F', created_at FROM tenants",
        "INSERT INTO backup_sets (id, tenant_id, name, source, status, completed_at, created_at)"
        " SELECT 2, 2, 'n', 's', status, completed_at, created_at FROM backup_sets",
        *(
            "INSERT INTO backup_items (id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name,"
            f" payload) VALUES ({number}, {tenant}, {tenant}, 't', '{number}', 'd', '{content}')"
            for number, tenant, content in (
                (3, 1, '{"a":1.0}'),
                (70_000, 1, '{"n": 9007199254740993}'),
                (5, 2, CONTENT),
            )
        ),
    )
    heard: list[tuple[int, int]] = []
    upgrade(parse_database_url(url), lambda done, of: heard.append((done, of)))
    with bare(url) as store:
        items = store.execute("SELECT id, payload_digest, payload FROM backup_items ORDER BY id")
        assert items == [
            (1, digest_of(CONTENT), None),
            (2, None, None),
            (3, digest_of(CONTENT), None),
            (5, digest_of(CONTENT), None),
            (70_000, digest_of('{"n": 9007199254740993}'), None),
        ]
        kept = store.execute("SELECT tenant_id, CAST(payload AS text) FROM captured_payloads ORDER BY 1, 2")
    assert [tenant_id for tenant_id, _ in kept] == [1, 1, 2]
    assert [json.loads(content) for _, content in kept] == [{"a": 1}, {"n": 9007199254740993}, {"a": 1}]
    assert heard
    assert all(done <= of for done, of in heard)


def test_no_answer_changes_when_content_moves(url: str) -> None:
    """A history of three sets in the older version: content changed, rewritten with other blanks, degraded, gone."""
    history = (
        {"kept": '{"a": 1}', "changed": '{"a": 1}', "rewritten": '{"a":1,"b":2}', "gone": "[1]", "worse": "[2]"},
        {"kept": '{"a": 1}', "changed": '{"a": 2}', "rewritten": '{"b": 2, "a": 1}', "gone": "[1]", "worse": "[2]"},
        {"kept": '{"a": 1}', "changed": '{"a": 2.0}', "rewritten": '{"b": 2, "a": 3}', "worse": "[2]", "new": "[3]"},
    )
    with bare(url) as store:
        for number, contents in enumerate(history, 2):
            ended = NOW - (len(history) + 2 - number) * HOUR
            a_set = {"name": "n", "source": "s", "status": "completed", "completed_at": ended, "created_at": ended}
            store.insert("backup_sets", id=number, tenant_id=1, **a_set)
            for place, (name, payload) in enumerate(contents.items(), number * 10):
                of_the_set = {"id": place, "tenant_id": 1, "backup_set_id": number, "policy_type": "Filters"}
                mode = "metadata_only" if name == "worse" and number == 4 else "full"
                named = {"policy_identifier": name, "display_name": name, "capture_mode": mode}
                store.insert("backup_items", **of_the_set, **named, payload=payload)
    execute(url, "UPDATE backup_sets SET deleted_at = completed_at WHERE id = 1")
    upgrade(parse_database_url(url))
    moved = answers(url)
    # As it was: the content in its item, without a digest.
    execute(
        url,
        "UPDATE backup_items SET payload = (SELECT payload FROM captured_payloads AS kept"
        " WHERE kept.tenant_id = backup_items.tenant_id AND kept.digest = payload_digest), payload_digest = NULL",
        "DELETE FROM captured_payloads",
    )
    assert answers(url) == moved
    report, last, between, last_good = moved
    assert report["tenants"][0]["basis"]["families"] == {"metadata_only": 1}
    assert {(each["policy_identifier"], each["change"]) for each in last["items"]} == {
        ("gone", "gone"),
        ("new", "added"),
        ("rewritten", "changed"),
        ("worse", "changed"),
    }
    assert [each["policy_identifier"] for each in between["items"]] == ["changed"]
    assert [each["last_good"]["backup_set"] for each in last_good["items"]] == [3, 3]


def answers(url: str) -> tuple[dict[str, Any], ...]:
    """The report, the diff of the basis and of the two sets before it, and the last good copies."""
    with resolving(url) as resolver:
        compared = [resolver.changes("contoso", NOW), resolver.changes("contoso", NOW, 2, 3)]
        diffs = []
        for each in compared:
            assert each.before is not None
            assert each.after is not None
            assert each.changes is not None
            diffs.append(diff_document(each.health, each.before, each.after, each.changes))
        last_good = last_good_document(resolver.last_good("contoso", NOW))
    return fleet_report(url, NOW, DEFAULT_POLICY), *diffs, last_good


def test_content_in_no_encoding_stays_in_its_item(url: str) -> None:
    if not url.startswith("sqlite"):
        return
    execute(url, "UPDATE backup_items SET payload = CAST(x'ff' AS TEXT) WHERE id = 2")
    upgrade(parse_database_url(url))
    with bare(url) as store:
        rows = store.execute("SELECT payload_digest, hex(CAST(payload AS BLOB)) FROM backup_items ORDER BY id")
        assert rows == [(digest_of(CONTENT), ""), (None, "FF")]


def test_items_that_keys_would_refuse_and_rows_that_name_items_stay(url: str) -> None:
    """SQLite checks no key unless a writer asks for it, and other programs' tables may name our rows."""
    if not url.startswith("sqlite"):
        return
    lowest, highest = -(2**63), 2**63 - 1
    with bare(url) as store:
        store.execute("PRAGMA foreign_keys = OFF")
        for number, tenant, in_set in ((lowest, 1, 1), (highest, 1, 1), (3, 1, 77), (4, 77, 77)):
            store.execute(
                "INSERT INTO backup_items (id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name)"
                f" VALUES ({number}, {tenant}, {in_set}, 't', '{number}', 'd')"
            )
        store.execute("CREATE TABLE notes (item INTEGER REFERENCES backup_items (id) ON DELETE CASCADE)")
        store.execute("INSERT INTO notes VALUES (1)")
    upgrade(parse_database_url(url))
    with bare(url) as store:
        assert store.execute("SELECT id FROM backup_items ORDER BY id") == [
            (lowest,),
            (1,),
            (2,),
            (3,),
            (4,),
            (highest,),
        ]
        assert store.execute("SELECT * FROM notes") == [(1,)]
        with pytest.raises(Exception, match="FOREIGN KEY constraint failed"):
            store.execute("UPDATE notes SET item = 7")
