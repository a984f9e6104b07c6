"""Options that narrow a list of tenants as the screens do, and the groups and known reasons of the remaining ones.

(docs/documents.md, "The report")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from health.known import NOTHING_KNOWN, KnownOfTenant, entries_by_tenant, known_of
from health.posture import TenantBackupHealth
from tui.place import FLEET, Place, postures_in
from tui.words.known_words import known_searched
from tui.words.searched import STATES, WordFilter, searched_words
from tui.words.wording import state_of

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from tui.commands.session import Session

_OF_A_LIST: Final = frozenset({"tenant", "group", "filter", "posture", "sort", "stale_within"})
"""The options of a view that a command uses. A document has its own order, so the view's sorting is ignored."""


class Narrowing(NamedTuple):
    """The options that narrow a list of tenants; None if not given."""

    group: str | None = None
    words: str | None = None
    posture: str | None = None
    """One state, or several with commas between them."""
    tenants: tuple[str, ...] = ()
    """Only these tenants, by their external ids, from the command line or the view."""
    stale_within: timedelta | None = None

    @classmethod
    def of(cls, session: Session, given: Mapping[str, Any], tenants: tuple[str, ...] = ()) -> Narrowing:
        """Make it from the options of a command, and from the view that they name.

        Raises UsageError for a view or a group that the settings do not have, and for a view that opens a screen.
        """
        said = Place(
            group=given.get("group"),
            filter=given.get("filter"),
            posture=given.get("posture"),
            stale_within=given.get("stale_within"),
        )
        place = session.viewed(said, view := given.get("view"))
        opened = {name for name, value in place._asdict().items() if value != getattr(FLEET, name)}
        if opened - _OF_A_LIST:
            raise click.UsageError(f"--view: {view!r} opens a screen; a list of tenants takes only what narrows it.")
        named = tenants or (() if place.tenant is None else (place.tenant,))
        return cls(place.group, place.filter, place.posture, named, place.stale_within)

    def as_given(self) -> dict[str, str]:
        """The given options by name, for the document."""
        named = {"group": self.group, "filter": self.words, "posture": self.posture}
        return {name: value for name, value in named.items() if value is not None}

    def narrowed(
        self,
        session: Session,
        verdicts: Sequence[TenantBackupHealth],
        resolver: TenantBackupHealthResolver,
        known: Mapping[str, KnownOfTenant] = MappingProxyType({}),
    ) -> Sequence[TenantBackupHealth]:
        """The remaining verdicts, in their order. With filter words the resolver is asked for causes.

        The words are also looked for in the `known` entries, by external id.

        Raises SettingsError for a tenant in two groups.
        """
        group_of = group_names(session, verdicts)
        if self.group is not None:
            verdicts = [health for health in verdicts if group_of.get(health.tenant.external_id) == self.group]
        if self.posture is not None:
            states = {STATES[word] for word in postures_in(self.posture)}
            verdicts = [health for health in verdicts if state_of(health) in states]
        wanted, policy = WordFilter.of(self.words or ""), session.loaded.settings.policy()
        if not wanted:
            return verdicts
        causes = resolver.causes(verdicts, session.now).said()

        def searched(health: TenantBackupHealth) -> str:
            external_id = health.tenant.external_id
            noted = known_searched(known.get(external_id, NOTHING_KNOWN), session.now)
            beside = f"{causes.get(health.tenant.id, '')} {noted}"
            return searched_words(health, policy, session.now, group_of.get(external_id), beside)

        return [health for health in verdicts if wanted.passes(searched(health))]


def group_names(session: Session, verdicts: Sequence[TenantBackupHealth]) -> dict[str, str]:
    """The name of each tenant's group, by external id. Raises SettingsError for a tenant in two groups."""
    groups = session.loaded.settings.tenant_groups()
    if not groups:
        return {}
    found = ((health.tenant.external_id, groups.of(health.tenant.external_id)) for health in verdicts)
    return {external_id: group.name for external_id, group in found if group is not None}


def known_by_tenant(
    session: Session, resolver: TenantBackupHealthResolver, verdicts: Sequence[TenantBackupHealth]
) -> dict[str, KnownOfTenant]:
    """The known reasons of these tenants, by external id; empty if the settings name no file.

    Raises SettingsError for a wrong entry or an entry of a tenant that does not exist, and StoreError.
    """
    file = session.loaded.known_file()
    if file is None:
        return {}
    judged = {health.tenant.external_id for health in verdicts}
    file.refuse_unknown_tenants(
        lambda external_ids: resolver.missing_tenants([each for each in external_ids if each not in judged])
    )
    entries = entries_by_tenant(file.entries)
    return {
        health.tenant.external_id: known_of(entries[health.tenant.external_id], health, session.now)
        for health in verdicts
        if health.tenant.external_id in entries
    }
