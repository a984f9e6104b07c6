"""Verdicts as OpenMetrics text, for Prometheus and compatible scrapers.

It uses gauges only, and no timestamps on samples: these mean the same in the older text format, which the textfile
collector of node_exporter reads. It gives the instant of the reading and not the age of the facts: if nothing writes
the file any more, an age in it would stay young for ever (docs/monitoring.md, "metrics: Prometheus").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from health.posture import Reason, TenantBackupHealth
from health.report import FleetTotals
from tui.words.columns import states_counted
from tui.words.database_time import DatabaseTime
from tui.words.safe_text import exact_text
from tui.words.wording import State, state_of

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Reading(NamedTuple):
    """One reading of the fleet: verdicts judged at `evaluated_at`, over facts read at `read_at` (UTC)."""

    verdicts: Sequence[TenantBackupHealth]
    evaluated_at: datetime
    read_at: datetime
    known: int | None = None
    """The number of tenants whose reasons are all known; None if the settings name no file."""
    groups: Mapping[str, str] | None = None
    """The name of each tenant's group, by external id; None without groups."""
    time: DatabaseTime = DatabaseTime()
    """The database's lag and clock."""
    doubtful: bool = False
    """The facts are too old to confirm anything, or the clocks differ: confirmed tenants count as unconfirmed."""


def metrics_text(reading: Reading | None, *, per_tenant: bool = True) -> str:
    """The text of one scrape. None: the facts cannot be read, so the text says only that and has no tenant's state.

    `per_tenant` is the switch of cardinality: up to four series a tenant, beside the dozen of the fleet.
    """
    text = _described(_families(reading))
    if reading is None or not per_tenant:
        return text
    return "".join((text.removesuffix(_END), *_of_each_tenant(reading), _END))


def _described(families: Iterable[GaugeMetricFamily]) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(families))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


class _Families(Collector):
    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = families

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing. The registry calls this at registration; without it, it would make the families then."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def _families(reading: Reading | None) -> Iterator[GaugeMetricFamily]:
    readable = 0 if reading is None else 1
    yield GaugeMetricFamily("tenantpilot_facts_readable", "Whether the facts could be read: 1 or 0.", readable)
    if reading is None:
        return
    yield GaugeMetricFamily(
        "tenantpilot_facts_read_timestamp_seconds",
        "When the facts were read; on a standby, when it last replayed. Now minus this is the age of the facts.",
        (reading.read_at - reading.time.behind).timestamp(),
        unit="seconds",
    )
    yield GaugeMetricFamily(
        "tenantpilot_database_clock_ahead_seconds",
        "How far the database's clock is ahead of this machine's; negative if it is behind.",
        reading.time.clock_ahead.total_seconds(),
        unit="seconds",
    )
    yield GaugeMetricFamily(
        "tenantpilot_evaluation_timestamp_seconds",
        "The instant at which the tenants were judged; it differs from the reading only with --now.",
        reading.evaluated_at.timestamp(),
        unit="seconds",
    )
    yield from _of_the_fleet(reading.verdicts, doubtful=reading.doubtful)
    if reading.known is not None:
        yield GaugeMetricFamily(
            "tenantpilot_tenants_known",
            "Tenants whose reasons are all known. They are counted in their states too.",
            reading.known,
        )


def _of_the_fleet(verdicts: Sequence[TenantBackupHealth], *, doubtful: bool) -> Iterator[GaugeMetricFamily]:
    states = GaugeMetricFamily("tenantpilot_tenants", "Tenants in each state; they add up.", labels=["state"])
    for state, count in states_counted(FleetTotals.of(verdicts)):
        if state is State.HEALTHY:
            states.add_metric([_word(State.UNCONFIRMED)], count if doubtful else 0)
        states.add_metric([_word(state)], 0 if doubtful and state is State.HEALTHY else count)
    yield states
    reasons = GaugeMetricFamily(
        "tenantpilot_tenants_with_reason",
        "Tenants with each reason. A tenant may have several reasons.",
        labels=["reason"],
    )
    for reason in Reason:
        reasons.add_metric([reason.value], sum(reason in health.reasons for health in verdicts))
    yield reasons


def _of_each_tenant(reading: Reading) -> Iterator[str]:
    """The families that have up to one series a tenant.

    The library defines them. It escapes each label character by character, which takes twice the time of reading the
    fleet. So the lines of the samples are made here, and a test compares them with the library's own.
    """
    labels = _labels(reading.verdicts)
    states, ages, items, degraded = lines = [], [], [], []  # type: tuple[list[str], list[str], list[str], list[str]]
    for health in reading.verdicts:
        tenant = f'tenant="{_escaped(labels[health.tenant.id])}"'
        group = ""
        if reading.groups is not None:
            group = f'group="{_escaped(reading.groups.get(health.tenant.external_id, ""))}",'
        state = _word(state_of(health, facts_too_old=reading.doubtful))
        states.append(f'{_STATE}{{{group}state="{state}",{tenant}}} 1.0\n')
        if health.basis is not None and health.basis.completed_at is not None and health.quality is not None:
            age = (reading.evaluated_at - health.basis.completed_at).total_seconds()
            ages.append(f"{_AGE}{{{group}{tenant}}} {_number(age)}\n")
            items.append(f"{_ITEMS}{{{group}{tenant}}} {_number(health.quality.items)}\n")
            degraded.append(f"{_DEGRADED}{{{group}{tenant}}} {_number(health.quality.degraded_items)}\n")
    for family, samples in zip(_FAMILIES, lines, strict=True):
        yield _described((family,)).removesuffix(_END)
        yield from samples


def _number(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


_END: Final = "# EOF\n"
_STATE: Final = "tenantpilot_tenant_state"
_AGE: Final = "tenantpilot_basis_age_seconds"
_ITEMS: Final = "tenantpilot_basis_items"
_DEGRADED: Final = "tenantpilot_basis_degraded_items"
_FAMILIES: Final = (
    GaugeMetricFamily(_STATE, "1 for the state that a tenant is in.", labels=()),
    GaugeMetricFamily(
        _AGE,
        "Age of the basis when the tenant was judged; negative if the basis is dated in the future.",
        labels=(),
        unit="seconds",
    ),
    GaugeMetricFamily(_ITEMS, "Items in the basis.", labels=()),
    GaugeMetricFamily(_DEGRADED, "Degraded items in the basis.", labels=()),
)
"""The families with up to one series a tenant, without samples."""


def _word(state: State) -> str:
    """A state as a label value. The screens' `healthy` is `confirmed` here, as in the report and the check."""
    return "confirmed" if state is State.HEALTHY else state.name.lower()


def _labels(verdicts: Sequence[TenantBackupHealth]) -> dict[int, str]:
    """A label value for each tenant, by tenant id: its external id, so that a series always means the same tenant.

    Two ids can look alike once unprintable characters are replaced. Such labels get the number of their row: two equal
    series would make the whole scrape invalid.
    """
    exact = {health.tenant.id: exact_text(health.tenant.external_id) for health in verdicts}
    times = Counter(exact.values())
    return {number: f"{label} (row {number})" if times[label] > 1 else label for number, label in exact.items()}
