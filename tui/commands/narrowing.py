"""Options that narrow a list of tenants as the screens do, and what is said beside the verdicts that are left.

(docs/documents.md, "The report")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from health.known import KnownOfTenant, entries_by_tenant, known_of
from health.posture import TenantBackupHealth
from tui.words.nearest import nearest
from tui.words.searched import WordFilter, searched_words
from tui.words.wording import State, state_of

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from tui.commands.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])

STATES: Final = {state.word: state for state in State if state is not State.UNCONFIRMED}
"""The states that tenants are listed by, by the words that `p` goes through."""


def group_option(command: Command) -> Command:
    """`--group`: only the tenants of a group of the settings."""
    return click.option(
        "--group", metavar="NAME", help="Only the tenants of this group of the settings: [groups.NAME]."
    )(command)


def narrowing_options(command: Command) -> Command:
    """`--group`, `--filter` and `--posture`."""
    command = click.option(
        "--posture", type=click.Choice(tuple(STATES)), help="Only tenants in this state, as `p` on the screens."
    )(command)
    command = click.option(
        "--filter", metavar="WORDS", help="Only tenants with these words, as `/` on the screens; -word leaves out."
    )(command)
    return group_option(command)


class Narrowing(NamedTuple):
    """What a list of tenants is narrowed by; None where it was not given."""

    group: str | None = None
    words: str | None = None
    posture: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Narrowing:
        """From the options of a command."""
        return cls(given.get("group"), given.get("filter"), given.get("posture"))

    def as_given(self) -> dict[str, str]:
        """What was given, for the document."""
        named = {"group": self.group, "filter": self.words, "posture": self.posture}
        return {name: value for name, value in named.items() if value is not None}

    def narrowed(self, session: Session, verdicts: Sequence[TenantBackupHealth]) -> Sequence[TenantBackupHealth]:
        """The verdicts that are left, in their order.

        Raises UsageError for a group that the settings do not have, and SettingsError for a tenant in two groups.
        """
        if self.group is not None:
            _refuse_unknown_group(self.group, session.loaded.settings.tenant_groups().names)
        group_of = group_names(session, verdicts)
        if self.group is not None:
            verdicts = [health for health in verdicts if group_of.get(health.tenant.external_id) == self.group]
        if self.posture is not None:
            verdicts = [health for health in verdicts if state_of(health) is STATES[self.posture]]
        wanted, policy = WordFilter.of(self.words or ""), session.loaded.settings.policy()
        if not wanted:
            return verdicts
        return [
            health
            for health in verdicts
            if wanted.passes(searched_words(health, policy, session.now, group_of.get(health.tenant.external_id)))
        ]


def _refuse_unknown_group(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        hint = f"the nearest is {nearest(name, names)!r}" if names else "write it as [groups.NAME]"
        raise click.UsageError(f"--group: the settings have no group {name!r}; {hint}.")


def group_names(session: Session, verdicts: Sequence[TenantBackupHealth]) -> dict[str, str]:
    """The names of the groups that tenants are in, by external id. Raises SettingsError for a tenant in two."""
    groups = session.loaded.settings.tenant_groups()
    if not groups:
        return {}
    found = ((health.tenant.external_id, groups.of(health.tenant.external_id)) for health in verdicts)
    return {external_id: group.name for external_id, group in found if group is not None}


def known_by_tenant(
    session: Session, resolver: TenantBackupHealthResolver, verdicts: Sequence[TenantBackupHealth]
) -> dict[str, KnownOfTenant]:
    """What is known of these tenants, by external id; empty where the settings name no file.

    Raises SettingsError for an entry that is wrong, or of a tenant that does not exist; and StoreError.
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
