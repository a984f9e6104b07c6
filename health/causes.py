"""Why tenants need attention, grouped by the errors of their newest failing runs (docs/documents.md, "Causes")."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Final, NamedTuple

from health.facts import BackupSet
from health.posture import TenantBackupHealth

UNREADABLE: Final = "unreadable"
"""The one cause of all tenants whose evidence cannot be read."""
EXAMPLES_SHOWN: Final = 3
LONGEST_CAUSE: Final = 200
"""The number of characters of a cause that are kept."""

_FOLDED: Final = "…"
# Both cases are spelled out: a pattern that ignores case takes twice as long.
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_INSTANT: Final = re.compile(
    r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})|(?!\d))"
)
# No letter or digit may touch it, so that AADSTS7000222 and 0x80070005 stay unchanged.
_HEXADECIMAL: Final = re.compile(r"(?<![^\W_])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}(?![^\W_])")
_NUMBER: Final = re.compile(r"(?<![^\W_])\d+(?![^\W_])")
_MAY_BE_A_STATUS: Final = re.compile(r"[45][0-9]{2}(?![^\W_])")
_WORD: Final = re.compile(rf"[^\W_]+|{_FOLDED}")
_STATUS: Final = re.compile(r"[45][0-9]{2}")


class FailingSet(NamedTuple):
    """A set, not deleted, that has an error, and when it happened: completed, else started, else recorded."""

    id: int
    error: str
    happened_at: datetime


class TenantCause(NamedTuple):
    """A tenant's cause. `backup_set` is None if it does not come from a set."""

    cause: str
    health: TenantBackupHealth
    backup_set: FailingSet | None


class Cause(NamedTuple):
    """One cause and the tenants that have it, in triage order; `first_at` is when the first of their sets happened."""

    cause: str
    tenants: tuple[TenantCause, ...]
    first_at: datetime | None

    @property
    def examples(self) -> tuple[TenantCause, ...]:
        """The first few of the tenants."""
        return self.tenants[:EXAMPLES_SHOWN]


def folded(error: str) -> str:
    """An error without its ids and numbers, so that one cause has the same words for every tenant."""
    text = error
    if "-" in text:
        text = _GUID.sub(_FOLDED, text)
        text = _INSTANT.sub(_FOLDED, text)
    text = _HEXADECIMAL.sub(_FOLDED, text)
    # Most errors have no HTTP status: then we need not look at the words around each number.
    text = _without_numbers(text) if _MAY_BE_A_STATUS.search(text) else _NUMBER.sub(_FOLDED, text)
    return " ".join(text.split())[:LONGEST_CAUSE]


def _without_numbers(text: str) -> str:
    """The text without numbers, except an HTTP status; in "500 of 512" neither number is one."""
    words = list(_WORD.finditer(text))
    around = ["", *(word[0] for word in words), ""]
    kept: list[str] = []
    end = 0
    for word, before, behind in zip(words, around, around[2:], strict=False):
        is_status = _STATUS.fullmatch(word[0]) and "of" not in (before, behind)
        kept += text[end : word.start()], _FOLDED if word[0].isdecimal() and not is_status else word[0]
        end = word.end()
    return "".join((*kept, text[end:]))


def causes_of(verdicts: Iterable[TenantBackupHealth], newest: Mapping[int, FailingSet]) -> Iterator[TenantCause]:
    """The causes of tenants that have one, from their newest sets with an error, by the tenants' ids.

    An error older than the basis does not count any more. Without an error, the reasons themselves are the cause.
    """
    fold = cache(folded)  # the same error in forty tenants is folded once
    for health in verdicts:
        if health.unreadable is not None:
            yield TenantCause(UNREADABLE, health, None)
        elif reasons := health.reasons:
            failing = newest.get(health.tenant.id)
            if failing is None or _older_than_the_basis(failing, health.basis):
                yield TenantCause(", ".join(reasons), health, None)
            else:
                yield TenantCause(fold(failing.error), health, failing)


def _older_than_the_basis(failing: FailingSet, basis: BackupSet | None) -> bool:
    if basis is None or basis.completed_at is None:
        return False
    return (failing.happened_at, failing.id) < (basis.completed_at, basis.id)


def grouped(causes: Iterable[TenantCause | None]) -> tuple[Cause, ...]:
    """Causes of tenants in triage order -> those with the most tenants first, then by their words."""
    tenants: dict[str, list[TenantCause]] = defaultdict(list)
    for each in causes:
        if each is not None:
            tenants[each.cause].append(each)
    found = (Cause(cause, tuple(each), _first_at(each)) for cause, each in tenants.items())
    return tuple(sorted(found, key=lambda each: (-len(each.tenants), each.cause)))


def _first_at(tenants: Iterable[TenantCause]) -> datetime | None:
    return min((each.backup_set.happened_at for each in tenants if each.backup_set is not None), default=None)
