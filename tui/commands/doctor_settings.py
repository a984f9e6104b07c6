"""What the doctor looks at outside of the database: the settings, their sources, and what the last sync noted."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from health.doctor.facts import FleetFacts, SettingsFacts, SourceInSettings
from health.known import KnownEntry
from tui.commands.sync_entries import Entry, found_sources
from tui.commands.sync_notes import Notes, notes_file, read_notes
from tui.settings.secrets import passwords_in_file

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from tui.commands.session import Session


def settings_facts(session: Session, resolver: TenantBackupHealthResolver, fleet: FleetFacts) -> SettingsFacts:
    """Compare the settings with the fleet. Raises SettingsError if they contradict, and StoreError."""
    settings = session.loaded.settings
    found = found_sources(session.loaded)
    notes = read_notes(notes_file(session.writing().place)) or Notes()
    known = _known(session)
    tenants = {entry.tenant for entry in found.entries}
    missing = resolver.missing_tenants(sorted(tenants | {entry.tenant for entry in known}))
    judged = [health.tenant.external_id for health in fleet.verdicts]
    groups = settings.tenant_groups()
    inhabited = {group.name for each in judged if (group := groups.beside(each)) is not None}
    contradictory = _external_ids(entry for entry in found.entries if entry.refusal is not None)
    refused = {tenant for source, tenant in notes.refused if source in settings.sources} & set(judged)
    return SettingsFacts(
        sources=tuple(_sources(session, found.entries, found.empty, missing)),
        contradictory=contradictory,
        refused=tuple(sorted(refused.difference(contradictory))),
        schedules_left=tuple(sorted(pair for pair in notes.schedules if pair[0] not in settings.sources)),
        passwords=passwords_in_file(session.loaded),
        known=tuple(entry for entry in known if entry.tenant not in missing),
        known_of_nobody=tuple(dict.fromkeys(entry.tenant for entry in known if entry.tenant in missing)),
        empty_groups=tuple(name for name in groups.names if name not in inhabited),
    )


def open_to_others(file: Path | None) -> bool:
    """Whether every user of the machine may read a file. A file that cannot be looked at is reported by its reader."""
    try:
        return file is not None and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _sources(
    session: Session, entries: Sequence[Entry], empty: Mapping[str, str], missing: set[str]
) -> Iterator[SourceInSettings]:
    for name in session.loaded.settings.sources:
        tenants = _external_ids(entry for entry in entries if entry.source == name)
        yield SourceInSettings(name, tenants, tuple(each for each in tenants if each in missing), empty.get(name))


def _external_ids(entries: Iterator[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.tenant for entry in entries))


def _known(session: Session) -> Sequence[KnownEntry]:
    file = session.loaded.known_file()
    return () if file is None else file.entries
