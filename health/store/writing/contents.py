"""Captured content in the store: one row a tenant and digest, for any number of items.

(docs/facts.md, "captured_payloads")
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, select, text

from health.digests import digest_of
from health.sources.captured import CapturedItem
from health.store.opening import limits
from health.store.writing.tables import backup_items, backup_sets, captured_payloads, tenants


class ContentRow(NamedTuple):
    """One row of `captured_payloads`."""

    tenant_id: int
    digest: str
    payload: str


def keep_contents(connection: Connection, tenant_id: int, items: Sequence[CapturedItem]) -> Iterator[CapturedItem]:
    """Store the contents of these items; yields the items for their rows, with digests only.

    In PostgreSQL the caller must have written to `backup_sets` before, so that no `prune` removes contents found here.
    """
    rows: list[CapturedItem] = []
    contents: dict[str, str] = {}
    for item in items:
        if item.payload is None:
            rows.append(item)
            continue
        digest = item.payload_digest or digest_of(item.payload)
        contents.setdefault(digest, item.payload)
        rows.append(item._replace(payload=None, payload_digest=digest))
    missing = _missing_digests(connection, tenant_id, contents)
    # In a fixed order, so that two writers of a tenant cannot deadlock.
    _insert(connection, [ContentRow(tenant_id, digest, contents[digest]) for digest in sorted(missing)])
    return iter(rows)


def keep_writers_out(connection: Connection) -> None:
    """Keep other programs from writing sets until the transaction ends. PostgreSQL needs a lock.

    A writer writes the set before its items, so it cannot use content that is about to be removed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{limits.LOCK_SECONDS * 1000:.0f}ms'"))
        connection.execute(text("LOCK TABLE backup_sets IN SHARE ROW EXCLUSIVE MODE"))


def content_of(connection: Connection, tenant_id: int, digest: str) -> str | None:
    """The content of a digest as its text; None if it is not kept."""
    query = "SELECT CAST(payload AS text) FROM captured_payloads WHERE tenant_id = :tenant_id AND digest = :digest"
    found = connection.execute(text(query), {"tenant_id": tenant_id, "digest": digest}).scalar_one_or_none()
    return cast("str | None", found)


def drop_unwanted_contents(
    connection: Connection, external_id: str, source: str, references: Collection[str] | None
) -> frozenset[tuple[int, str]]:
    """Remove the stored contents of a source's sets, of these references or of all (None).

    Content that another set has too stays. Returns tenant id and digest of each removed content.
    """
    query = (
        select(tenants.c.id, backup_sets.c.id, backup_sets.c.source_ref)
        .join_from(tenants, backup_sets, backup_sets.c.tenant_id == tenants.c.id)
        .where(tenants.c.external_id == external_id, backup_sets.c.source == source)
    )
    found = connection.execute(query).fetchall()
    set_ids = {set_id for _, set_id, reference in found if references is None or reference in references}
    if not set_ids:
        return frozenset()
    keep_writers_out(connection)
    tenant_id = found[0][0]
    return frozenset((tenant_id, digest) for digest in drop_contents_of(connection, tenant_id, set_ids))


def drop_contents_of(connection: Connection, tenant_id: int, set_ids: Collection[int]) -> set[str]:
    """Remove the contents that only the items of these sets name. Returns their digests."""
    named, elsewhere = set[str](), set[str]()
    query = select(backup_items.c.backup_set_id, backup_items.c.payload_digest).where(
        backup_items.c.tenant_id == tenant_id, backup_items.c.payload_digest.is_not(None)
    )
    for set_id, digest in connection.execute(query.distinct()):
        (named if set_id in set_ids else elsewhere).add(digest)
    unwanted = named - elsewhere
    going = unwanted - _missing_digests(connection, tenant_id, unwanted)
    _delete(connection, tenant_id, going)
    return going


def drop_unnamed_contents(connection: Connection, tenant_ids: Collection[int] | None) -> None:
    """Remove the contents that no item names, of these tenants or of all (None)."""
    having = connection.execute(select(captured_payloads.c.tenant_id).distinct()).scalars().all()
    unnamed = text(
        "SELECT digest FROM captured_payloads WHERE tenant_id = :tenant_id"
        " EXCEPT SELECT payload_digest FROM backup_items WHERE tenant_id = :tenant_id"
    )
    for tenant_id in having:
        if tenant_ids is None or tenant_id in tenant_ids:
            found = connection.execute(unnamed, {"tenant_id": tenant_id}).scalars().all()
            _delete(connection, tenant_id, found)


def _missing_digests(connection: Connection, tenant_id: int, digests: Collection[str]) -> set[str]:
    """The digests whose content is not stored yet. Most are stored, so SQLite gives back only the few that are not."""
    if not digests:
        return set()
    if connection.dialect.name == "sqlite":
        missing = text(
            "SELECT value FROM json_each(:digests) WHERE NOT EXISTS"
            " (SELECT 1 FROM captured_payloads WHERE tenant_id = :tenant_id AND digest = value)"
        )
        wanted = {"tenant_id": tenant_id, "digests": json.dumps(list(digests))}
        return set(connection.execute(missing, wanted).scalars().all())
    query = text(
        "SELECT digest FROM captured_payloads WHERE tenant_id = :tenant_id AND digest = ANY(CAST(:digests AS text[]))"
    )
    stored = connection.execute(query, {"tenant_id": tenant_id, "digests": list(digests)}).scalars()
    return set(digests).difference(stored)


def _insert(connection: Connection, rows: Sequence[ContentRow]) -> None:
    """Insert contents; another writer may have inserted the same content before."""
    if not rows:
        return
    marks = "?, ?, ?" if connection.dialect.name == "sqlite" else "%s, %s, %s"
    driver = cast(Any, connection.connection.driver_connection)
    driver.cursor().executemany(
        f"INSERT INTO captured_payloads (tenant_id, digest, payload) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
        rows,
    )


def _delete(connection: Connection, tenant_id: int, digests: Collection[str]) -> None:
    if digests:
        connection.execute(
            text("DELETE FROM captured_payloads WHERE tenant_id = :tenant_id AND digest = :digest"),
            [{"tenant_id": tenant_id, "digest": digest} for digest in sorted(digests)],
        )
