"""Which tenants' rows changed since they were last read: a digest of every block of tenants, made by the server.

A busy writer moves the token with every commit, but most of the fleet does not change. A digest is made of exactly the
rows that a read of its tenants would send, by the same statements. So it misses no change that such a read would show,
and writers need not keep a column for it (docs/reading.md, "Round trips").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from health.store.opening.statements import Row
from health.store.reading import fleet_statements

# ruff: noqa: S608 - made of our own rules

Blocks = Mapping[int, str]
"""The digest of each block of tenants, by its number."""

_BITS: Final = 5
"""32 tenants a block: if one of 10,000 changed, all digests take as many bytes as the rows of its block."""


def _rows(part: int, tenant: str, place: str, statement: str) -> str:
    of_a_row = f"{part} AS part, found.{tenant} AS tenant, {place} AS place, CAST(found AS text) AS row"
    return f"SELECT {of_a_row} FROM ({statement}) AS found"


BLOCKS: Final = (
    f"SELECT tenant >> {_BITS}, encode(sha256(convert_to(string_agg(concat(part, row), chr(10)"
    " ORDER BY part, tenant, place, row), getdatabaseencoding())), 'base64') FROM ("
    + " UNION ALL ".join(
        (
            _rows(1, "id", "0", fleet_statements.judged_tenants("postgresql", None)),
            _rows(2, "tenant_id", "found.id", fleet_statements.enabled_schedules("postgresql", None)),
            _rows(3, "tenant_id", "found.id", fleet_statements.unreadable_candidates("postgresql")),
            _rows(4, "tenant_id", "0", fleet_statements.basis_sets("postgresql", None)),
        )
    )
    + ") AS rows GROUP BY 1"
)
"""The digest of each block of tenants. In the text of a row null differs from empty, and each value has an end."""


def blocks_of(rows: Sequence[Row]) -> Blocks:
    """From the rows of `BLOCKS`."""
    return {row[0]: row[1] for row in rows}


def changed_blocks(before: Blocks, after: Blocks) -> frozenset[int]:
    """The numbers of the blocks that are new, gone, or have another digest."""
    return frozenset(number for number in before.keys() | after.keys() if before.get(number) != after.get(number))


def block_of(tenant_id: int) -> int:
    """The number of the block that a tenant is in."""
    return tenant_id >> _BITS


def tenant_ids_in(numbers: Iterable[int]) -> list[int]:
    """All ids that tenants of these blocks can have."""
    return [tenant_id for number in sorted(numbers) for tenant_id in range(number << _BITS, (number + 1) << _BITS)]
