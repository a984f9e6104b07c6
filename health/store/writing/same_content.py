"""Find out whether a set has the same content as another tenant's newest set. The usual cause is a path that somebody
copied from one line of a crontab to the next (docs/import-folders.md, "The door").

A few of the set's items are looked up in the index of items: one look-up for each tenant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Text, cast, select, text

from health.digests import MOST_THAT_MAY_BE_ALIKE, digest_of
from health.facts import BASIS_STATUSES
from health.losses import Identity
from health.sources.captured import NOT_DELETED, CapturedItem, CapturedSet, RefusedInput
from health.store.reading.predicates import candidate_predicate
from health.store.writing.tables import backup_items
from health.store.writing.transactions import statements_of

_PROBES: Final = 3
_MANY: Final = 100
"""Sets of one input, above which those that may be another tenant's are found first."""
_AT_ONCE: Final = 5_000
"""Probes of one statement: SQLite takes 32,766 values."""

NEWEST: Final = (
    "WITH latest AS MATERIALIZED (SELECT tenants.id AS tenant_id, tenants.external_id AS external_id, ("  # noqa: S608
    "SELECT candidate.id FROM backup_sets AS candidate WHERE candidate.tenant_id = tenants.id"
    f" AND {candidate_predicate('candidate.')}"
    " ORDER BY candidate.completed_at DESC, candidate.id DESC LIMIT 1) AS set_id FROM tenants)"
    " SELECT latest.tenant_id, latest.external_id, latest.set_id FROM latest"
)
"""Each tenant's newest set: one look for each tenant in an index."""
NEWEST_ON_NODES: Final = (
    "SELECT latest.tenant_id, tenants.external_id AS external_id, latest.set_id"  # noqa: S608
    " FROM (SELECT DISTINCT ON (candidate.tenant_id) candidate.tenant_id, candidate.id AS set_id"
    f" FROM backup_sets AS candidate WHERE {candidate_predicate('candidate.')}"
    " ORDER BY candidate.tenant_id, candidate.completed_at DESC, candidate.id DESC) AS latest"
    " JOIN tenants ON tenants.id = latest.tenant_id"
)
"""The same where Citus keeps the tables, which refuses to look up from `tenants` (docs/reading.md, "Citus")."""

Contents = Mapping[Identity, str | None]
"""The digests of a set's items, None if nothing was captured."""


def require_own_content(connection: Connection, captured: CapturedSet) -> None:
    """Raise RefusedInput, with the other tenant's name, if a set's whole content equals another tenant's newest set.

    If it also equals this tenant's own newest set, it is not a mistake: nothing changed, or it was accepted before.
    """
    contents = _contents_of(captured)
    if captured.status not in BASIS_STATUSES or len(contents) <= MOST_THAT_MAY_BE_ALIKE or None in contents.values():
        return
    alike = [
        external_id
        for other_id, external_id, set_id in _newest_sets_alike(connection, contents)
        if _stored_contents(connection, other_id, set_id) == contents
    ]
    if not alike or captured.external_id in alike:
        return
    raise RefusedInput(
        f"The backup {captured.name!r} is, with all its {len(contents)} items, what the newest set of {alike[0]!r} is:"
        " one of the two was taken from the wrong place. Correct that; or say --accept-same-content if the two tenants"
        f" are alike: then it counts as a backup of {captured.external_id!r} too."
    )


def suspected(connection: Connection, sets: Sequence[CapturedSet]) -> frozenset[int]:
    """The places of those sets of an input for which `require_own_content` has to be asked before they are written.

    It is asked of each tenant's newest set in the input. Of many it would look into every tenant's items for every
    one, so one statement finds those that have an item of another tenant's newest set, or of the input's, in common.
    """
    newest: dict[str, int] = {}
    for place, captured in enumerate(sets):
        if captured.status in BASIS_STATUSES and captured.completed_at is not None:
            before = sets[newest[captured.external_id]].completed_at if captured.external_id in newest else None
            if before is None or before <= captured.completed_at:
                newest[captured.external_id] = place
    places = frozenset(newest.values())
    if len(places) <= _MANY or statements_of(connection).distributed:
        return places
    probes: dict[int, tuple[str, str, str | None]] = {}
    for place in sorted(places):
        contents = _contents_of(sets[place])
        if len(contents) > MOST_THAT_MAY_BE_ALIKE:
            identity = min(contents)
            probes[place] = (*identity, contents[identity])
    count = Counter(probes.values())
    found = {place for place, probe in probes.items() if count[probe] > 1}
    listed = list(probes.items())
    for begin in range(0, len(listed), _AT_ONCE):
        for place, external_id in _in_newest_sets(connection, listed[begin : begin + _AT_ONCE]):
            if external_id != sets[place].external_id:
                found.add(place)
    return frozenset(found)


def _in_newest_sets(
    connection: Connection, probes: Sequence[tuple[int, tuple[str, str, str | None]]]
) -> Iterable[tuple[int, str]]:
    """The place of each item that stands in the newest set of a tenant, and that tenant's external id."""
    values: dict[str, object] = {}
    rows = []
    for number, (place, (policy_type, identifier, digest)) in enumerate(probes):
        values |= {f"p{number}": place, f"t{number}": policy_type, f"n{number}": identifier, f"d{number}": digest}
        rows.append(f"(CAST(:p{number} AS INTEGER), :t{number}, :n{number}, :d{number})")
    statement = (
        f"WITH probe(place, policy_type, policy_identifier, digest) AS (VALUES {', '.join(rows)}),"  # noqa: S608
        f" newest AS ({NEWEST}) SELECT probe.place, newest.external_id FROM newest JOIN backup_items AS item"
        " ON item.tenant_id = newest.tenant_id AND item.backup_set_id = newest.set_id JOIN probe"
        " ON probe.policy_type = item.policy_type AND probe.policy_identifier = item.policy_identifier"
        " WHERE item.payload_digest IS NULL OR item.payload_digest = probe.digest"
    )
    return [(row[0], row[1]) for row in connection.execute(text(statement), values)]


def _contents_of(captured: CapturedSet) -> Contents:
    return {
        (item.policy_type, item.policy_identifier): _digest(item)
        for item in captured.items
        if item.deleted_at is None or item.deleted_at is NOT_DELETED
    }


def _digest(item: CapturedItem | Any) -> str | None:
    if item.payload_digest is not None or item.payload is None:
        digest: str | None = item.payload_digest
        return digest
    return digest_of(item.payload)


def _newest_sets_alike(connection: Connection, contents: Contents) -> list[tuple[int, str, int]]:
    """The newest sets of tenants that have some of these items, with the tenants' ids."""
    identities = list(contents)
    chosen = [identities[place * (len(identities) - 1) // (_PROBES - 1)] for place in range(_PROBES)]
    values: dict[str, str | None] = {}
    probes = ""
    for number, identity in enumerate(chosen):
        values |= {
            f"type_{number}": identity[0],
            f"name_{number}": identity[1],
            f"digest_{number}": contents[identity],
        }
        probes += (
            f" JOIN backup_items AS item_{number} ON item_{number}.tenant_id = latest.tenant_id"
            f" AND item_{number}.backup_set_id = latest.set_id AND item_{number}.policy_type = :type_{number}"
            f" AND item_{number}.policy_identifier = :name_{number}"
            # Items written by another program or an earlier version have no digest.
            f" AND (item_{number}.payload_digest IS NULL OR item_{number}.payload_digest = :digest_{number})"
        )
    newest = NEWEST_ON_NODES if statements_of(connection).distributed else NEWEST
    statement = f"{newest}{probes} ORDER BY external_id"
    return [tuple(row) for row in connection.execute(text(statement), values)]


def _stored_contents(connection: Connection, tenant_id: int, set_id: int) -> Contents:
    columns = backup_items.c
    rows = connection.execute(
        select(
            columns.policy_type,
            columns.policy_identifier,
            columns.payload_digest,
            cast(columns.payload, Text).label("payload"),
        ).where(columns.tenant_id == tenant_id, columns.backup_set_id == set_id, columns.deleted_at.is_(None))
    )
    return {(row.policy_type, row.policy_identifier): _digest(row) for row in rows}
