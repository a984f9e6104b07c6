"""The nodes of a distributed PostgreSQL (Citus): whether the tables are placed right, and which node does not answer.

(docs/reading.md, "Citus")
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final

from health.store.opening.errors import StoreError, StoreSilent, StoreUnreachable
from health.store.opening.home import TABLES
from health.store.opening.limits import NODES_SECONDS
from health.store.opening.statements import Statements
from health.store.opening.urls import DatabaseAddress

_EACH_NODE_MS: Final = 1000

# ruff: noqa: S608 - made of our own names

_SILENT: Final = (
    f"SET citus.node_connection_timeout = {_EACH_NODE_MS};"
    " SELECT concat_ws(':', nodename, nodeport) FROM pg_catalog.pg_dist_node WHERE isactive AND noderole = 'primary'"
    " AND NOT citus_check_connection_to_node(nodename, nodeport)"
)
_PLACES: Final = (
    "SELECT relname, partmethod = 'n' AND repmodel = 't', partmethod = 'h'"
    " AND column_to_column_name(logicalrelid, partkey) = 'tenant_id', colocationid"
    " FROM pg_catalog.pg_dist_partition JOIN pg_catalog.pg_class ON pg_class.oid = logicalrelid"
    " JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace"
    f" WHERE nspname = current_schema() AND relname IN ({', '.join(map(repr, TABLES))})"
)


def named_with_its_node(error: StoreError, address: DatabaseAddress) -> StoreError:
    """The error of a cluster that did not answer in time, with the names of the nodes that do not answer now."""
    silent = _silent_nodes(address)
    if not silent:
        return error
    those = f"its node{'s' if len(silent) > 1 else ''} {', '.join(silent)}"
    return StoreSilent(f"{address.label} cannot be read: {those} did not answer.")


def _silent_nodes(address: DatabaseAddress) -> list[str]:
    from psycopg import Error

    from health.store.opening.postgresql import connected

    try:
        with closing(connected(address, autocommit=True)) as driver:
            driver.patience = NODES_SECONDS
            cursor = driver.cursor()
            cursor.execute(_SILENT.encode())
            cursor.nextset()
            return [node for (node,) in cursor.fetchall()]
    except Error:
        return []


def misplaced(statements: Statements) -> Sequence[str] | None:
    """The tables that are not placed as docs/operations.md says, each as a clause; None if no table is on the nodes.

    The session must be pinned to the tables' schema. Raises the driver's errors.
    """
    found = {name: (everywhere, by_tenant, group) for name, everywhere, by_tenant, group in statements.rows(_PLACES)}
    if not any(everywhere or by_tenant for everywhere, by_tenant, _ in found.values()):
        return None
    nowhere = (False, False, None)
    wrong = [] if found.get("tenants", nowhere)[0] else ["tenants is not a reference table"]
    groups = {name: found.get(name, nowhere)[2] for name in TABLES[1:] if found.get(name, nowhere)[1]}
    wrong += [f"{name} is not distributed by tenant_id" for name in TABLES[1:] if name not in groups]
    first = next(iter(groups.values()), None)
    wrong += [f"{name} is not placed with {next(iter(groups))}" for name, group in groups.items() if group != first]
    return wrong


def is_of_a_silent_node(error: StoreError) -> bool:
    """Whether a silent node may be the cause of an error: the server's deadline or our own was exceeded."""
    canceled = getattr(error.__cause__, "sqlstate", None) == "57014"
    return isinstance(error, StoreSilent) or (canceled and isinstance(error, StoreUnreachable))
