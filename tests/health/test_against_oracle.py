"""The product's report against the oracle, on both engines: each case is a tenant, each state space one fleet.

It compares every entry of `tenants`, their order, the `totals`, and the head of the document
(docs/concepts.md, "The verdict"; docs/documents.md, "The report").

Modules: health.report, health.resolver.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.engines import ENGINES, FIXTURES
from tests.oracle.cases import NOW, TICK, Case, fleet, numbered
from tests.oracle.loading import clear, load
from tests.oracle.rows import DEFAULT_POLICY, Instant, Policy, Rows
from tests.oracle.schedule_shapes import (
    CLOCK_CHANGES,
    clock_change_blueprints,
    clock_change_nows,
    schedule_blueprints,
    schedule_cases,
)
from tests.oracle.shapes import MIXED_SPACE, any_blueprint, garbage_blueprints, item_cases, set_blueprints, set_cases
from tests.oracle.verdict import expected_report, unreadable_cells
from tests.subject import fleet_report

SHOWN = 3
"""The number of differences that a failure shows in full."""

SQLITE_GARBAGE: list[Instant] = [
    "garbage",
    "",
    "2026-02-31 00:00:00.000000",
    "0000-01-01 00:00:00.000000",
    "10000-01-01 00:00:00.000000",
    "2026-01-01T00:00:00Z",
    1767225600,
    # Not the canonical form (docs/facts.md, "Instants"), though some parsers would take them.
    "2026-01-01 00:00:00",
    "2026-01-01 00:00:00.000000+00:00",
    "2026-01-01 00:00:00,000000",
    "2026-01-01 00:00:00.0000000",
    "2026-11-22 24:00:00.000000",
    "2026-11-22 23:59:60.000000",
    " 2026-11-23 08:00:00.000000",
    "2026-11-23 08:00:00.000000\n",
    "20261123 080000.000000",
    "２０２６-11-23 08:00:00.000000",
]
POSTGRES_GARBAGE: list[Instant] = [
    "infinity",
    "-infinity",
    "4000-01-01 BC",
    "0001-12-31 23:59:59.999999+00 BC",
    "10000-01-01 00:00:00+00",
    "20000-01-01",
]

POLICIES: list[Policy] = [
    DEFAULT_POLICY,
    {**DEFAULT_POLICY, "freshness_window_seconds": 26 * 3600},
    {
        "freshness_window_seconds": 3600,
        "schedule_grace_seconds": 60,
        "clock_skew_seconds": 1,
        "longest_run_seconds": 1800,
    },
    {
        "freshness_window_seconds": 40 * 86400,
        "schedule_grace_seconds": 86400,
        "clock_skew_seconds": 3600,
        "longest_run_seconds": 86400,
    },
]
NOWS = [NOW, NOW + TICK, NOW + timedelta(hours=7, microseconds=500_000), *(change for _, change in CLOCK_CHANGES)]


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database of each engine."""
    return str(request.getfixturevalue(FIXTURES[request.param]))


# --- comparing --------------------------------------------------------------------------------------------


_encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=True, check_circular=False)


def canonical(value: object) -> str:
    """One text for one value: objects in any order of keys, but `true` is not 1 and 1 is not 1.0."""
    return _encoder.encode(value)


def _normal(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry without a message's words and a fraction's trailing zeros (docs/documents.md, "The report")."""
    entry = dict(entry)
    error = entry.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str) and error["message"]:
        entry["error"] = {key: value for key, value in error.items() if key != "message"}
    elif error is not None:
        entry["error"] = {"without a message": error}
    basis = entry.get("basis")
    if isinstance(basis, dict) and isinstance(basis.get("completed_at"), str) and "." in basis["completed_at"]:
        seconds, fraction = basis["completed_at"].removesuffix("Z").split(".", 1)
        entry["basis"] = {**basis, "completed_at": f"{seconds}.{fraction:0<6}Z"}
    return entry


def _case_of(rows: Rows, external_id: str) -> Case:
    (tenant,) = [row for row in rows.tenants if row.external_id == external_id]
    return Case(
        tenant,
        tuple(row for row in rows.sets if row.tenant_id == tenant.id),
        tuple(row for row in rows.items if row.tenant_id == tenant.id),
        tuple(row for row in rows.schedules if row.tenant_id == tenant.id),
    )


def _is_equal(rows: Rows, expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    if canonical(expected) == canonical(actual):
        return True
    if "error" not in expected or "error" not in actual:
        return False
    # If several cells cannot be read, the page leaves open which one is named.
    case = _case_of(rows, expected["tenant"])
    others = unreadable_cells(case.tenant, case.sets, case.items, case.schedules)
    return any(canonical({**expected, "error": cell}) == canonical(actual) for cell in others)


def _readable(rows: Rows, expected: dict[str, Any] | None, actual: dict[str, Any] | None) -> str:
    entry = expected or actual or {}
    lines = [f"tenant {entry.get('tenant')}"]
    for key in sorted({*(expected or {}), *(actual or {})}):
        wanted, got = (expected or {}).get(key, "<nothing>"), (actual or {}).get(key, "<nothing>")
        if canonical(wanted) != canonical(got):
            lines.append(f"  {key}:\n    expected {canonical(wanted)}\n    got      {canonical(got)}")
    if expected is not None:
        lines.extend(f"  {row}" for part in _case_of(rows, expected["tenant"])[1:] for row in part)
    return "\n".join(lines)


def differences(
    rows: Rows, report: dict[str, Any], document: dict[str, Any], policy: Policy, now: datetime
) -> list[str]:
    """The differences between the document and the oracle's report, each as a readable text."""
    found = []
    head = {"schema": document.get("schema"), "policy": document.get("policy")}
    wanted_head = {"schema": "tenantpilot.report/1", "policy": dict(policy)}
    if canonical(head) != canonical(wanted_head):
        found.append(f"head: expected {wanted_head}, got {head}")
    if datetime.fromisoformat(document["evaluated_at"]) != now or not document["evaluated_at"].endswith("Z"):
        found.append(f"evaluated_at: expected {now}, got {document['evaluated_at']}")

    expected = {entry["tenant"]: entry for entry in report["tenants"]}
    actual = {entry["tenant"]: _normal(entry) for entry in document["tenants"]}
    for tenant in [*expected, *(tenant for tenant in actual if tenant not in expected)]:
        wanted, got = expected.get(tenant), actual.get(tenant)
        if wanted is None or got is None or not _is_equal(rows, wanted, got):
            found.append(_readable(rows, wanted, got))

    order = [entry["tenant"] for entry in document["tenants"]]
    for place, (first, second) in enumerate(zip(expected, order, strict=False)):
        if first != second:
            found.append(f"order: at place {place} expected {expected[first]}\n  got {actual[second]}")
            break
    if len(order) != len(expected):
        found.append(f"{len(order)} entries instead of {len(expected)}")
    if canonical(document["totals"]) != canonical(report["totals"]):
        found.append(f"totals: expected {report['totals']}\n  got {document['totals']}")
    return found


def compare(
    url: str, rows: Rows, now: datetime = NOW, policy: Policy = DEFAULT_POLICY, report: dict[str, Any] | None = None
) -> int:
    """Read the fleet, and fail with the first differences, if any. Returns the number of compared tenants.

    `report` is the oracle's report, if it is known already.
    """
    document = fleet_report(url, now, dict(policy))
    found = differences(rows, report or expected_report(rows, policy, now), document, policy, now)
    if found:
        pytest.fail(f"{len(found)} differences at {now}\n" + "\n\n".join(found[:SHOWN]), pytrace=False)
    return len(document["tenants"])


Record = Callable[[str, object], None]


def _note(record_property: Record, url: str, what: str, compared: int) -> None:
    record_property("cases_compared", compared)
    print(f"{url.split(':', 1)[0]}: {compared:,} {what} compared")


# --- the state spaces -------------------------------------------------------------------------------------


@cache
def _space(cases: Callable[[], Iterable[Case]]) -> Rows:
    return fleet(cases())


@cache
def _report_of(cases: Callable[[], Iterable[Case]], now: datetime) -> dict[str, Any]:
    """The oracle's report on a state space: the same for each engine."""
    return expected_report(_space(cases), DEFAULT_POLICY, now)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Drop the state spaces afterwards: with millions of rows in memory, each later look for garbage takes seconds."""
    yield
    _space.cache_clear()
    _report_of.cache_clear()


def test_no_tenant_at_all(url: str) -> None:
    assert compare(url, Rows([], [], [], [])) == 0


@pytest.mark.parametrize("cases", [set_cases, item_cases, schedule_cases])
def test_every_case_of_a_state_space(url: str, cases: Callable[[], Iterable[Case]], record_property: Record) -> None:
    rows = _space(cases)
    load(url, rows)
    # A microsecond later the crons are on the other side of their boundary, because slots are whole minutes.
    nows = [NOW, NOW + TICK] if cases is schedule_cases else [NOW]
    compared = sum(compare(url, rows, now, report=_report_of(cases, now)) for now in nows)
    _note(record_property, url, f"cases of {cases.__name__}", compared)


def test_around_changes_of_clocks(url: str, record_property: Record) -> None:
    compared = 0
    for zone, change in CLOCK_CHANGES:
        rows = fleet(numbered(clock_change_blueprints(zone, change)))
        clear(url)
        load(url, rows)
        compared += sum(compare(url, rows, now) for now in clock_change_nows(change))
    _note(record_property, url, "verdicts around changes of clocks", compared)


def test_one_cell_that_is_not_an_instant(url: str, record_property: Record) -> None:
    garbage = SQLITE_GARBAGE if url.startswith("sqlite") else POSTGRES_GARBAGE
    rows = fleet(numbered(garbage_blueprints(garbage)))
    load(url, rows, unchecked=True)
    _note(record_property, url, "cases with a cell that is not an instant", compare(url, rows))


def _a_bit_of_everything() -> Rows:
    """Every 40th case, with the same ids in each tenant."""
    some = [*set_blueprints()][::40] + schedule_blueprints(sample=800, pairs=200)[::40]
    return fleet(numbered(some, ids_repeat=True))


def test_ids_that_repeat_from_tenant_to_tenant(postgres_url: str, record_property: Record) -> None:
    """In PostgreSQL the primary keys are (tenant_id, id), so an id alone names no row.

    (docs/facts.md, "The facts")
    """
    rows = _a_bit_of_everything()
    load(postgres_url, rows)
    _note(record_property, postgres_url, "cases whose ids repeat", compare(postgres_url, rows))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_the_time_zone_of_the_session_changes_nothing(postgres_url: str, zone: str) -> None:
    """The database's default zone is far from UTC, so there the first and last instants leave the years 1 to 9999."""
    with psycopg.connect(postgres_url) as connection:
        statement = sql.SQL("ALTER DATABASE {} SET timezone = {}")
        connection.execute(statement.format(sql.Identifier(connection.info.dbname), sql.Literal(zone)))
    rows = _a_bit_of_everything()
    load(postgres_url, rows)
    compare(postgres_url, rows)


# --- Hypothesis -------------------------------------------------------------------------------------------


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    # An example is a few hundred tenants, each judged alone. A failure names the tenant, so shrinking adds nothing.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    numbers=st.lists(st.integers(0, MIXED_SPACE - 1), min_size=200, max_size=300),
    now=st.sampled_from(NOWS),
    other_now=st.sampled_from(NOWS),
    policy=st.sampled_from(POLICIES),
)
def test_any_mix_of_sets_items_and_schedules(
    url: str, numbers: list[int], now: datetime, other_now: datetime, policy: Policy
) -> None:
    rows = fleet(numbered(any_blueprint(number, now) for number in numbers))
    clear(url)
    load(url, rows)
    compare(url, rows, now, policy)
    # The same facts at another instant.
    compare(url, rows, other_now, policy)
