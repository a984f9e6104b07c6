"""The text that Prometheus reads: its counts, what it leaves out, and names that cannot break it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older_format

from health.facts import TenantFacts, UnreadableEvidence
from health.posture import TenantBackupHealth, judge
from tests.health.making import DAY, HOUR, NOW, POLICY, a_schedule, a_set, a_tally, a_tenant, an_item, judged
from tui.words.openmetrics import Reading, metrics_text
from tui.words.safe_text import exact_text

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str, *, older: bool = False) -> Series:
    """Every sample by its name and labels. The parsers refuse a text that no scraper would accept."""
    families = (older_format if older else text_string_to_metric_families)(text)
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def exposed(verdicts: Sequence[TenantBackupHealth], *, per_tenant: bool = True) -> Series:
    return parsed(metrics_text(Reading(verdicts, NOW, NOW - HOUR), per_tenant=per_tenant))


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, frozenset(labels.items())]


def labels_of(series: Series, name: str) -> set[frozenset[tuple[str, str]]]:
    return {labels for each, labels in series if each == name}


def named(number: int, external_id: str) -> TenantBackupHealth:
    return judged(a_set(), tenant=a_tenant(id=number, external_id=external_id))


def unreadable(number: int, external_id: str) -> TenantBackupHealth:
    evidence = UnreadableEvidence("backup_sets", "completed_at", 1, "is not an instant")
    facts = TenantFacts(a_tenant(id=number, external_id=external_id), None, None, (), evidence)
    return judge(facts, POLICY, NOW)


HALF_KNOWN = a_tally(an_item(), an_item(2, capture_mode=None))
FLEET = [
    unreadable(1, "unreadable"),
    judged(None, tenant=a_tenant(id=2, external_id="absent")),
    judged(a_set(NOW - 3 * DAY), a_schedule(), tenant=a_tenant(id=3, external_id="stale")),
    judged(a_set(), tally=HALF_KNOWN, tenant=a_tenant(id=4, external_id="degraded")),
    judged(a_set(), a_schedule(), tenant=a_tenant(id=5, external_id="follow-up")),
    judged(a_set(NOW - HOUR), tenant=a_tenant(id=6, external_id="confirmed")),
    judged(a_set(NOW + HOUR), tenant=a_tenant(id=7, external_id="future")),
]


def test_every_tenant_is_in_one_state_and_they_add_up() -> None:
    series = exposed(FLEET)
    expected = {"unreadable": 1, "absent": 1, "stale": 2, "degraded": 1, "follow_up": 1, "confirmed": 1}
    expected["unconfirmed"] = 0
    assert {state: value(series, "tenantpilot_tenants", state=state) for state in expected} == expected
    assert len(labels_of(series, "tenantpilot_tenants")) == len(expected)
    for state in ("unreadable", "absent", "stale", "degraded", "confirmed"):
        assert value(series, "tenantpilot_tenant_state", tenant=state, state=state) == 1
    assert value(series, "tenantpilot_tenant_state", tenant="follow-up", state="follow_up") == 1
    assert value(series, "tenantpilot_tenant_state", tenant="future", state="stale") == 1
    assert len(labels_of(series, "tenantpilot_tenant_state")) == len(FLEET)


def test_reasons_are_counted_each() -> None:
    series = exposed(FLEET)
    expected = {
        "no_backup_basis": 1,
        "latest_backup_stale": 2,
        "latest_backup_degraded": 1,
        "schedule_follow_up": 2,
    }
    assert {reason: value(series, "tenantpilot_tenants_with_reason", reason=reason) for reason in expected} == expected
    assert len(labels_of(series, "tenantpilot_tenants_with_reason")) == len(expected)


def test_the_basis_of_each_tenant_that_has_one() -> None:
    series = exposed(FLEET)
    with_basis = {frozenset({("tenant", name)}) for name in ("stale", "degraded", "follow-up", "confirmed", "future")}
    for name in ("tenantpilot_basis_age_seconds", "tenantpilot_basis_items", "tenantpilot_basis_degraded_items"):
        assert labels_of(series, name) == with_basis
    assert value(series, "tenantpilot_basis_age_seconds", tenant="confirmed") == 3600
    assert value(series, "tenantpilot_basis_age_seconds", tenant="future") == -3600
    assert value(series, "tenantpilot_basis_items", tenant="degraded") == 2
    assert value(series, "tenantpilot_basis_degraded_items", tenant="degraded") == 1


def test_ages_have_their_fraction() -> None:
    series = exposed([judged(a_set(NOW - timedelta(seconds=1.5)))])
    assert value(series, "tenantpilot_basis_age_seconds", tenant="contoso.example") == 1.5


def test_the_instants_of_reading_and_judging_are_two_metrics() -> None:
    series = exposed(FLEET)
    assert value(series, "tenantpilot_facts_readable") == 1
    assert value(series, "tenantpilot_facts_read_timestamp_seconds") == (NOW - HOUR).timestamp()
    assert value(series, "tenantpilot_evaluation_timestamp_seconds") == NOW.timestamp()


def test_facts_that_cannot_be_read_have_no_state() -> None:
    assert parsed(metrics_text(None)) == {("tenantpilot_facts_readable", frozenset()): 0}


def test_an_empty_fleet_counts_zero_everywhere() -> None:
    series = exposed([])
    assert {value for (name, _), value in series.items() if name.startswith("tenantpilot_tenants")} == {0}


def test_totals_only_names_no_tenant() -> None:
    series = exposed(FLEET, per_tenant=False)
    assert series.keys() < exposed(FLEET).keys()
    assert not any(key == "tenant" for _, labels in series for key, _ in labels)


@pytest.mark.parametrize("verdicts", [FLEET, []])
def test_the_older_format_reads_the_same(verdicts: list[TenantBackupHealth]) -> None:
    text = metrics_text(Reading(verdicts, NOW, NOW))
    assert parsed(text, older=True) == parsed(text)
    assert {line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")} == {"gauge"}


HOSTILE = ['"', "\\", "a\nb", "\x1b[2J", "a\u202eb", "{}", 'x",state="confirmed"} 1\n', "é", "\\n", "⟨U+001B⟩", "", " "]


@pytest.mark.parametrize("external_id", HOSTILE, ids=ascii)
def test_no_name_breaks_the_text_or_controls_a_terminal(external_id: str) -> None:
    text = metrics_text(Reading([named(1, external_id)], NOW, NOW))
    assert len(labels_of(parsed(text), "tenantpilot_tenant_state")) == 1
    assert not any(unicodedata.category(char) == "Cc" for char in text.replace("\n", ""))


EXACT = ["a  b", " a", "a ", "a\u00a0b", "a\u202eb", "a\u200bb", "x" * 1000, "é", "e\u0301", "Ａ", '"', "\\n", "東京"]


def test_a_label_is_the_exact_external_id() -> None:
    fleet = [named(number, external_id) for number, external_id in enumerate(EXACT, start=1)]
    series = exposed(fleet)
    labels = {dict(labels)["tenant"] for labels in labels_of(series, "tenantpilot_tenant_state")}
    assert labels == set(EXACT)


def test_no_other_tenant_gets_the_label_of_one_that_is_gone() -> None:
    before, after = (exposed(fleet) for fleet in ([named(1, "a b"), named(2, "a  b")], [named(2, "a  b")]))
    assert after.items() >= {each for each in before.items() if "a  b" in dict(each[0][1]).values()}
    assert not any("a b" in dict(labels).values() for _, labels in after)


def test_ids_that_only_look_alike_stay_apart() -> None:
    fleet = [named(3, "a\x1b"), named(1, "a␛"), named(2, "b")]
    series = exposed(fleet)
    assert series == exposed(fleet[::-1])
    labels = {dict(labels)["tenant"] for labels in labels_of(series, "tenantpilot_tenant_state")}
    assert labels == {"a␛ (row 3)", "a␛ (row 1)", "b"}


@pytest.mark.parametrize("external_id", ["contoso", 'a "quoted" one', "back\\slash", "two\nlines", "\x1b[31m", "ẞ"])
def test_samples_are_written_as_the_library_writes_them(external_id: str) -> None:
    """We write the lines of single tenants ourselves: the library would take twice the time of reading the fleet."""
    reading = Reading([named(1, external_id)], NOW, NOW, groups={external_id: f"group of {external_id}"})
    family = GaugeMetricFamily("tenantpilot_tenant_state", "", labels=["tenant", "group", "state"])
    family.add_metric([exact_text(external_id), f"group of {external_id}", "confirmed"], 1)
    one_family: Any = SimpleNamespace(collect=lambda: [family])
    text = generate_latest(one_family).decode()  # type: ignore[no-untyped-call]
    (sample,) = [line for line in text.splitlines() if not line.startswith("#")]
    assert sample in metrics_text(reading).splitlines()
