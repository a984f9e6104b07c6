"""Each call of the driver fails in turn: the resolver gives an error with its cause or a whole answer, and recovers.

Modules: health.resolver, health.store.opening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import pytest

from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.errors import StoreUnreachable
from health.store.opening.urls import parse_database_url
from tests.faulty_drivers import CAUSE, Faults, Mode, faulty_drivers
from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, ScheduleRow, SetRow, TenantRow

Resolver = TenantBackupHealthResolver
LATER: Final = NOW + HOUR / 60

QUESTIONS: Final[dict[str, Callable[[Resolver], Any]]] = {
    "fleet": lambda resolver: resolver.refreshed_fleet(NOW).verdicts,
    "refresh": lambda resolver: resolver.refreshed_fleet(LATER).verdicts,
    "dashboard": lambda resolver: resolver.dashboard("tenant-1", NOW),
    "backup sets": lambda resolver: resolver.backup_sets("tenant-1", NOW, limit=2),
    "backup set": lambda resolver: resolver.backup_set("tenant-1", None, NOW),
    "captured in sets": lambda resolver: resolver.captured_in_sets("tenant-1", [(13, 131), (12, 121)], NOW),
    "captured": lambda resolver: resolver.captured("tenant-1", 13, 131, NOW),
    "schedules": lambda resolver: resolver.schedules("tenant-1", NOW),
}


def a_fleet() -> Rows:
    """Three tenants with three sets of two items and two schedules each."""
    rows = Rows([], [], [], [])
    for tenant in (1, 2, 3):
        rows.tenants.append(TenantRow(tenant, f"tenant-{tenant}", f"Tenant {tenant}", LONG_AGO))
        for set_id in (10 * tenant + place for place in (1, 2, 3)):
            completed_at = NOW - (14 - set_id % 10) * HOUR - tenant * DAY / 2
            rows.sets.append(SetRow(set_id, tenant, completed_at=completed_at, created_at=completed_at))
            for item in (1, 2):
                rows.items.append(ItemRow(10 * set_id + item, tenant, set_id, policy_identifier=f"policy-{item}"))
        for schedule in (1, 2):
            rows.schedules.append(ScheduleRow(10 * tenant + schedule, tenant, created_at=NOW - schedule * DAY))
    return rows


KINDS: Final = [
    (engine, mode)
    for engine in ("sqlite", "postgres")
    for mode in Mode
    # A connection to a file is never ended from outside.
    if (engine, mode) != ("sqlite", Mode.CUT)
]


def _words(kind: tuple[str, Mode]) -> str:
    return f"{kind[0]} {kind[1].value}"


@pytest.fixture(params=KINDS, ids=_words)
def kind(request: pytest.FixtureRequest) -> tuple[str, Mode]:
    """The URL of a fleet, and the failures of its driver's calls."""
    engine, mode = request.param
    url: str = request.getfixturevalue(f"{engine}_url")
    load(url, a_fleet())
    return url, mode


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty_drivers() as found:
        yield found


@contextmanager
def resolving(url: str) -> Iterator[Resolver]:
    resolver = Resolver(parse_database_url(url), HealthPolicy())
    try:
        yield resolver
    finally:
        resolver.close()


def attempt(resolver: Resolver, ask: Callable[[Resolver], Any], whole: Any) -> bool:
    """Ask. The answer is whole, or an error that names its cause. True if there is an answer."""
    try:
        answer = ask(resolver)
    except StoreUnreachable as error:
        sentence = str(error)
    else:
        assert answer == whole
        return True
    assert CAUSE in sentence
    return False


def test_at_start(kind: tuple[str, Mode], faults: Faults) -> None:
    url, mode = kind
    ask = QUESTIONS["fleet"]
    failures = 0
    with resolving(url) as straight:
        whole = ask(straight)
        for number in count(1):
            with resolving(url) as resolver:
                with faults.at(number, mode):
                    came = attempt(resolver, ask, whole)
                if not faults.failed:
                    break
                failures += not came
                assert ask(resolver) == whole, "not recovered"
    assert came
    if url.startswith("sqlite") or mode is Mode.FOR_GOOD:
        assert failures >= 5
    else:
        # The question is asked once more if a server's connection ends while it is asked or its rows arrive. Only what
        # fails before is reported: to connect, and to send the question if the connection stays.
        assert failures == (1 if mode is Mode.CUT else 2)


@pytest.mark.parametrize("kind", [each for each in KINDS if each[1] is not Mode.FOR_GOOD], ids=_words, indirect=True)
@pytest.mark.parametrize("question", QUESTIONS)
def test_on_a_held_connection(question: str, kind: tuple[str, Mode], faults: Faults) -> None:
    """Before each, another program writes, so that a refresh has something to read."""
    url, mode = kind
    ask = QUESTIONS[question]
    failures = 0
    with resolving(url) as straight, resolving(url) as resolver, bare(url) as other:
        for number in count(1):
            resolver.refreshed_fleet(NOW)
            other.execute(f"UPDATE tenants SET name = 'Renamed {number}'")
            whole = ask(straight)
            with faults.at(number, mode):
                came = attempt(resolver, ask, whole)
            if not faults.failed:
                break
            failures += not came
            assert ask(resolver) == whole, "not recovered"
    assert came
    if mode is Mode.CUT:
        assert failures == 0, "not connected again"
    else:
        assert failures >= 5
