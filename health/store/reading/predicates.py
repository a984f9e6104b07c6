"""The rules of `quality.py` and of the basis as SQL with literals, exactly as in the indexes.

A partial index serves a query only if the query repeats the predicate with the same literals; a bound parameter never
matches. The migrations have frozen copies of these texts, and a test compares them.
"""

from __future__ import annotations

from health.facts import BASIS_STATUSES
from health.quality import ITEM_FAMILIES, IsAboveZero, IsNoneOf, IsPresent, IsWord, ItemFamily


def _words(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def family_predicate(family: ItemFamily, table: str = "") -> str:
    """The predicate of one family on the columns of `table` (an alias with its dot, or empty as in an index)."""
    column = f"{table}{family.column}"
    match family.test:
        case IsNoneOf(words, null_counts=True):
            return f"({column} IS NULL OR {column} NOT IN {_words(words)})"
        case IsNoneOf(words):
            return f"({column} IS NOT NULL AND {column} NOT IN {_words(words)})"
        case IsWord(word):
            return f"{column} = '{word}'"
        case IsAboveZero():
            return f"{column} > 0"
        case IsPresent():
            return f"{column} IS NOT NULL"


def degraded_predicate(table: str = "") -> str:
    """The item is degraded: it is in at least one family."""
    return "(" + " OR ".join(family_predicate(family, table) for family in ITEM_FAMILIES) + ")"


def not_recorded_predicate(table: str = "") -> str:
    """The tool does not record whether the item is assigned."""
    return f"{table}assignments_state IS NULL"


def present_predicate(table: str = "") -> str:
    """Not deleted."""
    return f"{table}deleted_at IS NULL"


def candidate_predicate(table: str = "") -> str:
    """A set that may be the basis: not deleted, and completed or partial (docs/concepts.md, "The basis")."""
    return f"{table}deleted_at IS NULL AND {table}status IN {_words(BASIS_STATUSES)}"


def failing_predicate(table: str = "") -> str:
    """A set, not deleted, that has an error: it may be its tenant's cause (docs/documents.md, "Causes")."""
    return f"{table}error IS NOT NULL AND {table}deleted_at IS NULL"


def deletion_unknown_predicate(dialect: str, table: str = "") -> str:
    """`deleted_at` has a value that cannot be read: the row may be deleted or present.

    (docs/concepts.md, "Evidence that cannot be read")
    """
    return f"{table}deleted_at IS NOT NULL AND {no_instant_predicate(f'{table}deleted_at', dialect)}"


def deletion_unknown_candidate_predicate(dialect: str) -> str:
    """A set that would be a candidate if it were not deleted, and whose deletion cannot be read."""
    return f"status IN {_words(BASIS_STATUSES)} AND {deletion_unknown_predicate(dialect)}"


def orphans_unknown_predicate(dialect: str, table: str = "") -> str:
    """An item, not deleted, whose number of orphaned assignments cannot be read: its families are unknown."""
    column = f"{table}orphaned_assignments"
    unknown = f"typeof({column}) <> 'integer'" if dialect == "sqlite" else f"{column} IS NULL"
    return f"{present_predicate(table)} AND ({unknown} OR {column} < 0)"


def unreadable_item_predicate(dialect: str, table: str = "") -> str:
    """An item that a verdict cannot read: whether it is deleted, or how many of its assignments are orphaned."""
    return f"(({deletion_unknown_predicate(dialect, table)}) OR ({orphans_unknown_predicate(dialect, table)}))"


def not_disabled_predicate(dialect: str, table: str = "") -> str:
    """Enabled or unreadable: only the exact value means disabled (SQLite stores any word in a flag)."""
    return f"{table}is_enabled IS NOT {'0' if dialect == 'sqlite' else 'FALSE'}"


def no_instant_predicate(column: str, dialect: str) -> str:
    """The value (perhaps null) is not an instant of the years 1 to 9999 in the store's one form.

    (docs/facts.md, "Instants")
    """
    if dialect == "sqlite":
        return f"({column} IS NULL OR NOT {sqlite_instant(column)})"
    return (
        f"({column} IS NULL OR {column} < '0001-01-01 00:00:00+00'::timestamptz"
        f" OR {column} >= '10000-01-01 00:00:00+00'::timestamptz)"
    )


def sqlite_instant(column: str) -> str:
    """The column has the one canonical text form, so that text order is time order, and a real date.

    It compares with IS, because strftime returns null for an impossible time of day, and null would pass a CHECK. It
    adds '+0 days', because without a modifier some versions of SQLite return 31 February unchanged. It checks the
    length in bytes, because GLOB stops at a NUL.
    """
    return (
        f"(typeof({column}) = 'text' AND length(CAST({column} AS BLOB)) = 26"
        f" AND {column} GLOB '????-??-?? ??:??:??.{'[0-9]' * 6}' AND {column} >= '0001'"
        f" AND strftime('%Y-%m-%d %H:%M:%S', substr({column}, 1, 19), '+0 days') IS substr({column}, 1, 19))"
    )


def happened_expression(table: str = "") -> str:
    """When a set happened, with any status: the order in which people expect sets."""
    return f"coalesce({table}completed_at, {table}started_at, {table}created_at)"
