"""Findings about the settings and the last sync (docs/doctor.md, "The settings")."""

from __future__ import annotations

from datetime import datetime

from health.doctor.facts import FleetFacts, SettingsFacts
from health.doctor.finding import Finding, Trouble


def password_in_settings(settings: SettingsFacts) -> Finding | None:
    """Settings in the file that hold a password. The file is often kept in git, where many people read it."""
    return Finding(Trouble.PASSWORD_IN_SETTINGS, tuple(settings.passwords)) if settings.passwords else None


def source_not_synced(settings: SettingsFacts) -> Finding | None:
    """Sources with a tenant that is not in the fleet: they were not synced since that tenant was added."""
    lacking = [each for each in settings.sources if each.missing]
    if not lacking:
        return None
    missing = sum(len(each.missing) for each in lacking)
    of = sum(len(each.tenants) for each in lacking)
    names = tuple(each.name for each in lacking)
    return Finding(Trouble.SOURCE_NOT_SYNCED, names, {"missing_tenants": missing, "tenants_of_these_sources": of})


def source_finds_nothing(settings: SettingsFacts) -> Finding | None:
    """Sources whose path matches no folder."""
    names = tuple(each.name for each in settings.sources if each.empty is not None)
    return Finding(Trouble.SOURCE_FINDS_NOTHING, names) if names else None


def sources_contradict(settings: SettingsFacts) -> Finding | None:
    """Tenants that the settings themselves refuse."""
    return Finding(Trouble.SOURCES_CONTRADICT, tuple(settings.contradictory)) if settings.contradictory else None


def refused_by_last_sync(settings: SettingsFacts) -> Finding | None:
    """Tenants whose backup the last sync on this machine refused."""
    return Finding(Trouble.REFUSED_BY_LAST_SYNC, tuple(settings.refused)) if settings.refused else None


def schedule_without_source(settings: SettingsFacts, fleet: FleetFacts) -> Finding | None:
    """Enabled schedules of a source that no longer exists, so no sync keeps them: they will be overdue."""
    enabled = {(each.name, health.tenant.external_id) for health in fleet.verdicts for each in health.schedules}
    left = [pair for pair in settings.schedules_left if pair in enabled]
    if not left:
        return None
    return Finding(
        Trouble.SCHEDULE_WITHOUT_SOURCE, tuple(sorted({source for source, _ in left})), {"schedules": len(left)}
    )


def known_expired(settings: SettingsFacts, now: datetime) -> Finding | None:
    """Known entries whose time is up."""
    names = dict.fromkeys(each.tenant for each in settings.known if now >= each.until)
    return Finding(Trouble.KNOWN_EXPIRED, tuple(names)) if names else None


def known_of_nobody(settings: SettingsFacts) -> Finding | None:
    """Known entries of tenants that do not exist."""
    return Finding(Trouble.KNOWN_OF_NOBODY, tuple(settings.known_of_nobody)) if settings.known_of_nobody else None


def group_without_tenant(settings: SettingsFacts) -> Finding | None:
    """Groups without a tenant."""
    return Finding(Trouble.GROUP_WITHOUT_TENANT, tuple(settings.empty_groups)) if settings.empty_groups else None
