"""All findings over all facts, in the order of the page (docs/doctor.md)."""

from __future__ import annotations

from datetime import timedelta

from health.doctor import of_database, of_fleet, of_intervals, of_settings
from health.doctor.facts import DatabaseFacts, FleetFacts, SettingsFacts
from health.doctor.finding import Finding, Trouble

_ORDER = {trouble: place for place, trouble in enumerate(Trouble)}


def findings_of(
    fleet: FleetFacts, database: DatabaseFacts, settings: SettingsFacts, limit: timedelta
) -> tuple[Finding, ...]:
    """All findings. `limit` is the greatest age of facts that may still confirm anything."""
    policy, now = fleet.policy, fleet.now
    intervals = of_intervals.intervals_of(fleet)
    found = (
        of_database.clock_differs(database, policy),
        of_database.standby_behind(database, limit),
        of_database.role_could_write(database),
        of_database.file_open_to_others(database),
        of_database.no_statistics(database, fleet),
        of_fleet.no_tenant(fleet),
        of_fleet.archived_backed_up(fleet),
        of_fleet.equal_content(fleet),
        of_fleet.silent_source(fleet),
        of_fleet.history_too_short(fleet),
        of_intervals.window_too_short(intervals),
        of_intervals.rarer_than_window(intervals),
        of_intervals.window_too_long(intervals),
        of_intervals.no_schedule(fleet),
        of_settings.password_in_settings(settings),
        of_settings.source_not_synced(settings),
        of_settings.source_finds_nothing(settings),
        of_settings.sources_contradict(settings),
        of_settings.refused_by_last_sync(settings),
        of_settings.schedule_without_source(settings, fleet),
        of_settings.known_expired(settings, now),
        of_settings.known_of_nobody(settings),
        of_settings.group_without_tenant(settings),
    )
    return tuple(sorted((each for each in found if each is not None), key=lambda each: _ORDER[each.trouble]))
