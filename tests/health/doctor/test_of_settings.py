"""Findings about the settings and the last sync (docs/doctor.md, "The settings")."""

from __future__ import annotations

from health.doctor import of_settings
from health.doctor.facts import FleetFacts, SettingsFacts, SourceInSettings
from health.doctor.finding import Finding, Trouble
from health.known import KnownEntry
from health.posture import Reason
from tests.health.making import NOW, POLICY, TICK, a_schedule, a_set, judged

NOTHING = SettingsFacts()


def test_without_settings_nothing_is_found() -> None:
    fleet = FleetFacts(NOW, POLICY, [judged(a_set(), a_schedule())])
    assert of_settings.schedule_without_source(NOTHING, fleet) is None
    assert of_settings.known_expired(NOTHING, NOW) is None
    for look in (
        of_settings.password_in_settings,
        of_settings.source_not_synced,
        of_settings.source_finds_nothing,
        of_settings.sources_contradict,
        of_settings.refused_by_last_sync,
        of_settings.known_of_nobody,
        of_settings.group_without_tenant,
    ):
        assert look(NOTHING) is None


def test_sources_that_were_not_synced() -> None:
    sources = (
        SourceInSettings("nightly", ("a", "b", "c"), ("b", "c")),
        SourceInSettings("contoso", ("d",)),
        SourceInSettings("git", (), empty="no folder"),
    )
    figures = {"missing_tenants": 2, "tenants_of_these_sources": 3}
    settings = SettingsFacts(sources)
    assert of_settings.source_not_synced(settings) == Finding(Trouble.SOURCE_NOT_SYNCED, ("nightly",), figures)
    assert of_settings.source_finds_nothing(settings) == Finding(Trouble.SOURCE_FINDS_NOTHING, ("git",))
    there = SettingsFacts(sources[1:2])
    assert of_settings.source_not_synced(there) is None
    assert of_settings.source_finds_nothing(there) is None


def test_schedules_that_nothing_keeps_any_more() -> None:
    fleet = FleetFacts(NOW, POLICY, [judged(a_set(), a_schedule(name="nightly"))])
    left = SettingsFacts(schedules_left=[("nightly", "contoso.example"), ("nightly", "elsewhere"), ("weekly", "x")])
    found = of_settings.schedule_without_source(left, fleet)
    assert found == Finding(Trouble.SCHEDULE_WITHOUT_SOURCE, ("nightly",), {"schedules": 1})
    disabled = FleetFacts(NOW, POLICY, [judged(a_set())])
    assert of_settings.schedule_without_source(left, disabled) is None


def test_known_entries_end_at_their_instant() -> None:
    entry = KnownEntry("contoso.example", Reason.LATEST_BACKUP_STALE, NOW, "ana", "maintenance")
    expired = Finding(Trouble.KNOWN_EXPIRED, ("contoso.example",))
    assert of_settings.known_expired(SettingsFacts(known=[entry, entry]), NOW) == expired
    assert of_settings.known_expired(SettingsFacts(known=[entry]), NOW - TICK) is None


def test_tenants_that_only_the_settings_name() -> None:
    settings = SettingsFacts(
        contradictory=["a"], refused=["b"], passwords=["database.url"], known_of_nobody=["c"], empty_groups=["gold"]
    )
    assert of_settings.sources_contradict(settings) == Finding(Trouble.SOURCES_CONTRADICT, ("a",))
    assert of_settings.refused_by_last_sync(settings) == Finding(Trouble.REFUSED_BY_LAST_SYNC, ("b",))
    assert of_settings.password_in_settings(settings) == Finding(Trouble.PASSWORD_IN_SETTINGS, ("database.url",))
    assert of_settings.known_of_nobody(settings) == Finding(Trouble.KNOWN_OF_NOBODY, ("c",))
    assert of_settings.group_without_tenant(settings) == Finding(Trouble.GROUP_WITHOUT_TENANT, ("gold",))
