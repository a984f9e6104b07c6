"""One cause in forty tenants: whose error counts, what is folded away, and the order of causes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from health.causes import Cause, folded, grouped
from health.facts import BackupSet, UnreadableEvidence
from health.posture import TenantBackupHealth, judge, triage_key
from tests.health.failing import cause_of, failing_set
from tests.health.making import DAY, HOUR, NOW, POLICY, TICK, a_set, a_tenant, facts_of, judged

GUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (f"policy {GUID} of tenant {GUID.upper()}", "policy … of tenant …"),
        (f"{{{GUID}}}", "{…}"),
        ("at 2026-11-20T02:10:00Z", "at …"),
        ("at 2026-11-20T02:10:00.1234567Z, again", "at …, again"),
        ("at 2026-11-20 02:10:00+01:00", "at …"),
        ("at 2026-11-20t02:10:00z", "at …"),
        ("since 2026-11-20", "since …"),
        ("at 2026-11-20 02:10:00", "at … …:…:…"),
        ("backup-2026-11-20-0210", "backup-…-…"),
        ("commit 0a1b2c3d4e", "commit …"),
        ("commit DEADBEE7", "commit …"),
        ("deadbeef", "deadbeef"),
        ("1234567f", "…"),
        ("123456f", "123456f"),
        ("AADSTS7000222: The provided client secret keys are expired", None),
        ("0x80070005", None),
        ("x12345678", None),
        ("12345678x", None),
        ("ü12345678", None),
        ("trace_12345678_9", "trace_…_…"),
        ("403 Forbidden", None),
        ("399, 400, 599 and 600", "…, 400, 599 and …"),
        ("HTTP/1.1 503", "HTTP/….… 503"),
        ("4030", "…"),
        ("0403", "…"),
        ("Settings Catalog: 59 of 60 items gone", "Settings Catalog: … of … items gone"),
        ("500 of 512 items", "… of … items"),
        ("500  of\t512 items", "… of … items"),
        ("12 of 403", "… of …"),
        ("503 offers", "503 offers"),
        ("proof 503", "proof 503"),
        (f"of {GUID} 503", "of … 503"),
        ("after 3.5 s", "after ….… s"),
        ("after 35s", "after 35s"),
        ("exit code -9", "exit code -…"),
        ("٤٠٣ Forbidden", "… Forbidden"),
        ("  two\n lines\t ", "two lines"),
        ("", ""),
        (" \n", ""),
        ("a" * 201, "a" * 200),
        ("0 " * 200, ("… " * 100)),
        (GUID + "b" * 200, "…" + "b" * 199),
    ],
)
def test_ids_and_numbers_are_folded_away(error: str, cause: str | None) -> None:
    assert folded(error) == (error if cause is None else cause)


# The second implementation: word by word, without a regular expression.


def is_guid(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        character in "0123456789abcdefABCDEF" for character in "".join(parts)
    )


def folded_by_hand(error: str) -> str:
    """For texts with blanks between their parts, each a GUID, an instant, a date or a word."""
    parts = error.split()
    found = []
    for place, part in enumerate(parts):
        near = parts[place - 1 : place] + parts[place + 1 : place + 2]
        hexadecimal = all(character in "0123456789abcdefABCDEF" for character in part)
        digits = any(character.isdigit() for character in part)
        if is_guid(part) or part.endswith("Z") or (part.count("-") == 2 and part.replace("-", "").isdigit()):
            found.append("…")
        elif part.isdigit() and 400 <= int(part) <= 599 and len(part) == 3:
            found.append("…" if "of" in near else part)
        elif part.isdigit() or (hexadecimal and digits and len(part) >= 8):
            found.append("…")
        else:
            found.append(part)
    return " ".join(part for part in found if part)[:200]


parts = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda each: str(each).upper()),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)).map(lambda at: f"{at.isoformat()}Z"),
    st.dates().map(str),
    st.integers(0, 10**10).map(str),
    st.integers(395, 605).map(str),
    st.text("0123456789abcdef", min_size=6, max_size=12),
    st.sampled_from(["of", "AADSTS7000222:", "0x80070005", "Forbidden", "ü", "x1", "", "403:"]).filter(
        lambda w: w != "403:"
    ),
)


@given(st.lists(parts, max_size=30).map(" ".join))
@example("500 of 512")
@example("of  400")
def test_folded_as_by_hand(error: str) -> None:
    assert folded(error) == folded_by_hand(error)


@given(st.text(max_size=60))
def test_folding_is_stable_short_and_never_fails(error: str) -> None:
    cause = folded(error)
    assert len(cause) <= 200
    assert not any(character in cause for character in "\n\t")


# Whose error counts


def health_of(basis: BackupSet | None, **tenant: Any) -> TenantBackupHealth:
    return judged(basis, tenant=a_tenant(**tenant))


BASIS = a_set(NOW - 2 * DAY, id=50)


def cause(health: TenantBackupHealth, *sets: BackupSet) -> tuple[str, int | None] | None:
    """The cause by the newest of these sets that is not deleted and has an error."""
    failing = [each for each in map(failing_set, sets) if each is not None]
    newest = max(failing, key=lambda each: (each.happened_at, each.id), default=None)
    found = cause_of(health, newest)
    return None if found is None else (found.cause, found.backup_set.id if found.backup_set else None)


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        ({"completed_at": NOW}, True),
        ({"completed_at": NOW - 2 * DAY}, True),
        ({"completed_at": NOW - 2 * DAY, "id": 49}, False),
        ({"completed_at": NOW - 2 * DAY - TICK}, False),
        ({"completed_at": None, "started_at": NOW - 2 * DAY, "id": 51}, True),
        ({"completed_at": None, "started_at": NOW - 2 * DAY - TICK}, False),
        ({"completed_at": None, "started_at": None, "created_at": NOW - 2 * DAY}, True),
        ({"completed_at": None, "started_at": None, "created_at": NOW - 2 * DAY - TICK}, False),
        # The first of the three that is not null decides; the others do not count.
        ({"completed_at": NOW - 3 * DAY, "started_at": NOW, "created_at": NOW}, False),
        ({"deleted_at": NOW}, False),
        ({"error": None}, False),
    ],
)
def test_an_error_counts_from_the_basis_on(columns: dict[str, Any], counts: bool) -> None:
    failed = a_set(**{"id": 60, "status": "failed", "error": "throttled", "completed_at": NOW, **columns})
    expected = ("throttled", failed.id) if counts else ("latest_backup_stale", None)
    assert cause(health_of(BASIS), failed) == expected


def test_without_a_basis_every_error_counts() -> None:
    failed = a_set(NOW - 1000 * DAY, status="failed", error="403 Forbidden")
    assert cause(health_of(None), failed) == ("403 Forbidden", failed.id)


def test_the_basis_itself_may_have_the_error() -> None:
    basis = a_set(NOW - HOUR, status="partial", error="59 of 60 items gone", id=7)
    assert cause(health_of(basis), basis) == ("… of … items gone", 7)


def test_an_empty_error_is_one() -> None:
    assert cause(health_of(None), a_set(NOW, id=8, status="failed", error="")) == ("", 8)


def test_without_an_error_the_reasons_are_the_cause() -> None:
    basis = a_set(NOW - 2 * DAY, status="partial")
    assert cause(health_of(basis)) == ("latest_backup_stale, latest_backup_degraded", None)
    assert cause(health_of(None)) == ("no_backup_basis", None)


def test_a_tenant_without_a_reason_has_no_cause() -> None:
    assert cause(health_of(a_set()), a_set(NOW, id=9, status="failed", error="throttled")) is None


def test_unreadable_tenants_are_one_cause() -> None:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 7, "completed_at of row 7 is not an instant")
    health = judge(facts_of(None)._replace(unreadable=evidence), POLICY, NOW)
    assert cause(health, a_set(NOW, status="failed", error="throttled")) == ("unreadable", None)


# Grouped


sets_of_a_tenant = st.lists(
    st.builds(
        lambda number, status, error, completed, started, created, deleted: a_set(
            completed,
            id=number,
            status=status if completed is not None or status not in ("completed", "partial") else "failed",
            error=error,
            started_at=started,
            created_at=created,
            deleted_at=deleted,
        ),
        st.integers(1, 50),
        st.sampled_from(["completed", "partial", "failed", "running", "cancelled"]),
        st.sampled_from([None, None, "throttled after 30 s", "throttled after 31 s", "403 Forbidden", ""]),
        *(3 * [st.one_of(st.none(), st.timedeltas(0 * DAY, 3 * DAY).map(lambda ago: NOW - ago))])[:2],
        st.timedeltas(0 * DAY, 3 * DAY).map(lambda ago: NOW - ago),
        st.sampled_from([None, None, None, NOW]),
    ),
    max_size=5,
    unique_by=lambda each: each.id,
)


def happened(backup_set: BackupSet) -> tuple[datetime, int]:
    for instant in (backup_set.completed_at, backup_set.started_at):
        if instant is not None:
            return instant, backup_set.id
    return backup_set.created_at, backup_set.id


def basis_of(sets: Sequence[BackupSet]) -> BackupSet | None:
    candidates = [each for each in sets if each.status in ("completed", "partial") and each.deleted_at is None]
    return max(candidates, key=happened, default=None)


def expected(fleet: Sequence[tuple[TenantBackupHealth, Sequence[BackupSet]]]) -> list[dict[str, Any]]:
    """Every tenant with its cause by the words of the contract, then grouped by hand."""
    groups: dict[str, dict[str, Any]] = {}
    for health, sets in fleet:
        if not health.reasons:
            continue
        basis = basis_of(sets)
        errors = [
            each
            for each in sets
            if each.error is not None
            and each.deleted_at is None
            and (basis is None or happened(each) >= happened(basis))
        ]
        newest = max(errors, key=happened) if errors else None
        words = ", ".join(health.reasons) if newest is None or newest.error is None else folded_by_hand(newest.error)
        group = groups.setdefault(words, {"cause": words, "tenants": 0, "examples": [], "instants": []})
        group["tenants"] += 1
        group["instants"] += [] if newest is None else [happened(newest)[0]]
        if len(group["examples"]) < 3:
            group["examples"].append((health.tenant.external_id, None if newest is None else newest.id))
    for group in groups.values():
        group["first_at"] = min(group.pop("instants"), default=None)
    by_name = sorted(groups.values(), key=lambda group: str(group["cause"]))
    return sorted(by_name, key=lambda group: int(group["tenants"]), reverse=True)


def in_words(causes: Sequence[Cause]) -> list[dict[str, Any]]:
    return [
        {
            "cause": each.cause,
            "tenants": len(each.tenants),
            "examples": [
                (one.health.tenant.external_id, None if one.backup_set is None else one.backup_set.id)
                for one in each.examples
            ],
            "first_at": each.first_at,
        }
        for each in causes
    ]


@given(st.lists(sets_of_a_tenant, max_size=9))
def test_the_causes_of_a_fleet_are_those_of_the_words(fleet: list[list[BackupSet]]) -> None:
    judged_fleet = [
        (health_of(basis_of(sets), id=number, external_id=f"tenant {number}", name=f"{number}"), sets)
        for number, sets in enumerate(fleet)
    ]
    judged_fleet.sort(key=lambda each: triage_key(each[0]))
    found = []
    for health, sets in judged_fleet:
        failing = [each for each in map(failing_set, sets) if each is not None]
        newest = max(failing, key=lambda each: (each.happened_at, each.id), default=None)
        found.append(cause_of(health, newest))
    assert in_words(grouped(found)) == expected(judged_fleet)


def test_most_tenants_first_then_by_their_words_with_three_examples() -> None:
    causes = [
        cause_of(health_of(None, external_id=f"{words} {number}"), failing_set(a_set(NOW - number * HOUR, error=words)))
        for words, count in (("b", 2), ("a", 2), ("z", 4))
        for number in range(count)
    ]
    found = grouped([*causes, None])
    assert [(each.cause, len(each.tenants)) for each in found] == [("z", 4), ("a", 2), ("b", 2)]
    assert [each.health.tenant.external_id for each in found[0].examples] == ["z 0", "z 1", "z 2"]
    assert found[0].first_at == NOW - timedelta(hours=3)
    assert grouped([]) == ()
