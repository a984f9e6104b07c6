"""Content by its digest, and what the tool itself calls a tenant (docs/facts.md, "captured_payloads").

Frozen as the first version is.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from alembic import context, op
from sqlalchemy import text

from health.digests import digest_of

# ruff: noqa: S608 - made of our own words; what comes from outside is a parameter

revision = "tp0003"
down_revision = "tp0002"
branch_labels = None
depends_on = None


def instant_or_null(column: str) -> str:
    return (
        f"{column} IS NULL OR (typeof({column}) = 'text' AND length(CAST({column} AS BLOB)) = 26"
        f" AND {column} GLOB '????-??-?? ??:??:??.{'[0-9]' * 6}' AND {column} >= '0001'"
        f" AND strftime('%Y-%m-%d %H:%M:%S', substr({column}, 1, 19), '+0 days') IS substr({column}, 1, 19))"
    )


ITEMS = f"""
    CREATE TABLE new_backup_items (
        id INTEGER PRIMARY KEY,
        tenant_id INTEGER NOT NULL,
        backup_set_id INTEGER NOT NULL,
        policy_type TEXT NOT NULL,
        policy_identifier TEXT NOT NULL,
        display_name TEXT NOT NULL,
        platform TEXT,
        capture_mode TEXT,
        assignments_state TEXT,
        orphaned_assignments INTEGER NOT NULL DEFAULT 0
            CHECK (typeof(orphaned_assignments) = 'integer' AND orphaned_assignments >= 0),
        integrity_warning TEXT,
        captured_at TEXT CHECK ({instant_or_null("captured_at")}),
        deleted_at TEXT CHECK ({instant_or_null("deleted_at")}),
        payload_digest TEXT,
        assignments TEXT,
        payload TEXT,
        UNIQUE (tenant_id, backup_set_id, policy_type, policy_identifier),
        FOREIGN KEY (tenant_id, backup_set_id) REFERENCES backup_sets (tenant_id, id)
    )
    """
KEPT = (
    "id, tenant_id, backup_set_id, policy_type, policy_identifier, display_name, platform, capture_mode,"
    " assignments_state, orphaned_assignments, integrity_warning, captured_at, deleted_at, assignments"
)
AT_ONCE = 20_000
"""How many ids lie between two words of progress."""


def upgrade() -> None:
    op.execute("ALTER TABLE backup_sets ADD COLUMN source_tenant text")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE backup_items ADD COLUMN payload_digest text")
        # `json`, because what has a digest is never rewritten.
        create_contents("bigint", "json")
        move_contents()
    else:
        create_contents("INTEGER", "TEXT")
        rebuild_items()


def create_contents(identity: str, content: str) -> None:
    op.execute(
        f"CREATE TABLE captured_payloads (tenant_id {identity} NOT NULL REFERENCES tenants (id), digest text NOT NULL,"
        f" payload {content} NOT NULL, PRIMARY KEY (tenant_id, digest))"
    )


def move_contents() -> None:
    """Tenant by tenant, so that each statement is of one: each different content comes here once, for its digest."""
    connection = op.get_bind()
    tenants = connection.execute(text("SELECT id FROM tenants ORDER BY id")).scalars().all()
    fingerprint = "sha256(convert_to(CAST(payload AS text), 'UTF8'))"
    different = text(
        f"SELECT DISTINCT ON ({fingerprint}) {fingerprint}, CAST(payload AS text) FROM backup_items"
        " WHERE tenant_id = :tenant_id AND payload IS NOT NULL"
    )
    keep = text(
        "INSERT INTO captured_payloads (tenant_id, digest, payload)"
        " VALUES (:tenant_id, :digest, CAST(:payload AS json)) ON CONFLICT DO NOTHING"
    )
    name = text(
        "UPDATE backup_items SET payload_digest = named.digest, payload = NULL"
        " FROM unnest(CAST(:fingerprints AS bytea[]), CAST(:digests AS text[])) AS named (fingerprint, digest)"
        f" WHERE backup_items.tenant_id = :tenant_id AND payload IS NOT NULL AND {fingerprint} = named.fingerprint"
    )
    for number, tenant_id in enumerate(tenants):
        said(number, len(tenants))
        found = connection.execute(different, {"tenant_id": tenant_id}).fetchall()
        if not found:
            continue
        digests = [digest_of(payload) for _, payload in found]
        connection.execute(
            keep,
            [
                {"tenant_id": tenant_id, "digest": digest, "payload": payload}
                for digest, (_, payload) in zip(digests, found, strict=True)
            ],
        )
        fingerprints = [bytes(each) for each, _ in found]
        connection.execute(name, {"tenant_id": tenant_id, "fingerprints": fingerprints, "digests": digests})


def rebuild_items() -> None:
    """In SQLite a column behind the large one is found only by going through all of that: it has to stay last."""
    connection = op.get_bind()
    made_by = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE tbl_name = 'backup_items' AND type <> 'table' AND sql IS NOT NULL")
    ).scalars()
    statements = list(made_by)
    analysed = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
    had_statistics = connection.execute(text(analysed)).scalar_one()
    # The rows are there already: what a CHECK would say of one is for the verdict to say. Views go on with the name.
    for pragma in ("ignore_check_constraints = ON", "legacy_alter_table = ON", "cache_spill = ON"):
        op.execute(f"PRAGMA {pragma}")
    op.execute(ITEMS)
    copy_items(connection)
    op.execute("DROP TABLE backup_items")
    op.execute("ALTER TABLE new_backup_items RENAME TO backup_items")
    for statement in statements:
        connection.exec_driver_sql(statement)
    for pragma in ("ignore_check_constraints = OFF", "legacy_alter_table = OFF", "cache_spill = OFF"):
        op.execute(f"PRAGMA {pragma}")
    if had_statistics:
        op.execute("ANALYZE backup_items")


def copy_items(connection: Any) -> None:
    """Every item into the new table, and its content by its digest. What is no text at all stays in the item."""
    connection.connection.driver_connection.create_function("digest_of_bytes", 1, Digests(), deterministic=True)
    last = connection.execute(text("SELECT coalesce(max(id), 0) FROM backup_items")).scalar_one()
    digest = "digest_of_bytes(CAST(payload AS BLOB))"
    for first, until in strips(connection):
        said(until, last)
        within = {"first": first, "until": until}
        connection.execute(
            text(
                "INSERT INTO new_backup_items"
                f" SELECT {KEPT.removesuffix(', assignments')}, {digest}, assignments,"
                f" CASE WHEN {digest} IS NULL THEN payload END"
                " FROM backup_items WHERE id BETWEEN :first AND :until"
            ),
            within,
        )
        connection.execute(
            text(
                "INSERT OR IGNORE INTO captured_payloads"
                " SELECT old.tenant_id, new.payload_digest, old.payload"
                " FROM backup_items AS old JOIN new_backup_items AS new ON new.id = old.id"
                " WHERE old.id BETWEEN :first AND :until AND new.payload_digest IS NOT NULL"
            ),
            within,
        )


def strips(connection: Any) -> Iterator[tuple[int, int]]:
    """First and last id of so many items at a time."""
    following = text("SELECT max(id) FROM (SELECT id FROM backup_items WHERE id >= :first ORDER BY id LIMIT :at_once)")
    first, last = -(2**63), 2**63 - 1
    while first <= last:
        until = connection.execute(following, {"first": first, "at_once": AT_ONCE}).scalar_one()
        if until is None:
            return
        yield first, until
        first = until + 1


class Digests:
    """The digest of a content as SQLite hands it over; None for none, and for what is in no encoding.

    Most contents come again soon: the digests of the last ones are kept.
    """

    MOST = 10_000

    def __init__(self) -> None:
        self.by_content: dict[bytes, str | None] = {}

    def __call__(self, content: bytes | None) -> str | None:
        if content is None:
            return None
        fingerprint = sha256(content).digest()
        if fingerprint not in self.by_content:
            if len(self.by_content) == self.MOST:
                self.by_content.clear()
            self.by_content[fingerprint] = self.digest(content)
        return self.by_content[fingerprint]

    def digest(self, content: bytes) -> str | None:
        try:
            return digest_of(content.decode())
        except UnicodeDecodeError:
            return None


def said(done: int, of: int) -> None:
    """Say how far it has come, where somebody wants to know."""
    progress = context.config.attributes.get("progress")
    if progress is not None:
        progress(done, of)
